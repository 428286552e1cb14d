/// The gradient of attention, tile by tile. Probabilities are computed again from the scores and
/// the kept `log_sum_exp`, so that nothing of size queries × keys was ever stored.
///
///   P = exp(scores - log_sum_exp)              dV = (P ∘ mask)ᵀ dO
///   dS = P ∘ (dO Vᵀ ∘ mask - rowsum(dO ∘ O))   dQ = dS K · scale    dK = dSᵀ Q · scale

enum { GRADIENT_KEYS = 128, GRADIENT_QUERIES = 48 };

/// One head's rows and the gradients they get and give.
typedef struct {
  query_rows rows;
  const float *out, *log_sum_exp, *d_out;
  size_t ldo;
  float *dq, *d_bias;
} head_gradient;

/// Scratch: matrices in panels, tiles of scores, and sums over queries.
typedef struct {
  float *keys, *keys_turned, *values_turned, *queries, *d_out;
  float *scores, *d_scores, *dk, *dv, *dq, *mask;
} gradient_scratch;

/// Products → probabilities, and their products with `dO Vᵀ` → gradients of the products, for one row
/// whose scores are the products times `factor`.
static inline void differentiate_scaled(float *scores, float *d_scores, key_range own, float factor,
                                        float log_sum_exp, float delta) {
  for (size_t c = own.from / LANES * LANES; c < own.to; c += LANES) {
    vf p = vexp(load(scores + c) * factor - log_sum_exp);
    store(scores + c, p);
    store(d_scores + c, p * (load(d_scores + c) - delta) * factor);
  }
}

/// Scores → probabilities that reach the values, and the gradient of what went into the cap.
static void differentiate_general(const query_rows *h, const key_tile *t, size_t r, float *scores,
                                  float *d_scores, key_range own, float log_sum_exp, float delta,
                                  float *mask) {
  const bool drops = h->shape->dropout.drop > 0;
  const float cap = h->shape->softcap;
  if (drops) draw_mask(h, t, r, own, mask);
  for (size_t c = own.from / LANES * LANES; c < own.to; c += LANES) {
    vf score = load(scores + c), p = vexp(score - log_sum_exp), d = load(d_scores + c), kept = p;
    if (drops) {
      d *= load(mask + c);
      kept = p * load(mask + c);
    }
    d = p * (d - delta);
    if (cap > 0) d *= 1 - score / cap * (score / cap);
    store(scores + c, kept);
    store(d_scores + c, d);
  }
}

/// Adds the scores' gradients to the biases that they were made with.
static void differentiate_bias(const head_gradient *g, const key_tile *t, size_t i, size_t rows,
                               key_range seen, const float *d_scores, float *d_segment_bias) {
  const query_rows *h = &g->rows;
  const ak_position_bias *bias = &h->shape->bias;
  const float factor = bias->is_scaled ? h->shape->scale : 1;
  for (size_t r = 0; r < rows; r++) {
    const ptrdiff_t distance = distance_of_row(h, i + r, t);
    const float *row = d_scores + r * GRADIENT_KEYS;
    float *by_query = g->d_bias ? g->d_bias + (i + r) * h->queries->ld_bias : NULL;
    for (size_t c = seen.from; c < seen.to; c++) {
      const size_t bucket = bucket_of(bias, distance + (ptrdiff_t)c);
      if (by_query) by_query[bucket] += factor * row[c];
      if (d_segment_bias)
        d_segment_bias[(t->first + c) * t->segment->ld_bias + bucket] += factor * row[c];
    }
  }
}

/// Adds `rows` rows of scratch to a gradient.
static void deliver(const float *from, size_t ld_from, float *to, size_t ld_to, size_t rows,
                    size_t width) {
  for (size_t r = 0; r < rows; r++) add(to + r * ld_to, from + r * ld_from, to + r * ld_to, width);
}

/// The probabilities of a tile into `scores` and the gradients of its products into `d_scores`, both
/// 0 where a query does not see a key.
static void differentiate_scores(const head_gradient *g, const gradient_scratch *s,
                                 const key_tile *t, size_t i, size_t rows, key_range seen,
                                 float *d_segment_bias) {
  const query_rows *h = &g->rows;
  const size_t width = h->shape->head_width, padded = round_up(seen.to, PANEL);
  const bool is_plain = only_scales(h, t) && h->shape->dropout.drop == 0;
  const float *d_out = g->d_out + i * g->ldo;
  if (!is_plain) finish_scores(h, t, i, rows, seen, s->scores, GRADIENT_KEYS);
  for (size_t r = 0; r < rows; r++) {
    const float delta = row_dot(d_out + r * g->ldo, g->out + (i + r) * g->ldo, width);
    const key_range own = seen_by_rows(h, i + r, 1, t);
    float *scores = s->scores + r * GRADIENT_KEYS, *d_scores = s->d_scores + r * GRADIENT_KEYS;
    if (is_plain)
      differentiate_scaled(scores, d_scores, own, h->shape->scale, g->log_sum_exp[i + r], delta);
    else
      differentiate_general(h, t, i + r, scores, d_scores, own, g->log_sum_exp[i + r], delta,
                            s->mask);
    for (size_t c = seen.from; c < own.from; c++) scores[c] = d_scores[c] = 0;
    for (size_t c = own.to; c < padded; c++) scores[c] = d_scores[c] = 0;
  }
  if (is_plain) return;
  if (is_tile_biased(h, t) && (g->d_bias || d_segment_bias))
    differentiate_bias(g, t, i, rows, seen, s->d_scores, d_segment_bias);
  for (size_t r = 0; r < rows; r++) {
    float *d_scores = s->d_scores + r * GRADIENT_KEYS + seen.from;
    scale(d_scores, h->shape->scale, d_scores, seen.to - seen.from);
  }
}

/// Queries `[i, i + rows)` against a tile of keys whose panels are ready.
static void differentiate_tile(const head_gradient *g, const gradient_scratch *s, const key_tile *t,
                               size_t i, size_t rows, const ak_segment_gradient *wanted) {
  const query_rows *h = &g->rows;
  const key_range seen = whole_panels(seen_by_rows(h, i, rows, t));
  if (seen.from == seen.to) return;
  const size_t width = h->shape->head_width, panels = (width + PANEL - 1) / PANEL;
  const size_t ld = panels * PANEL, count = seen.to - seen.from;
  const size_t key_panels = (count + PANEL - 1) / PANEL;
  const float *q = h->q + i * h->ldq, *d_out = g->d_out + i * g->ldo;
  multiply_panels(rows, q, h->ldq, false, key_panels, s->keys_turned + seen.from * width,
                  width * PANEL, width, s->scores + seen.from, GRADIENT_KEYS, false);
  multiply_panels(rows, d_out, g->ldo, false, key_panels, s->values_turned + seen.from * width,
                  width * PANEL, width, s->d_scores + seen.from, GRADIENT_KEYS, false);
  differentiate_scores(g, s, t, i, rows, seen, wanted->bias);
  if (wanted->v) {
    pack_rows(d_out, g->ldo, rows, width, s->d_out, GRADIENT_QUERIES * PANEL);
    multiply_panels(count, s->scores + seen.from, GRADIENT_KEYS, true, panels, s->d_out,
                    GRADIENT_QUERIES * PANEL, rows, s->dv + seen.from * ld, ld, true);
  }
  if (wanted->k) {
    pack_rows(q, h->ldq, rows, width, s->queries, GRADIENT_QUERIES * PANEL);
    multiply_panels(count, s->d_scores + seen.from, GRADIENT_KEYS, true, panels, s->queries,
                    GRADIENT_QUERIES * PANEL, rows, s->dk + seen.from * ld, ld, true);
  }
  if (!g->dq) return;
  multiply_panels(rows, s->d_scores + seen.from, GRADIENT_KEYS, false, panels,
                  s->keys + seen.from * PANEL, GRADIENT_KEYS * PANEL, count, s->dq, ld, false);
  deliver(s->dq, ld, g->dq + i * h->ldq, h->ldq, rows, width);
}

/// All rows of a head against one segment. `wanted` has the head's columns added already.
static void differentiate(const head_gradient *g, const gradient_scratch *s,
                          const ak_segment *segment, size_t column,
                          const ak_segment_gradient *wanted) {
  const query_rows *h = &g->rows;
  const size_t width = h->shape->head_width, ld = round_up(width, PANEL);
  const size_t block = share(h->rows, GRADIENT_QUERIES);
  key_tile t = {.segment = segment};
  for (; t.first < segment->count && h->rows > 0; t.first += t.count) {
    t.count = smaller(GRADIENT_KEYS, segment->count - t.first);
    t.k = segment->k + t.first * segment->ldk + column;
    t.v = segment->v + t.first * segment->ldv + column;
    const key_range any = seen_by_rows(h, 0, h->rows, &t);
    if (any.from == any.to) continue;
    if (g->dq) pack_rows(t.k, segment->ldk, t.count, width, s->keys, GRADIENT_KEYS * PANEL);
    pack_turned(t.k, segment->ldk, t.count, width, s->keys_turned, width * PANEL);
    pack_turned(t.v, segment->ldv, t.count, width, s->values_turned, width * PANEL);
    memset(s->dk, 0, t.count * ld * sizeof *s->dk);
    memset(s->dv, 0, t.count * ld * sizeof *s->dv);
    for (size_t i = 0; i < h->rows; i += block)
      differentiate_tile(g, s, &t, i, smaller(block, h->rows - i), wanted);
    if (wanted->k)
      deliver(s->dk, ld, wanted->k + t.first * segment->ldk, segment->ldk, t.count, width);
    if (wanted->v)
      deliver(s->dv, ld, wanted->v + t.first * segment->ldv, segment->ldv, t.count, width);
  }
}

static void attention_backward(const ak_attention_shape *shape, const ak_queries *queries,
                               const ak_segment *segments, size_t segment_count, const float *out,
                               size_t ldo, const float *log_sum_exp, const float *d_out,
                               const ak_query_gradient *query_gradient,
                               const ak_segment_gradient *segment_gradients, size_t first_head,
                               size_t last_head) {
  const size_t width = shape->head_width, padded = round_up(width, PANEL);
  const size_t by_keys = GRADIENT_KEYS * padded, by_queries = GRADIENT_QUERIES * padded;
  const size_t tile_floats = GRADIENT_QUERIES * GRADIENT_KEYS;
  float *memory = ak_scratch(5 * by_keys + 3 * by_queries + 2 * tile_floats + GRADIENT_KEYS);
  if (!memory) {
    ak_kernels_reference.attention_backward(shape, queries, segments, segment_count, out, ldo,
                                            log_sum_exp, d_out, query_gradient, segment_gradients,
                                            first_head, last_head);
    return;
  }
  gradient_scratch s = {.keys = memory};
  s.keys_turned = s.keys + by_keys;
  s.values_turned = s.keys_turned + by_keys;
  s.dk = s.values_turned + by_keys;
  s.dv = s.dk + by_keys;
  s.queries = s.dv + by_keys;
  s.d_out = s.queries + by_queries;
  s.dq = s.d_out + by_queries;
  s.scores = s.dq + by_queries;
  s.d_scores = s.scores + tile_floats;
  s.mask = s.d_scores + tile_floats;
  const size_t group = shape->heads / shape->key_heads;
  for (size_t head = first_head; head < last_head; head++) {
    const size_t column = head * width, key_column = head / group * width;
    const size_t bias_column = head * shape->bias.buckets;
    const query_rows h = {shape, queries, queries->q + column, queries->ldq, queries->count, head,
                          false};
    const head_gradient g = {h, out + column, log_sum_exp + head * queries->count, d_out + column,
                             ldo, query_gradient->q ? query_gradient->q + column : NULL,
                             query_gradient->bias ? query_gradient->bias + bias_column : NULL};
    for (size_t n = 0; n < segment_count; n++) {
      const ak_segment_gradient *d = segment_gradients + n;
      const ak_segment_gradient wanted = {d->k ? d->k + key_column : NULL,
                                          d->v ? d->v + key_column : NULL,
                                          d->bias ? d->bias + bias_column : NULL};
      differentiate(&g, &s, segments + n, key_column, &wanted);
    }
  }
}
