/// A linear layer over packed weights.
///
/// Blocks of `DEPTH` inputs × `COLUMNS` outputs (192 kB) stay in the second-level cache while
/// `ROWS` rows pass, and each tile is finished (bias, activation, residual) while the first level
/// has it. Sums over several blocks of inputs wait in scratch, because `y` may hold a summand.

enum { DEPTH = 768, COLUMNS = 64, ROWS = 96 };

/// What `linear` was asked to do.
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

static void linear(const ak_packed *w, const float *x, size_t ldx, size_t rows, float *y,
                   size_t ldy, const ak_epilogue *epilogue, size_t first, size_t last) {
  float *sums = ak_scratch(ROWS * COLUMNS);
  if (!sums) {
    ak_kernels_reference.linear(w, x, ldx, rows, y, ldy, epilogue, first, last);
    return;
  }
  const ak_epilogue plain = {.scale = 1};
  const destination d = {epilogue ? *epilogue : plain, y, ldy};
  const size_t inputs = w->inputs, panel_stride = inputs * PANEL;
  const size_t row_block = share(rows, ROWS);
  // So few rows use a panel once: it is streamed from its first byte to its last.
  const size_t depth = rows <= TILE_ROWS ? inputs : share(inputs, DEPTH);
  first = first / PANEL * PANEL;
  last = smaller(round_up(smaller(last, w->outputs), PANEL), w->outputs);
  for (size_t column = first; column < last; column += COLUMNS)
    for (size_t row = 0; row < rows; row += row_block) {
      const size_t columns = smaller(COLUMNS, last - column);
      const size_t height = smaller(row_block, rows - row), tile_height = share(height, TILE_ROWS);
      const size_t panels = (columns + PANEL - 1) / PANEL;
      size_t k = 0, count;
      do {  // once even without inputs: the rest of the epilogue remains to be done
        count = smaller(depth, inputs - k);
        const float *block = w->panels + column * inputs + k * PANEL;
        for (size_t r = 0; r < height; r += tile_height) {
          const size_t tile_rows = smaller(tile_height, height - r);
          const float *a = x + (row + r) * ldx + k;
          for (size_t p = 0, wide; p < panels; p += wide) {
            wide = panels_at_once(tile_rows, panels - p);
            float *c = sums + r * COLUMNS + p * PANEL;
            tile_rows_by_one(tile_rows, wide, a, ldx, block + p * panel_stride, panel_stride,
                             count, c, COLUMNS, k > 0);
            if (k + count == inputs)
              finish(&d, row + r, column + p * PANEL, c, COLUMNS, tile_rows,
                     smaller(wide * PANEL, columns - p * PANEL));
          }
        }
        k += count;
      } while (k < inputs);
    }
}
