/// The heart of every product: a tile of results that stays in registers while `k` passes.
///
///   c[r][j] (+)= Σ_k a[r, k] · b[k][j]      r < rows, j in panels of 16 as `Packed.h` draws them

enum {
  PANEL_VECTORS = PANEL / LANES,
  TILE_COLUMNS = TILE_PANELS * PANEL,
  AHEAD = 64 * PANEL,  // numbers: far enough for memory to answer in time
  MAX_VECTORS = TILE_ROWS * TILE_PANELS * PANEL_VECTORS,
};

/// What to fetch from memory while a tile is computed: a line per step and panel.
///
/// A prefetch of an address that is not there does no harm.
typedef struct {
  const void *first;
  size_t stride;  // bytes from one panel's line to the next's
} fetch;

static inline void fetch_lines(fetch f, size_t step, size_t panels) {
  for (size_t j = 0; j < panels; j++)
    __builtin_prefetch((const char *)f.first + j * f.stride + step * PANEL * 4, 0, 2);
}

/// Fetches a tile's own panels, a little ahead: for a tile that is alone with them.
static inline fetch fetch_own(const void *panels, size_t panel_bytes) {
  return (fetch){(const char *)panels + AHEAD * 4, panel_bytes};
}

/// Fetches what the tile at hand should, of `tiles` that pass over the same panels one after the other:
/// the first few bring the panels that come next, one each, so that memory is read while registers
/// compute, and not before.
static inline fetch fetch_next(const void *panels, size_t panel_bytes, size_t wide, size_t tile,
                               size_t tiles) {
  if (tiles == 1) return fetch_own(panels, panel_bytes);
  return (fetch){(const char *)panels + (tile < wide ? wide + tile : 0) * panel_bytes, 0};
}

/// `rows` and `panels` are constants where this is called, so that `sums` becomes registers.
static inline __attribute__((always_inline)) void tile(
    size_t rows, size_t panels, const float *restrict a, size_t row_stride, size_t step,
    const float *restrict b, size_t panel_stride, fetch ahead, size_t k, float *restrict c,
    size_t ldc, bool add_to_c) {
  const size_t width = panels * PANEL_VECTORS;
  vf sums[MAX_VECTORS];
  for (size_t i = 0; i < rows * width; i++) sums[i] = (vf){0};
  for (size_t i = 0; i < k; i++) {
    fetch_lines(ahead, i, panels);
    // Whichever are fewer, rows or vectors, are held; the others are used as they are loaded.
    vf held[MAX_VECTORS];
    if (rows < width) {
      for (size_t r = 0; r < rows; r++) held[r] = splat(a[r * row_stride]);
      for (size_t j = 0; j < width; j++) {
        vf weight = load(b + j / PANEL_VECTORS * panel_stride + j % PANEL_VECTORS * LANES);
        for (size_t r = 0; r < rows; r++) sums[r * width + j] += held[r] * weight;
      }
    } else {
      for (size_t j = 0; j < width; j++)
        held[j] = load(b + j / PANEL_VECTORS * panel_stride + j % PANEL_VECTORS * LANES);
      for (size_t r = 0; r < rows; r++) {
        vf x = splat(a[r * row_stride]);
        for (size_t j = 0; j < width; j++) sums[r * width + j] += x * held[j];
      }
    }
    a += step;
    b += PANEL;
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < width; j++) {
      float *out = c + r * ldc + j * LANES;
      store(out, add_to_c ? load(out) + sums[r * width + j] : sums[r * width + j]);
    }
}

/// The tiles there are code for: every height up to `TILE_ROWS`, as wide as `panels_at_once` allows.
#if TILE_PANELS == 2
#define TILES(CASE) \
  CASE(1, 1) CASE(2, 1) CASE(3, 1) CASE(4, 1) CASE(5, 1) CASE(6, 1) \
  CASE(7, 1) CASE(8, 1) CASE(9, 1) CASE(10, 1) CASE(11, 1) CASE(12, 1) \
  CASE(1, 2) CASE(2, 2) CASE(3, 2) CASE(4, 2) CASE(5, 2) CASE(6, 2) \
  CASE(7, 2) CASE(8, 2) CASE(9, 2) CASE(10, 2) CASE(11, 2) CASE(12, 2) \
  CASE(1, 4) CASE(2, 4) CASE(3, 4) CASE(4, 4)
#else
#define TILES(CASE) \
  CASE(1, 1) CASE(2, 1) CASE(3, 1) CASE(4, 1) CASE(5, 1) CASE(6, 1) \
  CASE(1, 2) CASE(2, 2) CASE(3, 2) CASE(1, 4)
#endif

static inline __attribute__((always_inline)) void tile_of(
    size_t rows, size_t panels, const float *a, size_t row_stride, size_t step, const float *b,
    size_t panel_stride, fetch ahead, size_t k, float *c, size_t ldc, bool add_to_c) {
#define CASE(R, P) \
  case R * 8 + P: \
    tile(R, P, a, row_stride, step, b, panel_stride, ahead, k, c, ldc, add_to_c); \
    break;
  switch (rows * 8 + panels) { TILES(CASE) }
#undef CASE
}

/// How many panels a tile of so many rows takes: few rows need wide tiles, because a fused
/// multiply-add must not wait for the one before it.
static inline size_t panels_at_once(size_t rows, size_t panels) {
  const size_t wide = TILE_PANELS == 2 ? rows <= 4 : rows == 1;
  size_t wanted = wide ? 4 : rows <= 3 ? 2 : TILE_PANELS;
  while (wanted > panels) wanted /= 2;
  return wanted;
}

/// The largest equal share of `total` that is at most `most`: 7 rows are 4 + 3, not 6 + 1.
static inline size_t share(size_t total, size_t most) {
  size_t shares = (total + most - 1) / most;
  return shares ? (total + shares - 1) / shares : 0;
}

static void tile_rows_by_one(size_t rows, size_t panels, const float *a, size_t row_stride,
                             const float *b, size_t panel_stride, fetch ahead, size_t k, float *c,
                             size_t ldc, bool add_to_c) {
  tile_of(rows, panels, a, row_stride, 1, b, panel_stride, ahead, k, c, ldc, add_to_c);
}

static void tile_columns_by_one(size_t rows, size_t panels, const float *a, size_t step,
                                const float *b, size_t panel_stride, fetch ahead, size_t k,
                                float *c, size_t ldc, bool add_to_c) {
  tile_of(rows, panels, a, 1, step, b, panel_stride, ahead, k, c, ldc, add_to_c);
}

/// `c (+)= a·b` with `b` in panels: `rows` × `panels · 16`. Element `[r, i]` of `a` is at
/// `a[r * lda + i]`, or at `a[i * lda + r]` when `transposed`.
static void multiply_panels(size_t rows, const float *a, size_t lda, bool transposed,
                            size_t panels, const float *b, size_t panel_stride, size_t k, float *c,
                            size_t ldc, bool add_to_c) {
  const size_t height = share(rows, TILE_ROWS);
  for (size_t r = 0; r < rows; r += height) {
    const size_t count = smaller(height, rows - r);
    for (size_t p = 0, wide; p < panels; p += wide) {
      wide = panels_at_once(count, panels - p);
      const float *panel = b + p * panel_stride;
      const fetch ahead = fetch_own(panel, panel_stride * sizeof *b);
      float *out = c + r * ldc + p * PANEL;
      if (transposed)
        tile_columns_by_one(count, wide, a + r, lda, panel, panel_stride, ahead, k, out, ldc,
                            add_to_c);
      else
        tile_rows_by_one(count, wide, a + r * lda, lda, panel, panel_stride, ahead, k, out, ldc,
                         add_to_c);
    }
  }
}
