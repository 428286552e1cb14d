/// Attention one query at a time: scores are computed anew wherever they are needed, so nothing
/// has to be stored. In double precision.

/// How many keys query `i` sees.
static size_t visible(size_t i, size_t queries, size_t keys, bool causal) {
  if (!causal) return keys;
  return i + 1 + keys > queries ? i + 1 + keys - queries : 0;
}

static double inner(const float *a, const float *b, size_t n) {
  double total = 0;
  for (size_t i = 0; i < n; i++) total += (double)a[i] * b[i];
  return total;
}

static void attention(const float *q, size_t ldq, const float *k, size_t ldk, const float *v,
                      size_t ldv, float *out, size_t ldo, size_t queries, size_t keys,
                      size_t head_width, size_t first_head, size_t last_head, float scale,
                      bool causal, float *log_sum_exp) {
  for (size_t h = first_head; h < last_head; h++)
    for (size_t i = 0; i < queries; i++) {
      const size_t column = h * head_width, seen = visible(i, queries, keys, causal);
      const float *query = q + i * ldq + column;
      double largest = -INFINITY, total = 0;
      for (size_t j = 0; j < seen; j++) {
        double score = scale * inner(query, k + j * ldk + column, head_width);
        if (!(score <= largest)) largest = score;
      }
      for (size_t j = 0; j < seen; j++)
        total += exp(scale * inner(query, k + j * ldk + column, head_width) - largest);
      // Sixteen columns at once, so that a score is not computed again for each.
      for (size_t c = 0, n; c < head_width; c += n) {
        double results[16] = {0};
        n = smaller(16, head_width - c);
        for (size_t j = 0; j < seen; j++) {
          double score = scale * inner(query, k + j * ldk + column, head_width);
          double p = exp(score - largest) / total;
          for (size_t d = 0; d < n; d++) results[d] += p * v[j * ldv + column + c + d];
        }
        for (size_t d = 0; d < n; d++) out[i * ldo + column + c + d] = (float)results[d];
      }
      if (log_sum_exp)
        log_sum_exp[h * queries + i] = seen ? (float)(largest + log(total)) : -INFINITY;
    }
}

static void attention_backward(const float *q, size_t ldq, const float *k, size_t ldk,
                               const float *v, size_t ldv, const float *out, size_t ldo,
                               const float *log_sum_exp, const float *d_out, float *dq, float *dk,
                               float *dv, size_t queries, size_t keys, size_t head_width,
                               size_t first_head, size_t last_head, float scale, bool causal) {
  const size_t from = first_head * head_width, to = last_head * head_width;
  for (size_t i = 0; i < queries; i++)
    for (size_t c = from; c < to; c++) dq[i * ldq + c] = 0;
  for (size_t j = 0; j < keys; j++)
    for (size_t c = from; c < to; c++) dk[j * ldk + c] = dv[j * ldv + c] = 0;
  for (size_t h = first_head; h < last_head; h++)
    for (size_t i = 0; i < queries; i++) {
      const size_t column = h * head_width, seen = visible(i, queries, keys, causal);
      const float *query = q + i * ldq + column, *gradient = d_out + i * ldo + column;
      const double delta = inner(gradient, out + i * ldo + column, head_width);
      for (size_t j = 0; j < seen; j++) {
        const float *key = k + j * ldk + column, *value = v + j * ldv + column;
        double p = exp(scale * inner(query, key, head_width) - log_sum_exp[h * queries + i]);
        double d_score = p * (inner(gradient, value, head_width) - delta) * scale;
        for (size_t c = 0; c < head_width; c++) {
          dq[i * ldq + column + c] += (float)(d_score * key[c]);
          dk[j * ldk + column + c] += (float)(d_score * query[c]);
          dv[j * ldv + column + c] += (float)(p * gradient[c]);
        }
      }
    }
}
