/// The kernels for arm64: 4 numbers at once.
#if defined(__aarch64__)
#include <math.h>
#include <string.h>

#include "../InstructionSet.h"
#include "../Packed.h"
#include "../Scratch.h"

#define TILE_PANELS 1
enum { LANES = 4, TILE_ROWS = 6 };
#include "Vectorized.h"
#define ISA AK_ISA_NEON
#define KERNELS ak_kernels_neon
#include "Table.h"
#endif
