/// A linear layer over weights in bfloat16.
///
/// As `linear`, but that a block of rows is rounded as it is gathered.

/// `x` of one block, rounded: `[rows, pairs]`, rows `ld` apart, the second of an odd last pair zero.
static void round_rows(const float *x, size_t ldx, size_t rows, size_t inputs, uint32_t *out,
                       size_t ld) {
  for (size_t r = 0; r < rows; r++) {
    const float *in = x + r * ldx;
    uint16_t *to = (uint16_t *)(out + r * ld);
    size_t k = 0;
    for (; k + LANES <= inputs; k += LANES) {
      __m256bh rounded = _mm512_cvtneps_pbh((__m512)load(in + k));
      memcpy(to + k, &rounded, sizeof rounded);
    }
    for (; k < inputs; k++) to[k] = (uint16_t)(bf16_bits(in[k]));
    if (inputs % 2) to[inputs] = 0;
  }
}

/// `c[r][j] = Σ_k a[r, k] · b[k][j]`, a tile that stays in registers while all pairs pass.
static inline __attribute__((always_inline)) void half_tile(
    size_t rows, size_t panels, const uint32_t *restrict a, size_t lda, const uint32_t *restrict b,
    size_t panel_stride, fetch ahead, size_t pairs, float *restrict c, size_t ldc) {
  __m512 sums[TILE_ROWS * TILE_PANELS];
  for (size_t i = 0; i < rows * panels; i++) sums[i] = _mm512_setzero_ps();
  for (size_t k = 0; k < pairs; k++) {
    fetch_lines(ahead, k, panels);
    __m512i held[4];
    for (size_t j = 0; j < panels; j++) held[j] = _mm512_load_si512(b + j * panel_stride);
    for (size_t r = 0; r < rows; r++) {
      __m512i pair = _mm512_set1_epi32((int)a[r * lda + k]);
      for (size_t j = 0; j < panels; j++)
        sums[r * panels + j] =
            _mm512_dpbf16_ps(sums[r * panels + j], (__m512bh)pair, (__m512bh)held[j]);
    }
    b += PANEL;
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < panels; j++) store(c + r * ldc + j * PANEL, (vf)sums[r * panels + j]);
}

static void half_tile_of(size_t rows, size_t panels, const void *a, size_t lda, const void *b,
                         size_t panel_stride, fetch ahead, size_t pairs, float *c) {
#define CASE(R, P) \
  case R * 8 + P: \
    half_tile(R, P, a, lda, b, panel_stride, ahead, pairs, c, P * PANEL); \
    break;
  switch (rows * 8 + panels) { TILES(CASE) }
#undef CASE
}

bool ak_half_linear(const ak_half *w, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                    const ak_epilogue *epilogue, size_t first, size_t last) {
  const size_t pairs = w->pairs;
  // Rows that are a multiple of a page apart would push each other out of the first-level cache.
  const size_t lda = round_up(pairs, PANEL) + PANEL;
  const size_t row_block = rows_per_block(rows, lda * sizeof(uint32_t));
  const size_t height = share(row_block, TILE_ROWS);
  float *c = ak_scratch(TILE_ROWS * 4 * PANEL + row_block * lda);
  if (!c) return false;
  uint32_t *block = (uint32_t *)(c + TILE_ROWS * 4 * PANEL);
  const ak_epilogue plain = {.scale = 1};
  const destination d = {epilogue ? *epilogue : plain, y, ldy};
  first = first / PANEL * PANEL;
  last = smaller(round_up(smaller(last, w->outputs), PANEL), w->outputs);
  for (size_t row = 0; row < rows; row += row_block) {
    const size_t block_rows = smaller(row_block, rows - row);
    round_rows(x + row * ldx, ldx, block_rows, w->inputs, block, lda);
    multiply_block(half_tile_of, &d, block, lda, row, block_rows, height, w->panels, pairs, first, last,
                   c);
  }
  return true;
}
