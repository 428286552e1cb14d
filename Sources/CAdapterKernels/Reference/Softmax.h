/// Softmax and the logarithm of its denominator.

static float log_sum_beyond(const float *x, size_t n, float *largest) {
  *largest = -INFINITY;
  for (size_t c = 0; c < n; c++)
    if (x[c] > *largest) *largest = x[c];
  double total = 0;
  for (size_t c = 0; c < n; c++) total += exp((double)x[c] - *largest);
  return (float)log(total);
}

static void softmax(const float *x, float *y, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const float *in = x + r * width;
    double largest = -INFINITY, total = 0;
    for (size_t c = 0; c < width; c++)
      if (in[c] > largest) largest = in[c];
    for (size_t c = 0; c < width; c++) total += exp(in[c] - largest);
    for (size_t c = 0; c < width; c++) y[r * width + c] = (float)(exp(in[c] - largest) / total);
  }
}
