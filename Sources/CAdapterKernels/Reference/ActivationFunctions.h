/// The activations and their derivatives as their definitions say, for one number.

static double sigma(double x) { return 1 / (1 + exp(-x)); }
static double normal_cdf(double x) { return 0.5 * erfc(-x * 0.7071067811865476); }
static double normal_pdf(double x) { return exp(-0.5 * x * x) * 0.3989422804014327; }
/// log(1 + eˣ)
static double softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

static const double laplace_mean = 0.707107, laplace_deviation = 0.282095;

static double activate(int kind, double x) {
  switch (kind) {
    case AK_RELU: return x < 0 ? 0 : x;
    case AK_GELU: return x * normal_cdf(x);
    case AK_GELU_NEW:
      return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    case AK_SWISH: return x * sigma(x);
    case AK_TANH: return tanh(x);
    case AK_SIGMOID: return sigma(x);
    case AK_LEAKY_RELU: return x < 0 ? 0.01 * x : x;
    case AK_QUICK_GELU: return x * sigma(1.702 * x);
    case AK_MISH: return x * tanh(softplus(x));
    case AK_RELU6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case AK_ELU: return x < 0 ? expm1(x) : x;
    case AK_RELU_SQUARED: return x < 0 ? 0 : x * x;
    case AK_HARD_SWISH: return x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6;
    case AK_SOFTPLUS: return softplus(x);
    case AK_GELU_10: {
      double y = x * normal_cdf(x);
      return y > 10 ? 10 : y;
    }
    case AK_LAPLACE: return normal_cdf((x - laplace_mean) / laplace_deviation);
    default: return x;
  }
}

static double slope(int kind, double x) {
  switch (kind) {
    case AK_RELU: return x > 0;
    case AK_GELU: return normal_cdf(x) + x * normal_pdf(x);
    case AK_GELU_NEW: {
      double t = tanh(0.7978845608028654 * (x + 0.044715 * x * x * x));
      double inner = 0.7978845608028654 * (1 + 3 * 0.044715 * x * x);
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner;
    }
    case AK_SWISH: return sigma(x) * (1 + x * sigma(-x));
    case AK_TANH: return 1 - tanh(x) * tanh(x);
    case AK_SIGMOID: return sigma(x) * sigma(-x);
    case AK_LEAKY_RELU: return x > 0 ? 1 : 0.01;
    case AK_QUICK_GELU: return sigma(1.702 * x) * (1 + 1.702 * x * sigma(-1.702 * x));
    case AK_MISH: {
      double t = tanh(softplus(x));
      return t + x * (1 - t * t) * sigma(x);
    }
    case AK_RELU6: return x > 0 && x < 6;
    case AK_ELU: return x > 0 ? 1 : exp(x);
    case AK_RELU_SQUARED: return x > 0 ? 2 * x : 0;
    case AK_HARD_SWISH: return x < -3 ? 0 : x > 3 ? 1 : (2 * x + 3) / 6;
    case AK_SOFTPLUS: return sigma(x);
    case AK_GELU_10: return x > 10 ? 0 : normal_cdf(x) + x * normal_pdf(x);
    case AK_LAPLACE:
      return normal_pdf((x - laplace_mean) / laplace_deviation) / laplace_deviation;
    default: return 1;
  }
}
