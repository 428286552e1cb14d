/// Attention on tiles: a block of keys and values is packed once, then blocks of queries pass.
///
///              keys (256)                     The scores of a tile become probabilities relative
///            ┌───────────┐                    to the largest score so far; when a later tile
///   queries  │ scores    │ → softmax → · V    has a larger one, the result so far is scaled
///   (24, 48) └───────────┘                    down (Milakov & Gimelshein, 2018).

enum { KEYS = 256, QUERIES = 4 * TILE_ROWS, QUERY_SPAN = 1024, FEW = 3 };

/// How many of the keys `[first, first + count)` query `i` sees.
static inline size_t seen_keys(size_t i, size_t queries, size_t keys, bool causal, size_t first,
                               size_t count) {
  if (!causal) return count;
  size_t end = i + 1 + keys > queries ? i + 1 + keys - queries : 0;
  return end > first ? smaller(end - first, count) : 0;
}

/// One head, with the columns of the head already added to the addresses.
typedef struct {
  const float *q, *k, *v;
  float *out, *log_sum_exp;
  size_t ldq, ldk, ldv, ldo, queries, keys, width;
  float scale;
  bool causal;
} head;

/// Scratch of one thread: everything is bounded but for very wide heads.
typedef struct {
  float *keys, *values, *scores, *results, *largest, *totals;
} attention_scratch;

static inline float row_dot(const float *a, const float *b, size_t n) {
  vf sums = {0};
  size_t c = 0;
  for (; c + LANES <= n; c += LANES) sums += load(a + c) * load(b + c);
  if (c < n) sums += load_some(a + c, n - c) * load_some(b + c, n - c);
  return sum_lanes(sums);
}

/// Scores of a row → `exp(scale · score - largest)`, zeros in `[seen, padded)`. Updates the largest
/// score and the total so far; returns what earlier results must be multiplied by.
static inline float soften(float *scores, size_t seen, size_t padded, float factor,
                           float *largest, float *total) {
  for (size_t c = seen; c < padded; c++) scores[c] = 0;
  if (seen == 0) return 1;
  scale(scores, factor, scores, seen);
  const float tile_largest = row_max(scores, seen), before = *largest;
  const float now = tile_largest > before ? tile_largest : before;
  const float correction = before == -INFINITY ? 0 : expf(before - now);
  *total = *total * correction + row_exponentials(scores, scores, seen, now);
  *largest = now;
  return correction;
}

/// Scores of queries `[i, i + rows)` against the first `seen` keys from `first` on.
static void score(const head *h, const attention_scratch *s, size_t i, size_t rows, size_t first,
                  size_t seen) {
  const float *q = h->q + i * h->ldq;
  if (h->queries > FEW) {
    multiply_panels(rows, q, h->ldq, false, (seen + PANEL - 1) / PANEL, s->keys, h->width * PANEL,
                    h->width, s->scores, KEYS, false);
    return;
  }
  for (size_t j = 0; j < seen; j++)
    for (size_t r = 0; r < rows; r++)
      s->scores[r * KEYS + j] = row_dot(q + r * h->ldq, h->k + (first + j) * h->ldk, h->width);
}

/// Sums of the first `seen` values from `first` on, weighted by `rows` rows of probabilities.
static void gather(const head *h, const attention_scratch *s, size_t rows, size_t first,
                   size_t seen) {
  const size_t panels = (h->width + PANEL - 1) / PANEL, ldr = panels * PANEL;
  if (h->queries > FEW) {
    multiply_panels(rows, s->scores, KEYS, false, panels, s->values, KEYS * PANEL, seen,
                    s->results, ldr, false);
    return;
  }
  memset(s->results, 0, rows * ldr * sizeof *s->results);
  for (size_t j = 0; j < seen; j++)
    for (size_t r = 0; r < rows; r++)
      add_scaled(s->results + r * ldr, h->v + (first + j) * h->ldv, s->scores[r * KEYS + j],
                 h->width);
}

/// Queries `[i, i + rows)` against keys `[first, first + count)`, packed if there are many queries.
static void attend_tile(const head *h, const attention_scratch *s, size_t i, size_t rows,
                        size_t first, size_t count, float *largest, float *totals) {
  const size_t width = h->width, ldr = round_up(width, PANEL);
  const size_t seen = seen_keys(i + rows - 1, h->queries, h->keys, h->causal, first, count);
  float corrections[QUERIES];
  score(h, s, i, rows, first, seen);
  for (size_t r = 0; r < rows; r++) {
    size_t own = seen_keys(i + r, h->queries, h->keys, h->causal, first, count);
    corrections[r] = soften(s->scores + r * KEYS, own, seen, h->scale, largest + r, totals + r);
  }
  gather(h, s, rows, first, seen);
  const bool is_first = first == 0, is_last = first + count == h->keys;
  for (size_t r = 0; r < rows; r++) {
    const float *result = s->results + r * ldr;
    float *out = h->out + (i + r) * h->ldo;
    // A total of 0 means that no key was seen.
    const float share_of_sum = !is_last ? 1 : totals[r] == 0 ? 0 : 1 / totals[r];
    if (is_first)
      scale(result, share_of_sum, out, width);
    else
      for (size_t c = 0; c < width; c++)
        out[c] = (out[c] * corrections[r] + result[c]) * share_of_sum;
    if (is_last && h->log_sum_exp) h->log_sum_exp[i + r] = largest[r] + logf(totals[r]);
  }
}

static void attend(const head *h, const attention_scratch *s) {
  for (size_t start = 0; start < h->queries; start += QUERY_SPAN) {
    const size_t span = smaller(QUERY_SPAN, h->queries - start), block = share(span, QUERIES);
    for (size_t i = 0; i < span; i++) {
      s->largest[i] = -INFINITY;
      s->totals[i] = 0;
    }
    size_t first = 0, count;
    do {  // once even without keys: the result is zeros then
      count = smaller(KEYS, h->keys - first);
      if (h->queries > FEW) {
        pack_turned(h->k + first * h->ldk, h->ldk, count, h->width, s->keys, h->width * PANEL);
        pack_rows(h->v + first * h->ldv, h->ldv, count, h->width, s->values, KEYS * PANEL);
      }
      for (size_t i = 0; i < span; i += block)
        attend_tile(h, s, start + i, smaller(block, span - i), first, count, s->largest + i,
                    s->totals + i);
      first += count;
    } while (first < h->keys);
  }
}

static void attention(const float *q, size_t ldq, const float *k, size_t ldk, const float *v,
                      size_t ldv, float *out, size_t ldo, size_t queries, size_t keys,
                      size_t head_width, size_t first_head, size_t last_head, float factor,
                      bool causal, float *log_sum_exp) {
  const size_t padded = round_up(head_width, PANEL);
  const size_t key_floats = KEYS * head_width, value_floats = KEYS * padded;
  const size_t result_floats = QUERIES * padded;
  float *memory = ak_scratch(key_floats + value_floats + QUERIES * KEYS + result_floats +
                             2 * QUERY_SPAN);
  if (!memory) {
    ak_kernels_reference.attention(q, ldq, k, ldk, v, ldv, out, ldo, queries, keys, head_width,
                                   first_head, last_head, factor, causal, log_sum_exp);
    return;
  }
  attention_scratch s = {.keys = memory, .values = memory + key_floats};
  s.scores = s.values + value_floats;
  s.results = s.scores + QUERIES * KEYS;
  s.largest = s.results + result_floats;
  s.totals = s.largest + QUERY_SPAN;
  for (size_t i = first_head; i < last_head; i++) {
    const size_t column = i * head_width;
    const head h = {q + column, k + column, v + column, out + column,
                    log_sum_exp ? log_sum_exp + i * queries : NULL,
                    ldq, ldk, ldv, ldo, queries, keys, head_width, factor, causal};
    attend(&h, &s);
  }
}
