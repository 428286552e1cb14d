/// Attention on tiles: a block of keys and values is packed once, then blocks of queries pass.
///
///              keys (256)                     The scores of a tile become probabilities relative
///            ┌───────────┐                    to the largest score so far; when a later tile
///   queries  │ scores    │ → softmax → · V    has a larger one, the result so far is scaled
///   (24, 48) └───────────┘                    down (Milakov & Gimelshein, 2018).
///
/// Segments cost nothing: their tiles follow one another like those of one.

enum { KEYS = 256, QUERIES = 4 * TILE_ROWS, QUERY_SPAN = 1024, FEW = 3 };

/// The rows of a head, and where their results go.
typedef struct {
  query_rows rows;
  float *out, *log_sum_exp;
  size_t ldo;
} attending;

/// Scratch of one thread: everything is bounded but for very wide heads.
typedef struct {
  float *keys, *values, *scores, *results, *largest, *totals, *mask;
} attention_scratch;

/// Scores of a row → `exp(factor · score - largest)`, zeros in the rest of `all`. Updates the largest
/// score and the total so far; returns what earlier results must be multiplied by.
static inline float soften(float *scores, key_range seen, key_range all, float factor,
                           float *largest, float *total) {
  for (size_t c = all.from; c < seen.from; c++) scores[c] = 0;
  for (size_t c = seen.to; c < all.to; c++) scores[c] = 0;
  if (seen.from == seen.to) return 1;
  float *row = scores + seen.from;
  const size_t n = seen.to - seen.from;
  if (factor != 1) scale(row, factor, row, n);
  const float tile_largest = row_max(row, n), before = *largest;
  const float now = tile_largest > before ? tile_largest : before;
  const float correction = before == -INFINITY ? 0 : expf(before - now);
  *total = *total * correction + row_exponentials(row, row, n, now);
  *largest = now;
  return correction;
}

/// Products of queries `[i, i + rows)` with the keys `seen` of a tile.
static void score(const query_rows *h, const attention_scratch *s, const key_tile *t, size_t i,
                  size_t rows, key_range seen) {
  const size_t width = h->shape->head_width;
  const float *q = h->q + i * h->ldq;
  if (h->rows > FEW) {
    multiply_panels(rows, q, h->ldq, false, (seen.to - seen.from + PANEL - 1) / PANEL,
                    s->keys + seen.from * width, width * PANEL, width, s->scores + seen.from, KEYS,
                    false);
    return;
  }
  for (size_t j = seen.from; j < seen.to; j++)
    for (size_t r = 0; r < rows; r++)
      s->scores[r * KEYS + j] = row_dot(q + r * h->ldq, t->k + j * t->segment->ldk, width);
}

/// Sums of the values `seen` of a tile, weighted by `rows` rows of probabilities.
static void gather(const query_rows *h, const attention_scratch *s, const key_tile *t, size_t rows,
                   key_range seen) {
  const size_t width = h->shape->head_width;
  const size_t panels = (width + PANEL - 1) / PANEL, ldr = panels * PANEL;
  if (h->rows > FEW) {
    multiply_panels(rows, s->scores + seen.from, KEYS, false, panels, s->values + seen.from * PANEL,
                    KEYS * PANEL, seen.to - seen.from, s->results, ldr, false);
    return;
  }
  memset(s->results, 0, rows * ldr * sizeof *s->results);
  for (size_t j = seen.from; j < seen.to; j++)
    for (size_t r = 0; r < rows; r++)
      add_scaled(s->results + r * ldr, t->v + j * t->segment->ldv, s->scores[r * KEYS + j], width);
}

/// Queries `[i, i + rows)` against a tile. `begins` where they have no results yet, `ends` where this
/// is the only tile.
static void attend_tile(const attending *a, const attention_scratch *s, const key_tile *t, size_t i,
                        size_t rows, key_range seen, bool begins, bool ends, float *largest,
                        float *totals) {
  const query_rows *h = &a->rows;
  const size_t width = h->shape->head_width, ldr = round_up(width, PANEL);
  const bool scales = only_scales(h, t), drops = h->shape->dropout.drop > 0;
  float corrections[QUERIES];
  score(h, s, t, i, rows, seen);
  if (!scales) finish_scores(h, t, i, rows, seen, s->scores, KEYS);
  for (size_t r = 0; r < rows; r++) {
    const key_range own = seen_by_rows(h, i + r, 1, t);
    float *row = s->scores + r * KEYS;
    corrections[r] = soften(row, own, seen, scales ? h->shape->scale : 1, largest + r, totals + r);
    if (drops) {
      draw_mask(h, t, i + r, own, s->mask);
      multiply(row + own.from, s->mask + own.from, row + own.from, own.to - own.from);
    }
  }
  gather(h, s, t, rows, seen);
  for (size_t r = 0; r < rows; r++) {
    const float *result = s->results + r * ldr;
    float *out = a->out + (i + r) * a->ldo;
    // A total of 0 means that no key was seen.
    const float share_of_sum = !ends ? 1 : totals[r] == 0 ? 0 : 1 / totals[r];
    if (begins)
      scale(result, share_of_sum, out, width);
    else
      for (size_t c = 0; c < width; c++) out[c] = out[c] * corrections[r] + result[c];
  }
}

/// Divides the sums of rows `[start, start + span)` by their totals.
static void finish_rows(const attending *a, const attention_scratch *s, size_t start, size_t span,
                        bool is_divided) {
  const size_t width = a->rows.shape->head_width;
  for (size_t r = 0; r < span; r++) {
    float *out = a->out + (start + r) * a->ldo;
    if (s->totals[r] == 0)
      memset(out, 0, width * sizeof *out);
    else if (!is_divided)
      scale(out, 1 / s->totals[r], out, width);
    if (a->log_sum_exp) a->log_sum_exp[start + r] = s->largest[r] + logf(s->totals[r]);
  }
}

static bool is_one_tile(const ak_segment *segments, size_t segment_count) {
  size_t tiles = 0;
  for (size_t n = 0; n < segment_count; n++) tiles += (segments[n].count + KEYS - 1) / KEYS;
  return tiles == 1;
}

/// All rows of a head, over all segments. `column` is the head's in keys and values.
static void attend(const attending *a, const ak_segment *segments, size_t segment_count,
                   size_t column, const attention_scratch *s) {
  const query_rows *h = &a->rows;
  const size_t width = h->shape->head_width;
  for (size_t start = 0; start < h->rows; start += QUERY_SPAN) {
    const size_t span = smaller(QUERY_SPAN, h->rows - start), block = share(span, QUERIES);
    bool begun[QUERY_SPAN] = {false};
    for (size_t i = 0; i < span; i++) {
      s->largest[i] = -INFINITY;
      s->totals[i] = 0;
    }
    const bool is_only = is_one_tile(segments, segment_count);
    for (size_t n = 0; n < segment_count; n++) {
      const ak_segment *segment = segments + n;
      key_tile t = {.segment = segment};
      for (; t.first < segment->count; t.first += t.count) {
        t.count = smaller(KEYS, segment->count - t.first);
        t.k = segment->k + t.first * segment->ldk + column;
        t.v = segment->v + t.first * segment->ldv + column;
        const key_range any = seen_by_rows(h, start, span, &t);
        if (any.from == any.to) continue;
        if (h->rows > FEW) {
          pack_turned(t.k, segment->ldk, t.count, width, s->keys, width * PANEL);
          pack_rows(t.v, segment->ldv, t.count, width, s->values, KEYS * PANEL);
        }
        for (size_t i = 0; i < span; i += block) {
          const size_t rows = smaller(block, span - i);
          const key_range seen = whole_panels(seen_by_rows(h, start + i, rows, &t));
          if (seen.from == seen.to) continue;
          attend_tile(a, s, &t, start + i, rows, seen, !begun[i], is_only, s->largest + i,
                      s->totals + i);
          begun[i] = true;
        }
      }
    }
    finish_rows(a, s, start, span, is_only);
  }
}

static void attention(const ak_attention_shape *shape, const ak_queries *queries,
                      const ak_segment *segments, size_t segment_count, float *out, size_t ldo,
                      size_t first_head, size_t last_head, float *log_sum_exp) {
  const size_t width = shape->head_width, padded = round_up(width, PANEL);
  const size_t key_floats = KEYS * width, value_floats = KEYS * padded;
  const size_t result_floats = QUERIES * padded;
  float *memory = ak_scratch(key_floats + value_floats + QUERIES * KEYS + result_floats +
                             2 * QUERY_SPAN + KEYS);
  if (!memory) {
    ak_kernels_reference.attention(shape, queries, segments, segment_count, out, ldo, first_head,
                                   last_head, log_sum_exp);
    return;
  }
  attention_scratch s = {.keys = memory, .values = memory + key_floats};
  s.scores = s.values + value_floats;
  s.results = s.scores + QUERIES * KEYS;
  s.largest = s.results + result_floats;
  s.totals = s.largest + QUERY_SPAN;
  s.mask = s.totals + QUERY_SPAN;
  const size_t group = shape->heads / shape->key_heads;
  for (size_t head = first_head, together; head < last_head; head += together) {
    // One query's heads that share keys are the rows of one tile.
    together = queries->count == 1 ? smaller(group - head % group, last_head - head) : 1;
    const size_t rows = queries->count == 1 ? together : queries->count;
    const bool rows_are_heads = queries->count == 1;
    const query_rows h = {shape, queries, queries->q + head * width,
                          rows_are_heads ? width : queries->ldq, rows, head, rows_are_heads};
    const attending a = {h, out + head * width,
                         log_sum_exp ? log_sum_exp + head * queries->count : NULL,
                         rows_are_heads ? width : ldo};
    attend(&a, segments, segment_count, head / group * width, &s);
  }
}
