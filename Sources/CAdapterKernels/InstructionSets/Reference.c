/// The reference kernels: what any processor can run, and what tests compare with.
#include <math.h>
#include <string.h>

#include "../InstructionSet.h"
#include "../Packed.h"

#include "../Loops/Elementwise.h"
#include "../Loops/HalfPrecision.h"
#include "../Loops/Optimizer.h"
#include "../Loops/Random.h"
#include "../Loops/Rotation.h"
#include "../Reference/Activations.h"
#include "../Reference/Attention.h"
#include "../Reference/Norm.h"
#include "../Reference/Products.h"
#include "../Reference/Softmax.h"

#define ISA AK_ISA_REFERENCE
#define KERNELS ak_kernels_reference
#include "Table.h"
