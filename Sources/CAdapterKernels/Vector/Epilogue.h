/// What becomes of a product's sums while the first-level cache has them: bias, activation, residual.

/// Where a product goes, and what it was asked to do on the way.
typedef struct {
  ak_epilogue epilogue;
  float *y;
  size_t ldy;
} destination;

static inline __attribute__((always_inline)) void finish_vector(const destination *d, size_t row,
                                                                size_t column, vf product,
                                                                size_t n) {
  const ak_epilogue *e = &d->epilogue;
  float *y = d->y + row * d->ldy + column;
  vf p = product;
#define LOAD(address) (n == LANES ? load(address) : load_some(address, n))
#define STORE(address, v) (n == LANES ? store(address, v) : store_some(address, v, n))
  if (e->bias) p += LOAD(e->bias + column);
  if (e->preactivation) STORE(e->preactivation + row * e->ldp + column, p);
  if (e->activation != AK_LINEAR) p = vactivate(e->activation, p);
  p *= e->scale;
  if (e->residual) p += LOAD(e->residual + row * e->ldr + column);
  STORE(y, p);
#undef LOAD
#undef STORE
}

/// The common ends, a bias and at most one activation, without a question per vector.
static inline __attribute__((always_inline)) void finish_plain(int kind, const float *bias,
                                                               const float *c, size_t ldc, float *y,
                                                               size_t ldy, size_t rows,
                                                               size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < columns; j += LANES)
      store(y + r * ldy + j, activated(kind, load(c + r * ldc + j) + load(bias + j)));
}

/// Finishes the product `c` of some rows and columns, starting at `row`, `column` of the result.
static void finish(const destination *d, size_t row, size_t column, const float *c, size_t ldc,
                   size_t rows, size_t columns) {
  const ak_epilogue *e = &d->epilogue;
  const bool is_plain = e->bias && e->scale == 1 && !e->preactivation && !e->residual &&
                        columns % LANES == 0;
  float *y = d->y + row * d->ldy + column;
  if (is_plain && e->activation == AK_LINEAR)
    return finish_plain(AK_LINEAR, e->bias + column, c, ldc, y, d->ldy, rows, columns);
  if (is_plain && e->activation == AK_GELU)
    return finish_plain(AK_GELU, e->bias + column, c, ldc, y, d->ldy, rows, columns);
  for (size_t r = 0; r < rows; r++) {
    size_t j = 0;
    for (; j + LANES <= columns; j += LANES)
      finish_vector(d, row + r, column + j, load(c + r * ldc + j), LANES);
    if (j < columns)
      finish_vector(d, row + r, column + j, load(c + r * ldc + j), columns - j);
  }
}

static void finish_rows_of(const float *p, size_t ldp, size_t rows, size_t columns, float *y,
                           size_t ldy, const ak_epilogue *e) {
  const destination d = {*e, y, ldy};
  finish(&d, 0, 0, p, ldp, rows, columns);
}
