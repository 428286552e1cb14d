/// The kernels for x86-64 with AVX2 and FMA: 8 numbers at once.
#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#include "../InstructionSet.h"
#include "../Packed.h"
#include "../Scratch.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define TILE_PANELS 1
enum { LANES = 8, TILE_ROWS = 6 };
#include "Vectorized.h"
#define ISA AK_ISA_AVX2
#define KERNELS ak_kernels_avx2
#include "Table.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
