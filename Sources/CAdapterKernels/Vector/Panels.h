/// Brings matrices into panels of 16 columns (see `Packed.h`) as a product needs them.

/// Columns `[0, columns)` of the `rows` rows of `x`, as they lie. The last panel is zero-filled.
static void pack_rows(const float *x, size_t ld, size_t rows, size_t columns, float *panels,
                      size_t panel_stride) {
  for (size_t c = 0; c < columns; c += PANEL) {
    float *panel = panels + c / PANEL * panel_stride;
    const size_t count = smaller(PANEL, columns - c);
    for (size_t r = 0; r < rows; r++) {
      const float *in = x + r * ld + c;
      float *out = panel + r * PANEL;
      for (size_t j = 0; j < PANEL; j += LANES) {
        if (j + LANES <= count)
          store(out + j, load(in + j));
        else
          store(out + j, load_some(in + j, j < count ? count - j : 0));
      }
    }
  }
}

typedef float v4 __attribute__((vector_size(16)));

static inline v4 load4(const float *p) {
  v4 v;
  memcpy(&v, p, sizeof v);
  return v;
}

/// Four rows of four, turned: `out[i][j] = in[j][i]`.
static inline void turn4(const float *in, size_t ld, float *out) {
  v4 a = load4(in), b = load4(in + ld), c = load4(in + 2 * ld), d = load4(in + 3 * ld);
  v4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  v4 ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  v4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  v4 cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  v4 turned[4] = {
      __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5),
      __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
      __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5),
      __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7),
  };
  for (size_t i = 0; i < 4; i++) memcpy(out + i * PANEL, &turned[i], sizeof turned[i]);
}

/// The `rows` rows of `x` as columns: row `j` of `x` becomes column `j` of the panels.
static void pack_turned(const float *x, size_t ld, size_t rows, size_t columns, float *panels,
                        size_t panel_stride) {
  for (size_t first = 0; first < rows; first += PANEL) {
    float *panel = panels + first / PANEL * panel_stride;
    const size_t count = smaller(PANEL, rows - first);
    if (count < PANEL) memset(panel, 0, columns * PANEL * sizeof *panel);
    const float *in = x + first * ld;
    const size_t turned_rows = count / 4 * 4, turned_columns = columns / 4 * 4;
    for (size_t j = 0; j < turned_rows; j += 4)
      for (size_t c = 0; c < turned_columns; c += 4)
        turn4(in + j * ld + c, ld, panel + c * PANEL + j);
    for (size_t j = 0; j < count; j++)
      for (size_t c = j < turned_rows ? turned_columns : 0; c < columns; c++)
        panel[c * PANEL + j] = in[j * ld + c];
  }
}
