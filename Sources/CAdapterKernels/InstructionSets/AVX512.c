/// The kernels for x86-64 with AVX-512: 16 numbers at once.
#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "../InstructionSet.h"
#include "../Packed.h"
#include "../Scratch.h"

#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")
#endif

#define TILE_PANELS 2
enum { LANES = 16, TILE_ROWS = 12 };
#include "Vectorized.h"
#define ISA AK_ISA_AVX512
#define KERNELS ak_kernels_avx512
#include "Table.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
