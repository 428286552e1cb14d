/// Conversions between `float` and the two 16-bit formats, to nearest with ties to even.

static inline uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

static inline float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

/// The upper half of the result is zero.
static inline uint32_t bf16_bits(float x) {
  uint32_t bits = bits_of(x);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  uint32_t quiet_nan = (bits >> 16) | 0x40;
  return (bits & 0x7fffffff) > 0x7f800000 ? quiet_nan : rounded;
}

static void round_bf16(const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = float_of(bf16_bits(x[i]) << 16);
}

static void to_bf16(const float *x, uint16_t *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = (uint16_t)bf16_bits(x[i]);
}

static void from_bf16(const uint16_t *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = float_of((uint32_t)x[i] << 16);
}

static void to_f16(const float *x, uint16_t *y, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t bits = bits_of(x[i]), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
    // Adding ½ puts the last bit of a subnormal half where the float's own rounding acts.
    uint32_t subnormal = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000;
    uint32_t normal = (magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    uint32_t infinite = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
    uint32_t half = magnitude < 0x38800000 ? subnormal : normal;
    y[i] = (uint16_t)(sign | (magnitude >= 0x477ff000 ? infinite : half));
  }
}

static void from_f16(const uint16_t *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t sign = ((uint32_t)x[i] & 0x8000) << 16, magnitude = x[i] & 0x7fff;
    uint32_t normal = (magnitude << 13) + 0x38000000;
    uint32_t subnormal = bits_of((float)(int32_t)magnitude * 0x1p-24f);
    uint32_t infinite = (magnitude << 13) | 0x7f800000;
    uint32_t finite = magnitude < 0x0400 ? subnormal : normal;
    y[i] = float_of(sign | (magnitude >= 0x7c00 ? infinite : finite));
  }
}
