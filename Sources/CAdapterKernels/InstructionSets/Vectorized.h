/// All kernels, for an instruction set that the includer has chosen.
#include "../Loops/Elementwise.h"
#include "../Loops/HalfPrecision.h"
#include "../Loops/Optimizer.h"
#include "../Loops/Random.h"
#include "../Loops/Rotation.h"
#include "../Reference/ActivationFunctions.h"
#include "../Vector/Vector.h"

#include "../Vector/Functions.h"

#include "../Vector/Activations.h"
#include "../Vector/Norm.h"
#include "../Vector/Softmax.h"
#include "../Vector/Tile.h"

#include "../Vector/Epilogue.h"
#include "../Vector/Linear.h"
#include "../Vector/Panels.h"

#include "../Vector/LinearBackward.h"

#include "../Vector/RowDots.h"
#include "../Vector/Scores.h"

#include "../Vector/Attention.h"
#include "../Vector/AttentionBackward.h"
#include "../Vector/SmallProducts.h"
