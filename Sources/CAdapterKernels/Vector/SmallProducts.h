/// Products of matrices that change: a block of `b` is packed, used by all rows, and forgotten.

enum { GEMM_DEPTH = 384, GEMM_COLUMNS = 128, GEMM_ROWS = 96 };

/// `c = alpha · product + beta · c`, without reading `c` when `beta` is 0.
static void blend_into(const float *product, size_t ld, size_t rows, size_t columns, float alpha,
                       float beta, float *c, size_t ldc) {
  for (size_t r = 0; r < rows; r++) {
    const float *in = product + r * ld;
    float *out = c + r * ldc;
    if (beta == 0)
      for (size_t j = 0; j < columns; j++) out[j] = alpha * in[j];
    else
      for (size_t j = 0; j < columns; j++) out[j] = alpha * in[j] + beta * out[j];
  }
}

static void gemm(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, const float *a,
                 size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc) {
  float *scratch = ak_scratch(GEMM_ROWS * GEMM_COLUMNS + GEMM_DEPTH * GEMM_COLUMNS +
                              GEMM_DEPTH * GEMM_ROWS);
  if (!scratch) {
    ak_kernels_reference.gemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    return;
  }
  float *product = scratch, *panels = product + GEMM_ROWS * GEMM_COLUMNS;
  float *turned = panels + GEMM_DEPTH * GEMM_COLUMNS;
  const size_t depth = share(k, GEMM_DEPTH), height = share(m, GEMM_ROWS);
  for (size_t column = 0; column < n; column += GEMM_COLUMNS) {
    const size_t columns = smaller(GEMM_COLUMNS, n - column);
    // Whole panels that need no factor go from registers to c.
    const bool direct = alpha == 1 && (beta == 0 || beta == 1) && columns % PANEL == 0;
    size_t i = 0, count;
    do {  // once even when k is 0: c is still to be scaled
      count = smaller(depth, k - i);
      const size_t panel_stride = count * PANEL;
      if (tb)
        pack_turned(b + column * ldb + i, ldb, columns, count, panels, panel_stride);
      else
        pack_rows(b + i * ldb + column, ldb, count, columns, panels, panel_stride);
      for (size_t row = 0; row < m; row += height) {
        const size_t rows = smaller(height, m - row);
        const float *block = ta ? a + i * lda + row : a + row * lda + i;
        size_t ld = lda;
        if (ta) {
          // Columns of a are a cache line each, far apart: gather them once.
          for (size_t j = 0; j < count; j++)
            memcpy(turned + j * GEMM_ROWS, block + j * lda, rows * sizeof *a);
          block = turned;
          ld = GEMM_ROWS;
        }
        float *out = c + row * ldc + column;
        const float kept = i == 0 ? beta : 1;
        multiply_panels(rows, block, ld, ta, (columns + PANEL - 1) / PANEL, panels, panel_stride,
                        count, direct ? out : product, direct ? ldc : GEMM_COLUMNS,
                        direct && kept == 1);
        if (!direct)
          blend_into(product, GEMM_COLUMNS, rows, columns, alpha, kept, out, ldc);
      }
      i += count;
    } while (i < k);
  }
}
