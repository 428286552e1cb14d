/// A register of `LANES` floats, and what every kernel does with it.
///
/// Written with the compilers' vector extensions, so that one source serves every instruction set.
/// `a * b + c` becomes one fused instruction (`-ffp-contract=fast`).

typedef float vf __attribute__((vector_size(LANES * 4)));
typedef int32_t vi __attribute__((vector_size(LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(LANES * 4)));

static inline vf load(const float *p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void store(float *p, vf v) { memcpy(p, &v, sizeof v); }

static inline vf splat(float x) { return x - (vf){0}; }

/// The first `n` lanes from memory, zeros in the others.
static inline vf load_some(const float *p, size_t n) {
  float lanes[LANES] = {0};
  for (size_t i = 0; i < n; i++) lanes[i] = p[i];
  return load(lanes);
}

static inline void store_some(float *p, vf v, size_t n) {
  float lanes[LANES];
  store(lanes, v);
  for (size_t i = 0; i < n; i++) p[i] = lanes[i];
}

/// `mask ? a : b`, with a mask of all bits or none, as comparisons give it.
static inline vf blend(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }

/// The larger; `b` when `a` is NaN.
static inline vf larger(vf a, vf b) { return blend(a > b, a, b); }

static inline vf magnitude(vf x) { return (vf)((vi)x & 0x7fffffff); }
static inline vf with_sign(vf x, vf sign) {
  return (vf)(((vi)x & 0x7fffffff) | ((vi)sign & (int32_t)0x80000000));
}

static inline float sum_lanes(vf v) {
  float lanes[LANES];
  store(lanes, v);
  for (size_t width = LANES / 2; width; width /= 2)
    for (size_t i = 0; i < width; i++) lanes[i] += lanes[i + width];
  return lanes[0];
}

/// The largest lane that is not NaN, or -∞.
static inline float max_lanes(vf v) {
  float lanes[LANES], largest = -INFINITY;
  store(lanes, v);
  for (size_t i = 0; i < LANES; i++) largest = lanes[i] > largest ? lanes[i] : largest;
  return largest;
}
