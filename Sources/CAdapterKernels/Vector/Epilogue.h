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
  vf p = product * e->scale;
#define LOAD(address) (n == LANES ? load(address) : load_some(address, n))
#define STORE(address, v) (n == LANES ? store(address, v) : store_some(address, v, n))
  if (e->bias) p += LOAD(e->bias + column);
  if (e->preactivation) STORE(e->preactivation + row * e->ldp + column, p);
  if (e->activation != AK_LINEAR) p = vactivate(e->activation, p);
  if (e->residual) p += LOAD(e->residual + row * e->ldr + column);
  if (e->accumulate) p += LOAD(y);
  STORE(y, p);
#undef LOAD
#undef STORE
}

/// Finishes the product `c` of some rows and columns, starting at `row`, `column` of the result.
static void finish(const destination *d, size_t row, size_t column, const float *c, size_t ldc,
                   size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    size_t j = 0;
    for (; j + LANES <= columns; j += LANES)
      finish_vector(d, row + r, column + j, load(c + r * ldc + j), LANES);
    if (j < columns)
      finish_vector(d, row + r, column + j, load(c + r * ldc + j), columns - j);
  }
}
