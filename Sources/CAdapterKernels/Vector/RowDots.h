/// Products of rows with rows.

static inline float row_dot(const float *a, const float *b, size_t n) {
  vf sums = {0};
  size_t c = 0;
  for (; c + LANES <= n; c += LANES) sums += load(a + c) * load(b + c);
  if (c < n) sums += load_some(a + c, n - c) * load_some(b + c, n - c);
  return sum_lanes(sums);
}

static void row_dots(const float *a, size_t lda, const float *b, size_t ldb, size_t rows,
                     size_t width, float *out) {
  for (size_t r = 0; r < rows; r++) out[r] = row_dot(a + r * lda, b + r * ldb, width);
}
