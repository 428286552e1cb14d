/// From products to probabilities: the scores of a tile, row by row.
///
///   product · scale (+ bias by distance) (→ cap) → exp(score - largest) (→ dropout)

/// The rows of a tile are queries of one head, or for a single query the heads of a group: what they
/// share is read once.
typedef struct {
  const ak_attention_shape *shape;
  const ak_queries *queries;
  const float *q;
  size_t ldq, rows, head;
  bool rows_are_heads;
} query_rows;

static inline size_t query_of_row(const query_rows *h, size_t r) { return h->rows_are_heads ? 0 : r; }
static inline size_t head_of_row(const query_rows *h, size_t r) {
  return h->rows_are_heads ? h->head + r : h->head;
}

/// Keys and values that are attended to at once: `count` of a segment from `first` on, with the
/// columns of the head already added to the addresses.
typedef struct {
  const ak_segment *segment;
  const float *k, *v;
  size_t first, count;
} key_tile;

/// What any of the rows `[i, i + rows)` sees of a tile.
static inline key_range seen_by_rows(const query_rows *h, size_t i, size_t rows, const key_tile *t) {
  return seen_keys(h->shape, h->queries->places, query_of_row(h, i), query_of_row(h, i + rows - 1),
                   t->segment, t->first, t->count);
}

/// The range with its start at the start of a panel.
static inline key_range whole_panels(key_range seen) {
  return (key_range){seen.from / PANEL * PANEL, seen.to};
}

static inline bool is_tile_biased(const query_rows *h, const key_tile *t) {
  return is_biased(h->shape, h->queries, t->segment);
}

/// The biases of a row's head by bucket; NULL where queries have none.
static inline const float *query_bias(const query_rows *h, size_t r) {
  const ak_queries *q = h->queries;
  const size_t column = head_of_row(h, r) * h->shape->bias.buckets;
  return q->bias ? q->bias + query_of_row(h, r) * q->ld_bias + column : NULL;
}

static inline ptrdiff_t distance_of_row(const query_rows *h, size_t r, const key_tile *t) {
  return bias_distance(h->queries->places, query_of_row(h, r), t->segment, t->first);
}

/// Adds the bias to the rows `[i, i + rows)` of scores, which lie `ld` apart and are scaled already.
static void add_bias(const query_rows *h, const key_tile *t, size_t i, size_t rows, key_range seen,
                     float *scores, size_t ld) {
  const ak_position_bias *bias = &h->shape->bias;
  const ak_segment *segment = t->segment;
  const float factor = bias->is_scaled ? h->shape->scale : 1;
  for (size_t r = 0; r < rows; r++) {
    const float *by_bucket = query_bias(h, i + r);
    const ptrdiff_t distance = distance_of_row(h, i + r, t);
    for (size_t c = seen.from; by_bucket && c < seen.to; c++)
      scores[r * ld + c] += factor * by_bucket[bucket_of(bias, distance + (ptrdiff_t)c)];
  }
  if (!segment->bias) return;
  // A few keys at a time: their rows of biases stay in the first-level cache while all queries pass.
  for (size_t start = seen.from; start < seen.to; start += PANEL) {
    const size_t end = smaller(start + PANEL, seen.to);
    for (size_t r = 0; r < rows; r++) {
      const float *by_bucket = segment->bias + t->first * segment->ld_bias +
                               head_of_row(h, i + r) * bias->buckets;
      const ptrdiff_t distance = distance_of_row(h, i + r, t);
      for (size_t c = start; c < end; c++)
        scores[r * ld + c] += factor * by_bucket[c * segment->ld_bias +
                                                 bucket_of(bias, distance + (ptrdiff_t)c)];
    }
  }
}

/// Products → scores where more than a factor makes one: scaled, biased, capped.
static void finish_scores(const query_rows *h, const key_tile *t, size_t i, size_t rows,
                          key_range seen, float *scores, size_t ld) {
  const size_t n = seen.to - seen.from;
  for (size_t r = 0; r < rows; r++)
    scale(scores + r * ld + seen.from, h->shape->scale, scores + r * ld + seen.from, n);
  if (is_tile_biased(h, t)) add_bias(h, t, i, rows, seen, scores, ld);
  const float cap = h->shape->softcap;
  for (size_t r = 0; cap > 0 && r < rows; r++) {
    float *row = scores + r * ld + seen.from;
    for (size_t c = 0, left; c < n; c += LANES) {
      left = n - c;
      if (left >= LANES)
        store(row + c, vtanh(load(row + c) / cap) * cap);
      else
        store_some(row + c, vtanh(load_some(row + c, left) / cap) * cap, left);
    }
  }
}

/// Whether a factor is all that makes scores of products.
static inline bool only_scales(const query_rows *h, const key_tile *t) {
  return h->shape->softcap == 0 && !is_tile_biased(h, t);
}

/// The dropout of a row's probabilities of the keys `seen` into `mask`, at the same columns.
static void draw_mask(const query_rows *h, const key_tile *t, size_t r, key_range seen,
                      float *mask) {
  const ak_attention_dropout *dropout = &h->shape->dropout;
  const uint64_t offset = dropout_offset(h->queries, query_of_row(h, r), t->segment,
                                         t->first + seen.from);
  dropout_mask(dropout->seed, dropout_stream(h->shape, head_of_row(h, r)), offset, 1 - dropout->drop,
               mask + seen.from, seen.to - seen.from);
}
