/// The gradient of attention, tile by tile. Probabilities are computed again from the scores and
/// the kept `log_sum_exp`, so that nothing of size queries × keys was ever stored.
///
///   P = exp(scale · Q Kᵀ - log_sum_exp)        dV = Pᵀ dO
///   dS = P ∘ (dO Vᵀ - rowsum(dO ∘ O)) · scale  dQ = dS K    dK = dSᵀ Q

enum { GRADIENT_KEYS = 128, GRADIENT_QUERIES = 48 };

/// One head and the gradients it gets.
typedef struct {
  head forward;
  const float *d_out;
  float *dq, *dk, *dv;
} head_gradient;

/// Scratch: matrices in panels, tiles of scores, and sums over queries.
typedef struct {
  float *keys, *keys_turned, *values_turned, *queries, *d_out;
  float *scores, *d_scores, *dk, *dv, *dq;
} gradient_scratch;

/// Scores → probabilities and their products with `dO Vᵀ` → gradients of the scores, for one row.
static inline void differentiate_row(float *scores, float *d_scores, size_t seen, size_t padded,
                                     float factor, float log_sum_exp, float delta) {
  for (size_t c = 0; c < seen; c += LANES) {
    vf p = vexp(load(scores + c) * factor - log_sum_exp);
    store(scores + c, p);
    store(d_scores + c, p * (load(d_scores + c) - delta) * factor);
  }
  for (size_t c = seen; c < padded; c++) scores[c] = d_scores[c] = 0;
}

/// Copies `rows` rows out of scratch, or adds them.
static void deliver(const float *from, size_t ld_from, float *to, size_t ld_to, size_t rows,
                    size_t width, bool add_to_result) {
  for (size_t r = 0; r < rows; r++) {
    if (add_to_result)
      add(to + r * ld_to, from + r * ld_from, to + r * ld_to, width);
    else
      memcpy(to + r * ld_to, from + r * ld_from, width * sizeof *to);
  }
}

/// Queries `[i, i + rows)` against keys `[first, first + count)`, whose panels are ready.
static void differentiate_tile(const head_gradient *g, const gradient_scratch *s, size_t i,
                               size_t rows, size_t first, size_t count) {
  const head *h = &g->forward;
  const size_t width = h->width, panels = (width + PANEL - 1) / PANEL, ld = panels * PANEL;
  const size_t seen = seen_keys(i + rows - 1, h->queries, h->keys, h->causal, first, count);
  const size_t key_panels = (seen + PANEL - 1) / PANEL;
  const float *q = h->q + i * h->ldq, *d_out = g->d_out + i * h->ldo;
  multiply_panels(rows, q, h->ldq, false, key_panels, s->keys_turned, width * PANEL, width,
                  s->scores, GRADIENT_KEYS, false);
  multiply_panels(rows, d_out, h->ldo, false, key_panels, s->values_turned, width * PANEL, width,
                  s->d_scores, GRADIENT_KEYS, false);
  for (size_t r = 0; r < rows; r++) {
    const float delta = row_dot(d_out + r * h->ldo, h->out + (i + r) * h->ldo, width);
    size_t own = seen_keys(i + r, h->queries, h->keys, h->causal, first, count);
    differentiate_row(s->scores + r * GRADIENT_KEYS, s->d_scores + r * GRADIENT_KEYS, own,
                      key_panels * PANEL, h->scale, h->log_sum_exp[i + r], delta);
  }
  pack_rows(q, h->ldq, rows, width, s->queries, GRADIENT_QUERIES * PANEL);
  pack_rows(d_out, h->ldo, rows, width, s->d_out, GRADIENT_QUERIES * PANEL);
  multiply_panels(seen, s->scores, GRADIENT_KEYS, true, panels, s->d_out, GRADIENT_QUERIES * PANEL,
                  rows, s->dv, ld, true);
  multiply_panels(seen, s->d_scores, GRADIENT_KEYS, true, panels, s->queries,
                  GRADIENT_QUERIES * PANEL, rows, s->dk, ld, true);
  multiply_panels(rows, s->d_scores, GRADIENT_KEYS, false, panels, s->keys, GRADIENT_KEYS * PANEL,
                  seen, s->dq, ld, false);
  deliver(s->dq, ld, g->dq + i * h->ldq, h->ldq, rows, width, first > 0);
}

static void differentiate(const head_gradient *g, const gradient_scratch *s) {
  const head *h = &g->forward;
  const size_t width = h->width, ld = round_up(width, PANEL);
  const size_t block = share(h->queries, GRADIENT_QUERIES);
  size_t first = 0, count;
  do {  // once even without keys: dq is zeros then
    count = smaller(GRADIENT_KEYS, h->keys - first);
    const float *k = h->k + first * h->ldk, *v = h->v + first * h->ldv;
    pack_rows(k, h->ldk, count, width, s->keys, GRADIENT_KEYS * PANEL);
    pack_turned(k, h->ldk, count, width, s->keys_turned, width * PANEL);
    pack_turned(v, h->ldv, count, width, s->values_turned, width * PANEL);
    memset(s->dk, 0, count * ld * sizeof *s->dk);
    memset(s->dv, 0, count * ld * sizeof *s->dv);
    for (size_t i = 0; i < h->queries; i += block)
      differentiate_tile(g, s, i, smaller(block, h->queries - i), first, count);
    deliver(s->dk, ld, g->dk + first * h->ldk, h->ldk, count, width, false);
    deliver(s->dv, ld, g->dv + first * h->ldv, h->ldv, count, width, false);
    first += count;
  } while (first < h->keys);
}

static void attention_backward(const float *q, size_t ldq, const float *k, size_t ldk,
                               const float *v, size_t ldv, const float *out, size_t ldo,
                               const float *log_sum_exp, const float *d_out, float *dq, float *dk,
                               float *dv, size_t queries, size_t keys, size_t head_width,
                               size_t first_head, size_t last_head, float factor, bool causal) {
  const size_t padded = round_up(head_width, PANEL);
  const size_t by_keys = GRADIENT_KEYS * padded, by_queries = GRADIENT_QUERIES * padded;
  const size_t tile_floats = GRADIENT_QUERIES * GRADIENT_KEYS;
  float *memory = ak_scratch(5 * by_keys + 3 * by_queries + 2 * tile_floats);
  if (!memory) {
    ak_kernels_reference.attention_backward(q, ldq, k, ldk, v, ldv, out, ldo, log_sum_exp, d_out,
                                            dq, dk, dv, queries, keys, head_width, first_head,
                                            last_head, factor, causal);
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
  for (size_t i = first_head; i < last_head; i++) {
    const size_t column = i * head_width;
    // The forward pass's result is only read here; its type is what `head` has.
    const head h = {q + column, k + column, v + column, (float *)out + column,
                    (float *)log_sum_exp + i * queries,
                    ldq, ldk, ldv, ldo, queries, keys, head_width, factor, causal};
    const head_gradient g = {h, d_out + column, dq + column, dk + column, dv + column};
    differentiate(&g, &s);
  }
}
