/// One growing block per thread: kernels take it whole and divide it themselves.
#include "Scratch.h"

#include <stdlib.h>

#include "include/AdapterKernels.h"

static _Thread_local float *scratch;
static _Thread_local size_t capacity;

float *ak_scratch(size_t floats) {
  if (floats <= capacity) return scratch;
  ak_release_scratch();
  // Rounded up, so that slightly longer sequences do not each allocate.
  size_t step = 16384, wanted = (floats + step - 1) / step * step;
  scratch = aligned_alloc(64, wanted * sizeof *scratch);
  capacity = scratch ? wanted : 0;
  return scratch;
}

void ak_release_scratch(void) {
  free(scratch);
  scratch = NULL;
  capacity = 0;
}
