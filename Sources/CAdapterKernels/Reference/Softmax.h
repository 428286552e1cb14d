/// Softmax and its logarithm, row by row.

/// Where a row's largest element is, and the logarithm of the sum of exponentials beyond it.
static double log_sum_beyond(const float *x, size_t width, double *largest) {
  *largest = -INFINITY;
  for (size_t c = 0; c < width; c++)
    if (x[c] > *largest) *largest = x[c];
  double total = 0;
  for (size_t c = 0; c < width; c++) total += exp(x[c] - *largest);
  return log(total);
}

static void log_softmax(const float *x, float *y, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    double largest, beyond = log_sum_beyond(x + r * width, width, &largest);
    for (size_t c = r * width; c < (r + 1) * width; c++)
      y[c] = (float)(x[c] - largest - beyond);
  }
}

static void softmax(const float *x, float *y, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    double largest, beyond = log_sum_beyond(x + r * width, width, &largest);
    for (size_t c = r * width; c < (r + 1) * width; c++)
      y[c] = (float)exp(x[c] - largest - beyond);
  }
}
