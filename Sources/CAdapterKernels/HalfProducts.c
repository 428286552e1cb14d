/// Packs weights for `ak_half_linear`.
#include "HalfProducts.h"

#include <stdlib.h>
#include <string.h>

#include "Packed.h"

ak_half *ak_half_make(size_t outputs, size_t inputs) {
  const size_t pairs = (inputs + 1) / 2;
  size_t count, bytes;
  if (outputs > SIZE_MAX - PANEL || __builtin_mul_overflow(round_up(outputs, PANEL), pairs, &count) ||
      __builtin_mul_overflow(count, sizeof(uint32_t), &bytes) || bytes > SIZE_MAX / 2)
    return NULL;
  ak_half *weights = malloc(sizeof *weights);
  uint32_t *panels = weights ? ak_aligned(bytes) : NULL;
  if (!panels) {
    free(weights);
    return NULL;
  }
  *weights = (ak_half){outputs, pairs, inputs, sizeof *weights + bytes, panels};
  uint32_t *last = panels + outputs / PANEL * PANEL * pairs;
  if (outputs % PANEL > 0) memset(last, 0, PANEL * pairs * sizeof *last);
  for (size_t output = 0; inputs % 2 == 1 && output < outputs; output += PANEL)
    memset(panels + output * pairs + (pairs - 1) * PANEL, 0, PANEL * sizeof *panels);
  return weights;
}

// Where the number of an output and an input stands among the pairs.
static uint16_t *place(const ak_half *weights, size_t output, size_t k) {
  uint32_t *panel = weights->panels + output / PANEL * PANEL * weights->pairs;
  return (uint16_t *)(panel + k / 2 * PANEL + output % PANEL) + k % 2;
}

void ak_half_pack_rows(ak_half *weights, const float *w, size_t ld, size_t first, size_t count,
                       bool transposed) {
  // As many numbers are neighbours in one panel's lines, or follow one another down a panel.
  const size_t width = transposed ? weights->outputs : weights->inputs;
  const size_t step = transposed ? 2 : 2 * PANEL;
  for (size_t row = first; row < first + count; row++)
    for (size_t c = 0, n; c < width; c += n) {
      uint16_t rounded[PANEL];
      n = smaller(PANEL, width - c);
      ak_to_bf16(w + (row - first) * ld + c, rounded, n);
      uint16_t *to = transposed ? place(weights, c, row) : place(weights, row, c);
      for (size_t i = 0; i < n; i++) to[transposed ? i * step : i / 2 * step + i % 2] = rounded[i];
    }
}

void ak_half_unpack(const ak_half *weights, size_t first, size_t count, float *w, size_t ld) {
  for (size_t output = first; output < first + count; output++)
    for (size_t k = 0; k < weights->inputs; k++)
      ak_from_bf16(place(weights, output, k), w + (output - first) * ld + k, 1);
}

void ak_half_free(ak_half *weights) {
  if (!weights) return;
  free(weights->panels);
  free(weights);
}

#if !defined(__x86_64__)
bool ak_half_is_native(void) { return false; }

bool ak_half_linear(const ak_half *w, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                    const ak_epilogue *e, size_t first, size_t last) {
  (void)w, (void)x, (void)ldx, (void)rows, (void)y, (void)ldy, (void)e, (void)first, (void)last;
  return false;
}
#endif
