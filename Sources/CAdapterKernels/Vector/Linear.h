/// A linear layer over packed weights.
///
/// A block of rows stays in the second-level cache while every group of panels passes over all of it;
/// sums stay in registers over all inputs, so nothing but finished rows is written.

enum { MOST_ROWS = 96, BLOCK_BYTES = 512 << 10 };

/// How many rows a block has: equal shares of what the cache holds, whole tiles where there are many.
static inline size_t rows_per_block(size_t rows, size_t row_bytes) {
  const size_t fitting = BLOCK_BYTES / (row_bytes ? row_bytes : 1) / TILE_ROWS * TILE_ROWS;
  return share(rows, fitting < TILE_ROWS ? TILE_ROWS : smaller(fitting, MOST_ROWS));
}

/// One tile's product: `rows` × `wide` panels into `c`, over `depth` lines of a panel. Operands are counted
/// in four bytes, a float or a pair of bfloat16.
typedef void (*tile_product)(size_t rows, size_t wide, const void *a, size_t lda, const void *panels,
                             size_t panel_stride, fetch ahead, size_t depth, float *c);

/// Columns `[first, last)` of a block of rows, whose first is `row` of the result.
static inline __attribute__((always_inline)) void multiply_block(
    tile_product multiply, const destination *d, const uint32_t *a, size_t lda, size_t row,
    size_t rows, size_t height, const uint32_t *weights, size_t depth, size_t first, size_t last,
    float *c) {
  const size_t panels = first < last ? (last - first + PANEL - 1) / PANEL : 0;
  const size_t panel_stride = depth * PANEL, tiles = (rows + height - 1) / height;
  for (size_t p = 0, wide; p < panels; p += wide) {
    wide = panels_at_once(height, panels - p);
    const size_t column = first + p * PANEL;
    const uint32_t *group = weights + column * depth;
    for (size_t r = 0; r < rows; r += height) {
      const size_t tile_rows = smaller(height, rows - r);
      const fetch ahead = fetch_next(group, panel_stride * sizeof *group, wide, r / height, tiles);
      multiply(tile_rows, wide, a + r * lda, lda, group, panel_stride, ahead, depth, c);
      finish(d, row + r, column, c, wide * PANEL, tile_rows, smaller(wide * PANEL, last - column));
    }
  }
}

static void linear_tile(size_t rows, size_t wide, const void *a, size_t lda, const void *panels,
                        size_t panel_stride, fetch ahead, size_t depth, float *c) {
  tile_rows_by_one(rows, wide, a, lda, panels, panel_stride, ahead, depth, c, wide * PANEL, false);
}

static void linear(const ak_packed *w, const float *x, size_t ldx, size_t rows, float *y,
                   size_t ldy, const ak_epilogue *epilogue, size_t first, size_t last) {
  const size_t inputs = w->inputs;
  // Rows that are a multiple of a page apart push each other out of the first-level cache.
  const bool gathers = ldx % 1024 == 0 && rows > 1;
  const size_t lda = gathers ? round_up(inputs, PANEL) + PANEL : ldx;
  const size_t row_block = rows_per_block(rows, inputs * sizeof *x);
  const size_t height = share(row_block, TILE_ROWS);
  float *c = ak_scratch(TILE_ROWS * 4 * PANEL + (gathers ? row_block * lda : 0));
  if (!c) {
    ak_kernels_reference.linear(w, x, ldx, rows, y, ldy, epilogue, first, last);
    return;
  }
  float *block = c + TILE_ROWS * 4 * PANEL;
  const ak_epilogue plain = {.scale = 1};
  const destination d = {epilogue ? *epilogue : plain, y, ldy};
  first = first / PANEL * PANEL;
  last = smaller(round_up(smaller(last, w->outputs), PANEL), w->outputs);
  for (size_t row = 0; row < rows; row += row_block) {
    const size_t block_rows = smaller(row_block, rows - row);
    const float *a = x + row * ldx;
    for (size_t r = 0; gathers && r < block_rows; r++)
      memcpy(block + r * lda, a + r * ldx, inputs * sizeof *a);
    if (gathers) a = block;
    multiply_block(linear_tile, &d, (const uint32_t *)a, lda, row, block_rows, height,
                   (const uint32_t *)w->panels, inputs, first, last, c);
  }
}
