/// Softmax row by row, with the vector exponential.

static inline float row_max(const float *x, size_t n) {
  vf largest = splat(-INFINITY);
  size_t c = 0;
  for (; c + LANES <= n; c += LANES) largest = larger(load(x + c), largest);
  float result = max_lanes(largest);
  for (; c < n; c++) result = x[c] > result ? x[c] : result;
  return result;
}

/// `y = exp(x - shift)`, and the sum of that. `y` may be `x`, or NULL when only the sum counts.
static inline float row_exponentials(const float *x, float *y, size_t n, float shift) {
  vf sums = {0};
  size_t c = 0;
  for (; c + LANES <= n; c += LANES) {
    vf p = vexp(load(x + c) - shift);
    if (y) store(y + c, p);
    sums += p;
  }
  float total = sum_lanes(sums);
  if (c < n) {
    float lanes[LANES];
    store(lanes, vexp(load_some(x + c, n - c) - shift));
    for (size_t i = 0; i < n - c; i++) {
      total += lanes[i];
      if (y) y[c + i] = lanes[i];
    }
  }
  return total;
}

static void softmax(const float *x, float *y, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    float *out = y + r * width;
    float total = row_exponentials(x + r * width, out, width, row_max(x + r * width, width));
    scale(out, 1 / total, out, width);
  }
}

static float log_sum_beyond(const float *x, size_t n, float *largest) {
  *largest = row_max(x, n);
  return logf(row_exponentials(x, NULL, n, *largest));
}
