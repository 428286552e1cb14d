/// Rotary positions: pairs of numbers turned by angles, in loops that the compiler makes vectors of.

static inline void rotate_head(const float *x, float *y, size_t width, size_t pairs,
                               const float *cosines, const float *sines, bool interleaved,
                               float direction) {
  // The places of a pair's two numbers: 2i and 2i + 1, or i and i + pairs.
  const size_t step = interleaved ? 2 : 1, apart = interleaved ? 1 : pairs;
  for (size_t i = 0; i < pairs; i++) {
    const float a = x[i * step], b = x[i * step + apart];
    const float c = cosines[i], s = direction * sines[i];
    y[i * step] = a * c - b * s;
    y[i * step + apart] = b * c + a * s;
  }
  if (y != x) memcpy(y + 2 * pairs, x + 2 * pairs, (width - 2 * pairs) * sizeof *y);
}

static void rotate(const float *x, size_t ldx, float *y, size_t ldy, size_t rows, size_t heads,
                   size_t head_width, size_t pairs, const float *cosines, const float *sines,
                   bool interleaved, bool backward) {
  for (size_t r = 0; r < rows; r++)
    for (size_t h = 0; h < heads; h++)
      rotate_head(x + r * ldx + h * head_width, y + r * ldy + h * head_width, head_width, pairs,
                  cosines + r * pairs, sines + r * pairs, interleaved, backward ? -1 : 1);
}
