/// The way back through a linear layer, `dx = g·W`, over the panels that the way there has.
///
/// A few of the inputs' weights at a time are turned into panels of inputs, which the product of the way
/// there then multiplies: no second copy of the weights is kept. Turning them costs what a few rows of
/// the batch cost, so many rows share it.

enum { BACK_ROWS = 256, BACK_OUTPUTS = 4096, BACK_BYTES = 768 << 10 };

/// How many inputs are turned at once: as many as the second-level cache holds the weights of.
static inline size_t inputs_per_block(size_t outputs) {
  const size_t step = 2 * PANEL, fitting = BACK_BYTES / (outputs * sizeof(float) + 1) / step * step;
  return fitting < step ? step : fitting;
}

/// Turns outputs `[output, output + depth)` of `count` inputs into panels of inputs.
static void turn_weights(const ak_packed *w, size_t output, size_t depth, size_t input, size_t count,
                         float *turned) {
  for (size_t o = 0; o < depth; o += PANEL) {
    const float *panel = w->panels + ((output + o) * w->inputs + input * PANEL);
    pack_turned(panel, PANEL, count, smaller(PANEL, depth - o), turned + o * PANEL, depth * PANEL);
  }
}

static void linear_backward(const ak_packed *w, const float *g, size_t ldg, size_t rows, float *dx,
                            size_t ld, float factor, size_t first, size_t last) {
  // A vocabulary's outputs in several parts: what is turned must stay in the cache.
  const size_t most_depth = round_up(share(w->outputs, BACK_OUTPUTS), PANEL);
  const size_t inputs = inputs_per_block(most_depth), most_rows = share(rows, BACK_ROWS);
  // As on the way there: rows that are a multiple of a page apart are gathered.
  const bool gathers = ldg % 1024 == 0 && rows > 1;
  const size_t lda = gathers ? most_depth + PANEL : ldg;
  float *c = ak_scratch(TILE_ROWS * 4 * PANEL + inputs * most_depth + (gathers ? most_rows * lda : 0));
  if (!c) {
    ak_kernels_reference.linear_backward(w, g, ldg, rows, dx, ld, factor, first, last);
    return;
  }
  float *turned = c + TILE_ROWS * 4 * PANEL, *gathered = turned + inputs * most_depth;
  for (size_t row = 0, count; row < rows; row += count) {
    count = smaller(most_rows, rows - row);
    size_t output = 0, depth;
    do {  // once even without outputs: dx is zeros then
      depth = smaller(most_depth, w->outputs - output);
      const float *a = g + row * ldg + output;
      for (size_t r = 0; gathers && r < count; r++)
        memcpy(gathered + r * lda, a + r * ldg, depth * sizeof *a);
      if (gathers) a = gathered;
      const size_t block = rows_per_block(count, depth * sizeof *a), height = share(block, TILE_ROWS);
      for (size_t start = first, width; start < last; start += width) {
        width = smaller(inputs, last - start);
        turn_weights(w, output, depth, start, width, turned);
        float *out = dx + row * ld + start;
        const destination d = {
            {.scale = factor, .residual = output > 0 ? out : NULL, .ldr = ld}, out, ld};
        for (size_t r = 0; r < count; r += block)
          multiply_block(linear_tile, &d, (const uint32_t *)(a + r * lda), lda, r,
                         smaller(block, count - r), height, (const uint32_t *)turned, depth, 0, width,
                         c);
      }
      output += depth;
    } while (output < w->outputs);
  }
}
