/// Loops that the compiler turns into vector code by itself, once per instruction set.

static void add(const float *a, const float *b, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

static void multiply(const float *a, const float *b, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = a[i] * b[i];
}

static void scale(const float *x, float s, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = s * x[i];
}

static void add_scaled(float *y, const float *x, float s, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += s * x[i];
}

static void add_rows(const float *x, size_t ldx, const float *row, float *y, size_t ldy,
                     size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) add(x + r * ldx, row, y + r * ldy, width);
}

static void multiply_rows(const float *x, size_t ldx, const float *row, float *y, size_t ldy,
                          size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) multiply(x + r * ldx, row, y + r * ldy, width);
}

static void sum_rows(const float *x, size_t ldx, size_t rows, size_t width, float *out,
                     bool accumulate) {
  if (!accumulate)
    for (size_t c = 0; c < width; c++) out[c] = 0;
  for (size_t r = 0; r < rows; r++) add(out, x + r * ldx, out, width);
}

static double sum_squares(const float *x, size_t n) {
  // Sixteen sums side by side, because the compiler may not reorder one.
  double sums[16] = {0};
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (size_t j = 0; j < 16; j++) sums[j] += (double)x[i + j] * x[i + j];
  for (; i < n; i++) sums[0] += (double)x[i] * x[i];
  double total = 0;
  for (size_t j = 0; j < 16; j++) total += sums[j];
  return total;
}

static bool all_finite(const float *x, size_t n) {
  // Blocks, so that the loop has no exit for the compiler to stumble over, yet ends early.
  for (size_t start = 0; start < n; start += 1024) {
    size_t end = n - start < 1024 ? n : start + 1024;
    uint32_t found = 0;
    for (size_t i = start; i < end; i++) {
      uint32_t bits;
      memcpy(&bits, x + i, 4);
      found |= (bits & 0x7f800000) == 0x7f800000;
    }
    if (found) return false;
  }
  return true;
}
