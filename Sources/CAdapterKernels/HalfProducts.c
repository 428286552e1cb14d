/// Packs weights for `ak_half_linear`.
#include "HalfProducts.h"

#include <stdlib.h>

#include "Packed.h"

ak_half *ak_half_pack(const float *w, size_t ld, size_t outputs, size_t inputs, bool transposed) {
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
  for (size_t first = 0; first < outputs; first += PANEL) {
    const size_t columns = smaller(PANEL, outputs - first);
    for (size_t k = 0; k < inputs; k += 2) {
      float line[2 * PANEL] = {0};
      for (size_t j = 0; j < columns; j++)
        for (size_t i = k; i < smaller(k + 2, inputs); i++)
          line[2 * j + i - k] = transposed ? w[i * ld + first + j] : w[(first + j) * ld + i];
      ak_to_bf16(line, (uint16_t *)(panels + first * pairs + k / 2 * PANEL), 2 * PANEL);
    }
  }
  return weights;
}

void ak_half_unpack(const ak_half *weights, float *w, size_t ld) {
  for (size_t output = 0; output < weights->outputs; output++) {
    const uint32_t *panel = weights->panels + output / PANEL * PANEL * weights->pairs + output % PANEL;
    for (size_t k = 0; k < weights->inputs; k++)
      ak_from_bf16((const uint16_t *)(panel + k / 2 * PANEL) + k % 2, w + output * ld + k, 1);
  }
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
