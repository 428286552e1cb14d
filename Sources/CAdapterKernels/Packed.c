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

ak_packed *ak_packed_make(size_t outputs, size_t inputs) {
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
  float *last = panels + outputs / PANEL * PANEL * inputs;
  if (outputs % PANEL > 0) memset(last, 0, PANEL * inputs * sizeof *last);
  return packed;
}

/// Packs `count` rows into the columns of a panel from `column` on. With a constant count this is the
/// fast way.
static inline void pack_columns(float *panel, size_t column, size_t count, const float *w, size_t ld,
                                size_t inputs) {
  for (size_t k = 0; k < inputs; k++)
    for (size_t j = 0; j < count; j++) panel[k * PANEL + column + j] = w[j * ld + k];
}

void ak_pack_rows(ak_packed *packed, const float *w, size_t ld, size_t first, size_t count,
                  bool transposed) {
  const size_t inputs = packed->inputs, end = first + count;
  if (transposed) {
    // A row is a line of every panel.
    for (size_t k = first; k < end; k++)
      for (size_t output = 0; output < packed->outputs; output += PANEL)
        memcpy(packed->panels + output * inputs + k * PANEL, w + (k - first) * ld + output,
               smaller(PANEL, packed->outputs - output) * sizeof *w);
    return;
  }
  for (size_t output = first, next; output < end; output = next) {
    next = smaller(end, (output / PANEL + 1) * PANEL);
    float *panel = packed->panels + output / PANEL * PANEL * inputs;
    const float *rows = w + (output - first) * ld;
    if (next - output == PANEL)
      pack_columns(panel, 0, PANEL, rows, ld, inputs);
    else
      pack_columns(panel, output % PANEL, next - output, rows, ld, inputs);
  }
}

ak_packed *ak_pack(const float *w, size_t ld, size_t outputs, size_t inputs, bool transposed) {
  ak_packed *packed = ak_packed_make(outputs, inputs);
  if (packed) ak_pack_rows(packed, w, ld, 0, transposed ? inputs : outputs, transposed);
  return packed;
}

void ak_unpack(const ak_packed *packed, size_t first, size_t count, float *w, size_t ld) {
  for (size_t output = first; output < first + count; output++) {
    const float *panel = packed->panels + output / PANEL * PANEL * packed->inputs;
    for (size_t k = 0; k < packed->inputs; k++)
      w[(output - first) * ld + k] = panel[k * PANEL + output % PANEL];
  }
}

void ak_packed_free(ak_packed *packed) {
  if (!packed) return;
  free(packed->panels);
  free(packed);
}

size_t ak_packed_bytes(const ak_packed *packed) { return packed ? packed->bytes : 0; }
