/// The way back through a linear layer, `dx = g·W`, over the panels that the way there has.
///
///   dxᵀ[k][r] = Σ_o panel[k][o] · gᵀ[o][r]
///
/// A panel's line is 16 outputs of one input: read as the left operand, whose rows are inputs, it needs
/// no second copy of the weights. Rows of the batch, turned and packed, are the right operand, and what
/// comes out is turned back.

enum { BACK_ROWS = 64, BACK_INPUTS = 96, BACK_OUTPUTS = 4096, BACK_BYTES = 512 << 10 };

/// How many inputs pass before the next rows: as many as the second-level cache holds the weights of.
static inline size_t inputs_per_block(size_t outputs) {
  const size_t fitting = BACK_BYTES / (outputs * sizeof(float) + 1) / TILE_ROWS * TILE_ROWS;
  return fitting < TILE_ROWS ? TILE_ROWS : smaller(fitting, BACK_INPUTS);
}

/// Inputs `[k, k + rows)` of the weights times `panels` panels of turned rows: a tile that stays in
/// registers while all outputs pass.
static inline __attribute__((always_inline)) void back_tile(
    size_t rows, size_t panels, const float *restrict weights, size_t panel_stride, size_t outputs,
    const float *restrict turned, size_t turned_stride, float *restrict c, size_t ldc) {
  const size_t width = panels * PANEL_VECTORS;
  vf sums[MAX_VECTORS];
  for (size_t i = 0; i < rows * width; i++) sums[i] = (vf){0};
  for (size_t first = 0; first < outputs; first += PANEL) {
    const float *line = weights + first / PANEL * panel_stride;
    const size_t count = smaller(PANEL, outputs - first);
    for (size_t j = 0; j < count; j++) {
      // The next inputs' lines of this panel follow: fetched while these are used.
      __builtin_prefetch(line + (rows + j) * PANEL, 0, 2);
      vf held[TILE_PANELS * PANEL_VECTORS];
      for (size_t v = 0; v < width; v++)
        held[v] = load(turned + v / PANEL_VECTORS * turned_stride + v % PANEL_VECTORS * LANES);
      for (size_t r = 0; r < rows; r++) {
        vf weight = splat(line[r * PANEL + j]);
        for (size_t v = 0; v < width; v++) sums[r * width + v] += weight * held[v];
      }
      turned += PANEL;
    }
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t v = 0; v < width; v++) store(c + r * ldc + v * LANES, sums[r * width + v]);
}

static void back_tile_of(size_t rows, size_t panels, const float *weights, size_t panel_stride,
                         size_t outputs, const float *turned, size_t turned_stride, float *c,
                         size_t ldc) {
#define CASE(R) \
  case R: \
    if (panels == TILE_PANELS) \
      back_tile(R, TILE_PANELS, weights, panel_stride, outputs, turned, turned_stride, c, ldc); \
    else \
      back_tile(R, 1, weights, panel_stride, outputs, turned, turned_stride, c, ldc); \
    break;
  switch (rows) {
#if TILE_PANELS == 2
    CASE(12) CASE(11) CASE(10) CASE(9) CASE(8) CASE(7)
#endif
    CASE(6) CASE(5) CASE(4) CASE(3) CASE(2) CASE(1)
  }
#undef CASE
}

/// `count` inputs of a block of rows, turned back into `dx` and scaled, or added to it.
static void turn_back(const float *c, size_t ldc, size_t count, size_t rows, float factor,
                      bool add_to_result, float *dx, size_t ld) {
  for (size_t r = 0; r < rows; r++) {
    float *out = dx + r * ld;
    if (add_to_result)
      for (size_t k = 0; k < count; k++) out[k] += factor * c[k * ldc + r];
    else
      for (size_t k = 0; k < count; k++) out[k] = factor * c[k * ldc + r];
  }
}

static void linear_backward(const ak_packed *w, const float *g, size_t ldg, size_t rows, float *dx,
                            size_t ld, float factor, size_t first, size_t last) {
  const size_t stride = w->inputs * PANEL, block = share(rows, BACK_ROWS);
  const size_t padded = round_up(block, PANEL);
  // A vocabulary's outputs in several parts: what is turned must stay in the cache.
  const size_t depth = round_up(share(w->outputs, BACK_OUTPUTS), PANEL);
  float *turned = ak_scratch(padded * depth + BACK_INPUTS * padded);
  if (!turned) {
    ak_kernels_reference.linear_backward(w, g, ldg, rows, dx, ld, factor, first, last);
    return;
  }
  float *c = turned + padded * depth;
  for (size_t row = 0; row < rows; row += block) {
    const size_t count = smaller(block, rows - row), panels = (count + PANEL - 1) / PANEL;
    size_t output = 0, outputs;
    do {  // once even without outputs: dx is zeros then
      outputs = smaller(depth, w->outputs - output);
      pack_turned(g + row * ldg + output, ldg, count, outputs, turned, outputs * PANEL);
      for (size_t start = first, inputs; start < last; start += inputs) {
        inputs = smaller(inputs_per_block(outputs), last - start);
        const float *weights = w->panels + output / PANEL * stride + start * PANEL;
        const size_t height = share(inputs, TILE_ROWS);
        for (size_t p = 0, wide; p < panels; p += wide) {
          wide = panels - p >= TILE_PANELS ? TILE_PANELS : 1;
          for (size_t k = 0; k < inputs; k += height)
            back_tile_of(smaller(height, inputs - k), wide, weights + k * PANEL, stride, outputs,
                         turned + p * outputs * PANEL, outputs * PANEL, c + k * padded + p * PANEL,
                         padded);
        }
        turn_back(c, padded, inputs, count, factor, output > 0, dx + row * ld + start, ld);
      }
      output += outputs;
    } while (output < w->outputs);
  }
}
