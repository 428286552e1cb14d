/// Products of bfloat16 for x86-64 with AVX-512 BF16.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "../HalfProducts.h"
#include "../InstructionSet.h"
#include "../Packed.h"
#include "../Scratch.h"

bool ak_half_is_native(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512bf16,avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512bf16,avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")
#endif

#define TILE_PANELS 2
enum { LANES = 16, TILE_ROWS = 12 };
#include "../Loops/HalfPrecision.h"
#include "../Reference/ActivationFunctions.h"
#include "../Vector/Vector.h"

#include "../Vector/Functions.h"

#include "../Vector/Activations.h"
#include "../Vector/Tile.h"

#include "../Vector/Epilogue.h"
#include "../Vector/Linear.h"

#include "../Vector/HalfLinear.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
