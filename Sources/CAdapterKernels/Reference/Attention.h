/// Attention one query at a time: scores are computed anew wherever they are needed, so nothing
/// has to be stored. In double precision.
#include "../AttentionRules.h"

static double inner(const float *a, const float *b, size_t n) {
  double total = 0;
  for (size_t i = 0; i < n; i++) total += (double)a[i] * b[i];
  return total;
}

/// One query's head: what its score of a key depends on.
typedef struct {
  const ak_attention_shape *shape;
  const ak_queries *queries;
  size_t i, head, column, key_column;
} one_query;

static one_query query_of(const ak_attention_shape *shape, const ak_queries *queries, size_t i,
                          size_t head) {
  const size_t key_head = head / (shape->heads / shape->key_heads);
  return (one_query){shape, queries, i, head, head * shape->head_width, key_head * shape->head_width};
}

/// Where in a row of biases the one of this query, or segment, and key stands.
static size_t bias_column(const one_query *q, const ak_segment *segment, size_t j) {
  const ak_position_bias *bias = &q->shape->bias;
  return q->head * bias->buckets +
         bucket_of(bias, bias_distance(q->queries->places, q->i, segment, j));
}

static double score_of(const one_query *q, const ak_segment *segment, size_t j) {
  const ak_attention_shape *shape = q->shape;
  const float *query = q->queries->q + q->i * q->queries->ldq + q->column;
  const float *key = segment->k + j * segment->ldk + q->key_column;
  double score = shape->scale * inner(query, key, shape->head_width);
  if (is_biased(shape, q->queries, segment)) {
    const size_t column = bias_column(q, segment, j);
    double bias = 0;
    if (q->queries->bias) bias += q->queries->bias[q->i * q->queries->ld_bias + column];
    if (segment->bias) bias += segment->bias[j * segment->ld_bias + column];
    score += shape->bias.is_scaled ? shape->scale * bias : bias;
  }
  return shape->softcap > 0 ? shape->softcap * tanh(score / shape->softcap) : score;
}

/// What a probability is multiplied by: 1, or what dropout says.
static double kept(const one_query *q, const ak_segment *segment, size_t j) {
  const ak_attention_dropout *dropout = &q->shape->dropout;
  if (dropout->drop == 0) return 1;
  float mask;
  dropout_mask(dropout->seed, dropout_stream(q->shape, q->head),
               dropout_offset(q->queries, q->i, segment, j), 1 - dropout->drop, &mask, 1);
  return mask;
}

static key_range seen_by(const one_query *q, const ak_segment *segment) {
  return seen_keys(q->shape, q->queries->places, q->i, q->i, segment, 0, segment->count);
}

/// The largest score of all, and the sum of the exponentials relative to it.
static double total_of(const one_query *q, const ak_segment *segments, size_t segment_count,
                       double *largest) {
  *largest = -INFINITY;
  for (size_t s = 0; s < segment_count; s++) {
    const key_range seen = seen_by(q, segments + s);
    for (size_t j = seen.from; j < seen.to; j++) {
      double score = score_of(q, segments + s, j);
      if (!(score <= *largest)) *largest = score;
    }
  }
  double total = 0;
  for (size_t s = 0; s < segment_count; s++) {
    const key_range seen = seen_by(q, segments + s);
    for (size_t j = seen.from; j < seen.to; j++)
      total += exp(score_of(q, segments + s, j) - *largest);
  }
  return total;
}

static void attention(const ak_attention_shape *shape, const ak_queries *queries,
                      const ak_segment *segments, size_t segment_count, float *out, size_t ldo,
                      size_t first_head, size_t last_head, float *log_sum_exp) {
  for (size_t h = first_head; h < last_head; h++)
    for (size_t i = 0; i < queries->count; i++) {
      const one_query q = query_of(shape, queries, i, h);
      double largest, total = total_of(&q, segments, segment_count, &largest);
      // Sixteen columns at once, so that a score is not computed again for each.
      for (size_t c = 0, n; c < shape->head_width; c += n) {
        double results[16] = {0};
        n = smaller(16, shape->head_width - c);
        for (size_t s = 0; s < segment_count; s++) {
          const key_range seen = seen_by(&q, segments + s);
          for (size_t j = seen.from; j < seen.to; j++) {
            double p = exp(score_of(&q, segments + s, j) - largest) / total;
            p *= kept(&q, segments + s, j);
            const float *value = segments[s].v + j * segments[s].ldv + q.key_column + c;
            for (size_t d = 0; d < n; d++) results[d] += p * value[d];
          }
        }
        for (size_t d = 0; d < n; d++) out[i * ldo + q.column + c + d] = (float)results[d];
      }
      // -∞ where no key is seen: the logarithm of no sum.
      if (log_sum_exp) log_sum_exp[h * queries->count + i] = (float)(largest + log(total));
    }
}

/// What one score's gradient gives to everything the score was made of.
static void spread(const one_query *q, const ak_segment *segment, size_t j, double d_score,
                   const ak_query_gradient *dq, const ak_segment_gradient *ds) {
  const ak_attention_shape *shape = q->shape;
  const float *query = q->queries->q + q->i * q->queries->ldq + q->column;
  const float *key = segment->k + j * segment->ldk + q->key_column;
  for (size_t c = 0; c < shape->head_width; c++) {
    if (dq->q)
      dq->q[q->i * q->queries->ldq + q->column + c] += (float)(d_score * shape->scale * key[c]);
    if (ds->k)
      ds->k[j * segment->ldk + q->key_column + c] += (float)(d_score * shape->scale * query[c]);
  }
  if (!is_biased(shape, q->queries, segment)) return;
  const size_t column = bias_column(q, segment, j);
  const double d_bias = shape->bias.is_scaled ? d_score * shape->scale : d_score;
  if (dq->bias) dq->bias[q->i * q->queries->ld_bias + column] += (float)d_bias;
  if (ds->bias) ds->bias[j * segment->ld_bias + column] += (float)d_bias;
}

static void attention_backward(const ak_attention_shape *shape, const ak_queries *queries,
                               const ak_segment *segments, size_t segment_count, const float *out,
                               size_t ldo, const float *log_sum_exp, const float *d_out,
                               const ak_query_gradient *query_gradient,
                               const ak_segment_gradient *segment_gradients, size_t first_head,
                               size_t last_head) {
  const size_t width = shape->head_width;
  for (size_t h = first_head; h < last_head; h++)
    for (size_t i = 0; i < queries->count; i++) {
      const one_query q = query_of(shape, queries, i, h);
      const float *gradient = d_out + i * ldo + q.column;
      const double delta = inner(gradient, out + i * ldo + q.column, width);
      for (size_t s = 0; s < segment_count; s++) {
        const ak_segment *segment = segments + s;
        const key_range seen = seen_by(&q, segment);
        float *dv = segment_gradients[s].v;
        for (size_t j = seen.from; j < seen.to; j++) {
          const double score = score_of(&q, segment, j), mask = kept(&q, segment, j);
          const double p = exp(score - log_sum_exp[h * queries->count + i]);
          const float *value = segment->v + j * segment->ldv + q.key_column;
          double d_score = p * (mask * inner(gradient, value, width) - delta);
          if (shape->softcap > 0) d_score *= 1 - score / shape->softcap * (score / shape->softcap);
          for (size_t c = 0; dv && c < width; c++)
            dv[j * segment->ldv + q.key_column + c] += (float)(p * mask * gradient[c]);
          spread(&q, segment, j, d_score, query_gradient, segment_gradients + s);
        }
      }
    }
}
