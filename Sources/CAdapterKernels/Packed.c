/// Packs weights for `ak_linear`.
#define _DEFAULT_SOURCE  // madvise, despite -std=c17
#include "Packed.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "include/AdapterKernels.h"

/// Aligned to a huge page when it would fill one: a product then walks 2 MB per address lookup.
void *ak_aligned(size_t bytes) {
  const size_t huge = 2 << 20;
  if (bytes < 64) bytes = 64;
  size_t alignment = bytes >= huge ? huge : 64;
  void *memory = aligned_alloc(alignment, round_up(bytes, alignment));
#if defined(MADV_HUGEPAGE)
  if (memory && bytes >= huge) madvise(memory, round_up(bytes, huge), MADV_HUGEPAGE);
#endif
  return memory;
}

ak_packed *ak_pack(const float *w, size_t ld, size_t outputs, size_t inputs, bool transposed) {
  size_t floats, bytes;
  if (outputs > SIZE_MAX - PANEL ||
      __builtin_mul_overflow(round_up(outputs, PANEL), inputs, &floats) ||
      __builtin_mul_overflow(floats, sizeof(float), &bytes) || bytes > SIZE_MAX / 2)
    return NULL;
  ak_packed *packed = malloc(sizeof *packed);
  float *panels = packed ? ak_aligned(bytes) : NULL;
  if (!panels) {
    free(packed);
    return NULL;
  }
  *packed = (ak_packed){outputs, inputs, sizeof *packed + bytes, panels};
  for (size_t first = 0; first < outputs; first += PANEL) {
    float *panel = panels + first * inputs;
    size_t count = smaller(PANEL, outputs - first);
    if (count < PANEL) memset(panel, 0, PANEL * inputs * sizeof *panel);
    for (size_t k = 0; k < inputs; k++)
      for (size_t j = 0; j < count; j++)
        panel[k * PANEL + j] = transposed ? w[k * ld + first + j] : w[(first + j) * ld + k];
  }
  return packed;
}

void ak_unpack(const ak_packed *packed, float *w, size_t ld) {
  for (size_t output = 0; output < packed->outputs; output++) {
    const float *panel = packed->panels + output / PANEL * PANEL * packed->inputs;
    for (size_t k = 0; k < packed->inputs; k++)
      w[output * ld + k] = panel[k * PANEL + output % PANEL];
  }
}

void ak_packed_free(ak_packed *packed) {
  if (!packed) return;
  free(packed->panels);
  free(packed);
}

size_t ak_packed_bytes(const ak_packed *packed) { return packed ? packed->bytes : 0; }
