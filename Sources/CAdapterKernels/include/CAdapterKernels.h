/// The umbrella of the kernels.
#pragma once
#include "AdapterKernels.h"
#include "Attention.h"
#include "DenseProducts.h"
#include "ThreadPool.h"
