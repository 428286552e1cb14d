/// Attention of a sequence's queries over keys that lie in any number of places.
///
///   score(i, j) = cap(scale · (q·k) + bias),   out(i) = Σ_j softmax_j(score(i, j)) v(j)
///
/// Works on tiles of queries and keys and never holds all scores (Dao et al., 2022). Heads lie side by
/// side in a row.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Far enough to reach every key.
static const ptrdiff_t AK_UNLIMITED = PTRDIFF_MAX / 4;

/// What is added to scores by the distance from the query to the key: of each head a row of buckets,
/// and of each distance a bucket. The rows are the queries' and the segments'.
typedef struct {
  size_t buckets;           ///< how many each head has; 0 for no bias
  const int16_t *bucket_of; ///< `[distances]`: of the distance `least`, of the next, …
  size_t distances;         ///< beyond either end the bucket is the end's
  ptrdiff_t least;          ///< the first distance, of the key's place less the query's
  bool is_scaled;           ///< whether `scale` multiplies the bias as well
} ak_position_bias;

/// Probabilities that are set to 0, the others being divided by `1 - drop`.
///
/// The number that decides is drawn for the seed, the stream, the query's number, the head and the
/// key's place, so it does not depend on how keys are cut into segments or texts into batches.
typedef struct {
  uint64_t seed, stream;
  float drop;  ///< how likely; 0 for no dropout at all
} ak_attention_dropout;

/// How scores are made, and which keys a query sees.
///
/// A key at place `j` is seen from place `i` where `i - behind ≤ j ≤ i + ahead`, each limit being
/// `AK_UNLIMITED` where there is none. A segment that begins before place 0 is seen whole.
typedef struct {
  size_t heads, key_heads;  ///< query head `h` reads key head `h / (heads / key_heads)`
  size_t head_width;
  float scale;
  float softcap;            ///< c: a score s becomes c·tanh(s / c); 0 for s itself
  ptrdiff_t behind, ahead;
  ak_position_bias bias;
  ak_attention_dropout dropout;
} ak_attention_shape;

/// The queries of one sequence.
typedef struct {
  const float *q;  ///< `[count, heads · head_width]`
  size_t ldq, count;
  const int32_t *places;    ///< `[count]`, ascending; may be NULL without limits and bias
  const float *bias;        ///< `[count, heads · buckets]`, or one row with `ld_bias` 0; or NULL
  size_t ld_bias;
  const uint64_t *numbers;  ///< `[count]`, below 2⁴⁰, for dropout alone
} ak_queries;

/// Keys and values that lie together: packed tokens, a prefix, a page of a cache.
typedef struct {
  const float *k, *v;  ///< `[count, key_heads · head_width]`
  size_t ldk, ldv, count;
  ptrdiff_t place;       ///< the first key's in its sequence
  bool is_biased;        ///< whether a bias by distance applies to these keys
  ptrdiff_t bias_shift;  ///< added to the keys' places for the bias alone
  const float *bias;     ///< `[count, heads · buckets]`, or one row with `ld_bias` 0; or NULL
  size_t ld_bias;
} ak_segment;

/// The gradients of one sequence's queries, each with the stride of what it belongs to. NULL where
/// nobody wants it.
typedef struct {
  float *q, *bias;
} ak_query_gradient;

/// The gradients of a segment, likewise.
typedef struct {
  float *k, *v, *bias;
} ak_segment_gradient;

/// Writes `out`, `[count, heads · head_width]`, which may not overlap what is read.
///
/// - first_head, last_head: only heads `[first_head, last_head)`, so that threads can share them.
/// - log_sum_exp: `[heads, count]` for the gradient, may be NULL.
///
/// A query that sees no key gets zeros and a `log_sum_exp` of -∞.
void ak_attention(const ak_attention_shape *shape, const ak_queries *queries,
                  const ak_segment *segments, size_t segment_count, float *out, size_t ldo,
                  size_t first_head, size_t last_head, float *log_sum_exp);

/// Adds to the gradients, for the given heads. `out` and `log_sum_exp` come from `ak_attention`, and
/// `d_out` has the stride of `out`.
///
/// Heads that share a key head add to the same columns: threads may not share those out.
void ak_attention_backward(const ak_attention_shape *shape, const ak_queries *queries,
                           const ak_segment *segments, size_t segment_count, const float *out,
                           size_t ldo, const float *log_sum_exp, const float *d_out,
                           const ak_query_gradient *query_gradient,
                           const ak_segment_gradient *segment_gradients, size_t first_head,
                           size_t last_head);

#ifdef __cplusplus
}
#endif
