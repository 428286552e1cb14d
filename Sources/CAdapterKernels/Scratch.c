/// One growing block per thread: kernels take it whole and divide it themselves.
#include "Scratch.h"

#include <pthread.h>
#include <stdlib.h>

static _Thread_local float *scratch;
static _Thread_local size_t capacity;

// Threads come and go: what one leaves is freed when it ends.
static pthread_key_t key;
static pthread_once_t key_made = PTHREAD_ONCE_INIT;
static void make_key(void) { pthread_key_create(&key, free); }

float *ak_scratch(size_t floats) {
  if (floats <= capacity) return scratch;
  pthread_once(&key_made, make_key);
  free(scratch);
  // Rounded up, so that slightly longer sequences do not each allocate.
  size_t step = 16384, wanted = (floats + step - 1) / step * step;
  scratch = aligned_alloc(64, wanted * sizeof *scratch);
  capacity = scratch ? wanted : 0;
  pthread_setspecific(key, scratch);
  return scratch;
}
