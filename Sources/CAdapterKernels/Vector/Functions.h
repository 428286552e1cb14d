/// Exponential, hyperbolic tangent and error function, each good to about two units in the last
/// place. The polynomials are those of Cephes (S. Moshier) and, for erf, of N. Juffa.

/// eˣ = 2ⁿ · eʳ with |r| ≤ ½ log 2. Gives 0 and ∞ beyond the range, NaN for NaN.
static inline vf vexp(vf x) {
  x = blend(x > 89, splat(89), x);
  x = blend(x < -104, splat(-104), x);
  // Adding 1.5 · 2²³ rounds to a whole number, which then stands in the lowest bits.
  const float magic = 12582912;
  vf shifted = x * 1.44269504f + magic;
  vf n = shifted - magic;
  vf r = n * -0.693359375f + x;
  r = n * 2.12194440e-4f + r;
  vf p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1;
  // In two factors, because 2ⁿ alone may leave the range where the result does not.
  vi exponent = (vi)((vu)shifted - 0x4b400000u);
  vi half = exponent >> 1;
  vf low = (vf)(((vu)half + 127u) << 23), high = (vf)(((vu)(exponent - half) + 127u) << 23);
  return p * low * high;
}

static inline vf vsigmoid(vf x) { return 1 / (1 + vexp(-x)); }

static inline vf vtanh(vf x) {
  vf size = magnitude(x), s = x * x;
  vf large = 1 - 2 / (vexp(size + size) + 1);
  vf p = s * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  return blend(size < 0.625f, p * s * x + x, with_sign(large, x));
}

static inline vf verf(vf x) {
  vf t = magnitude(x), s = x * x;
  t = blend(t > 4, splat(4), t);
  // Beyond 0.93, 1 - exp(polynomial).
  vf r = t * -1.72853470e-5f + 3.83197126e-4f;
  vf u = t * -3.88396438e-3f + 2.42546219e-2f;
  r = r * (t * t) + u;
  r = r * t - 1.06777877e-1f;
  r = r * t - 6.34846687e-1f;
  r = r * t - 1.28717512e-1f;
  r = r * t - t;
  vf large = with_sign(1 - vexp(r), x);
  vf p = s * -5.96761703e-4f + 4.99119423e-3f;
  p = p * s - 2.67681349e-2f;
  p = p * s + 1.12819925e-1f;
  p = p * s - 3.76125336e-1f;
  p = p * s + 1.28379166e-1f;
  return blend(t > 0.927734375f, large, p * x + x);
}
