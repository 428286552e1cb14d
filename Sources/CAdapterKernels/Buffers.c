// Buffers by size class, kept for reuse: a pass allocates the same sizes again and again, and the
// kernel would otherwise zero every page of them anew.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "ThreadPool.h"

enum { classes = 4 * 40, most_kept_per_class = 64 };
// What is kept must not make a server's memory look like a leak.
static const size_t most_kept_bytes = (size_t)64 << 20;

static struct kept {
  void *buffers[most_kept_per_class];
  int count;
} kept[classes];
static size_t kept_bytes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Four classes to a doubling, so that at most a quarter of a buffer is unused.
static int class_of(size_t bytes, size_t *rounded) {
  size_t size = 256;
  int index = 0;
  while (size * 2 < bytes) {
    size *= 2;
    index += 4;
  }
  for (int quarter = 0; quarter < 4; quarter++) {
    size_t candidate = size + size / 4 * (size_t)quarter;
    if (bytes <= candidate) {
      *rounded = (candidate + 63) & ~(size_t)63;
      return index + quarter;
    }
  }
  *rounded = size * 2;
  return index + 4;
}

// No allocation is longer, whatever a file says.
#define MOST_FLOATS ((size_t)1 << 44)
static _Thread_local size_t limit = MOST_FLOATS;

void ak_limit_buffers(size_t floats) { limit = floats ? floats : MOST_FLOATS; }

float *ak_allocate(size_t floats) {
  if (floats > limit) return NULL;
  size_t bytes = 0;
  int class = class_of(floats * sizeof(float), &bytes);
  pthread_mutex_lock(&lock);
  if (kept[class].count > 0) {
    void *buffer = kept[class].buffers[--kept[class].count];
    kept_bytes -= bytes;
    pthread_mutex_unlock(&lock);
    return buffer;
  }
  pthread_mutex_unlock(&lock);
  return aligned_alloc(64, bytes);
}

void ak_deallocate(float *buffer, size_t floats) {
  if (!buffer) return;
  size_t bytes = 0;
  int class = class_of(floats * sizeof(float), &bytes);
  pthread_mutex_lock(&lock);
  if (kept[class].count < most_kept_per_class && kept_bytes + bytes <= most_kept_bytes) {
    kept[class].buffers[kept[class].count++] = buffer;
    kept_bytes += bytes;
    buffer = NULL;
  }
  pthread_mutex_unlock(&lock);
  free(buffer);
}
