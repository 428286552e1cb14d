/// What every form of attention asks alike: who sees whom, at which distance, and what is dropped.
#pragma once

#include "include/Attention.h"

/// Keys `[from, to)` of some.
typedef struct {
  size_t from, to;
} key_range;

static inline size_t held_between(ptrdiff_t value, size_t most) {
  return value < 0 ? 0 : (size_t)value > most ? most : (size_t)value;
}

/// Which of the keys `[first, first + count)` of a segment the queries `i` to `last` see, together:
/// their places ascend, so the first reaches furthest back and the last furthest ahead.
static inline key_range seen_keys(const ak_attention_shape *shape, const int32_t *places, size_t i,
                                  size_t last, const ak_segment *segment, size_t first,
                                  size_t count) {
  const bool is_limited = shape->behind < AK_UNLIMITED || shape->ahead < AK_UNLIMITED;
  if (!is_limited || segment->place < 0) return (key_range){0, count};
  const ptrdiff_t place = segment->place + (ptrdiff_t)first;
  const key_range seen = {held_between(places[i] - place - shape->behind, count),
                          held_between(places[last] - place + shape->ahead + 1, count)};
  return seen.from < seen.to ? seen : (key_range){0, 0};
}

/// How far key `first` of a segment is from query `i`, as the bias counts.
static inline ptrdiff_t bias_distance(const int32_t *places, size_t i, const ak_segment *segment,
                                      size_t first) {
  return segment->place + segment->bias_shift + (ptrdiff_t)first - places[i];
}

/// The bucket of a distance.
static inline size_t bucket_of(const ak_position_bias *bias, ptrdiff_t distance) {
  return (size_t)bias->bucket_of[held_between(distance - bias->least, bias->distances - 1)];
}

/// Whether a bias is added to a segment's scores.
static inline bool is_biased(const ak_attention_shape *shape, const ak_queries *queries,
                             const ak_segment *segment) {
  return shape->bias.buckets > 0 && segment->is_biased && (queries->bias || segment->bias);
}

/// The stream of a head's dropout, and where in it a query's numbers of a segment's keys begin.
static inline uint64_t dropout_stream(const ak_attention_shape *shape, size_t head) {
  return shape->dropout.stream + (head + 1) * 0x9E3779B97F4A7C15u;
}
static inline uint64_t dropout_offset(const ak_queries *queries, size_t i, const ak_segment *segment,
                                      size_t first) {
  // A prefix has places below 0: the middle of a query's 2²⁴ numbers is place 0.
  return (queries->numbers[i] << 24) + (uint64_t)(segment->place + (ptrdiff_t)first + (1 << 23));
}
