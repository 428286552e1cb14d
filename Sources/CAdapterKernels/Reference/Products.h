/// Matrix products as their definition says, summed in double precision.

static double dot(const float *a, size_t step_a, const float *b, size_t step_b, size_t n) {
  double total = 0;
  for (size_t i = 0; i < n; i++) total += (double)a[i * step_a] * b[i * step_b];
  return total;
}

static void row_dots(const float *a, size_t lda, const float *b, size_t ldb, size_t rows,
                     size_t width, float *out) {
  for (size_t r = 0; r < rows; r++) out[r] = (float)dot(a + r * lda, 1, b + r * ldb, 1, width);
}

static void gemm(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, const float *a,
                 size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) {
      double product = dot(a + (ta ? i : i * lda), ta ? lda : 1, b + (tb ? j * ldb : j),
                           tb ? 1 : ldb, k);
      float *out = c + i * ldc + j;
      *out = (float)(alpha * product) + (beta == 0 ? 0 : beta * *out);
    }
}

/// What becomes of the product of row `r` and column `j`.
static float finished(const ak_epilogue *e, size_t r, size_t j, double product) {
  const double p = product + (e->bias ? e->bias[j] : 0);
  if (e->preactivation) e->preactivation[r * e->ldp + j] = (float)p;
  const double result = e->scale * activate(e->activation, p);
  return (float)(result + (e->residual ? e->residual[r * e->ldr + j] : 0));
}

static void linear_backward(const ak_packed *w, const float *g, size_t ldg, size_t rows, float *dx,
                            size_t ld, float factor, size_t first, size_t last) {
  for (size_t r = 0; r < rows; r++)
    for (size_t k = first; k < last; k++) {
      double total = 0;
      for (size_t j = 0; j < w->outputs; j++)
        total += (double)g[r * ldg + j] *
                 w->panels[(j / PANEL * w->inputs + k) * PANEL + j % PANEL];
      dx[r * ld + k] = (float)(factor * total);
    }
}

static void finish_rows_of(const float *p, size_t ldp, size_t rows, size_t columns, float *y,
                           size_t ldy, const ak_epilogue *e) {
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j++) y[r * ldy + j] = finished(e, r, j, p[r * ldp + j]);
}

static void linear(const ak_packed *w, const float *x, size_t ldx, size_t rows, float *y,
                   size_t ldy, const ak_epilogue *epilogue, size_t first, size_t last) {
  const ak_epilogue plain = {.scale = 1}, e = epilogue ? *epilogue : plain;
  last = smaller(round_up(last, PANEL), w->outputs);
  for (size_t r = 0; r < rows; r++)
    for (size_t j = first / PANEL * PANEL; j < last; j++) {
      const float *column = w->panels + j / PANEL * PANEL * w->inputs + j % PANEL;
      double product = dot(x + r * ldx, 1, column, PANEL, w->inputs);
      y[r * ldy + j] = finished(&e, r, j, product);
    }
}
