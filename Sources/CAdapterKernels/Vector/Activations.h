/// The activations that models use, on vectors; the rare ones one lane at a time.

static inline vf vnormal_cdf(vf x) { return 0.5f * verf(x * 0.70710678f) + 0.5f; }
static inline vf tanh_of_cubic(vf x) {
  return vtanh(0.79788456f * (x + 0.044715f * x * x * x));
}

/// tanh(log(1 + eˣ)) = n / (n + 2) with n = eˣ (eˣ + 2); beyond 20 it is 1 in single precision.
static inline vf tanh_of_softplus(vf x) {
  vf e = vexp(blend(x > 20, splat(20), x));
  vf n = e * (e + 2);
  return n / (n + 2);
}

/// eˣ - 1 = 2 t / (1 - t) with t = tanh(x / 2): exact for small x, where a difference is not.
static inline vf vexpm1(vf x) {
  vf t = vtanh(0.5f * x);
  return 2 * t / (1 - t);
}

/// The argument that Laplace's activation gives to Φ.
static inline vf standardized(vf x) { return (x - 0.707107f) * (1 / 0.282095f); }

/// With a constant `kind` only its own case is left.
static inline __attribute__((always_inline)) vf activated(int kind, vf x) {
  const vf zero = {0};
  switch (kind) {
    case AK_LINEAR: return x;
    case AK_RELU: return blend(x < 0, zero, x);
    case AK_GELU: return x * vnormal_cdf(x);
    case AK_GELU_NEW: return 0.5f * x * (1 + tanh_of_cubic(x));
    case AK_SWISH: return x * vsigmoid(x);
    case AK_TANH: return vtanh(x);
    case AK_SIGMOID: return vsigmoid(x);
    case AK_LEAKY_RELU: return blend(x < 0, 0.01f * x, x);
    case AK_QUICK_GELU: return x * vsigmoid(1.702f * x);
    case AK_MISH: return x * tanh_of_softplus(x);
    case AK_ELU: return blend(x < 0, vexpm1(blend(x < 0, x, zero)), x);
    case AK_GELU_10: {
      vf y = x * vnormal_cdf(x);
      return blend(y > 10, splat(10), y);
    }
    case AK_LAPLACE: return vnormal_cdf(standardized(x));
    case AK_RELU6: return blend(x < 0, zero, blend(x > 6, splat(6), x));
    case AK_RELU_SQUARED: return blend(x < 0, zero, x * x);
    default: {
      float lanes[LANES];
      store(lanes, x);
      for (size_t i = 0; i < LANES; i++) lanes[i] = (float)activate(kind, lanes[i]);
      return load(lanes);
    }
  }
}

static vf vactivate(int kind, vf x) { return activated(kind, x); }

static vf vslope(int kind, vf x) {
  const vf zero = {0}, one = splat(1);
  switch (kind) {
    case AK_LINEAR: return one;
    case AK_RELU: return blend(x > 0, one, zero);
    case AK_GELU: return x * 0.39894228f * vexp(-0.5f * x * x) + vnormal_cdf(x);
    case AK_GELU_NEW: {
      vf t = tanh_of_cubic(x), inner = 0.79788456f + 0.107032227f * x * x;
      return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * inner;
    }
    case AK_SWISH: {
      vf s = vsigmoid(x);
      return s * (1 + x * (1 - s));
    }
    case AK_TANH: {
      vf t = vtanh(x);
      return 1 - t * t;
    }
    case AK_SIGMOID: {
      vf s = vsigmoid(x);
      return s * (1 - s);
    }
    case AK_LEAKY_RELU: return blend(x > 0, one, splat(0.01f));
    case AK_QUICK_GELU: {
      vf s = vsigmoid(1.702f * x);
      return s * (1 + 1.702f * x * (1 - s));
    }
    case AK_MISH: {
      vf t = tanh_of_softplus(x);
      return t + x * (1 - t * t) * vsigmoid(x);
    }
    case AK_RELU6: return blend((x > 0) & (x < 6), one, zero);
    case AK_ELU: return blend(x > 0, one, vexp(x));
    case AK_RELU_SQUARED: return blend(x > 0, 2 * x, zero);
    case AK_SOFTPLUS: return vsigmoid(x);
    case AK_LAPLACE: {
      vf z = standardized(x);
      return vexp(-0.5f * z * z) * (0.39894228f / 0.282095f);
    }
    default: {
      float lanes[LANES];
      store(lanes, x);
      for (size_t i = 0; i < LANES; i++) lanes[i] = (float)slope(kind, lanes[i]);
      return load(lanes);
    }
  }
}

static void activation(int kind, const float *x, float *y, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) store(y + i, vactivate(kind, load(x + i)));
  if (i < n) store_some(y + i, vactivate(kind, load_some(x + i, n - i)), n - i);
}

static void activation_backward(int kind, const float *x, const float *dy, float *dx, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) store(dx + i, vslope(kind, load(x + i)) * load(dy + i));
  if (i < n) {
    vf gradient = vslope(kind, load_some(x + i, n - i)) * load_some(dy + i, n - i);
    store_some(dx + i, gradient, n - i);
  }
}
