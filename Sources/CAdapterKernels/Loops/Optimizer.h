/// AdamW, one loop.

static void adamw(float *restrict p, const float *restrict g, float *restrict m, float *restrict v,
                  size_t n, float lr, float beta1, float rest1, float beta2, float rest2, float eps,
                  float weight_decay, float correction1, float correction2, float gradient_scale) {
  const float kept = 1 - lr * weight_decay;
  const float step = lr / correction1;
  const float deviation_scale = 1 / sqrtf(correction2);
  for (size_t i = 0; i < n; i++) {
    float gradient = g[i] * gradient_scale;
    m[i] = beta1 * m[i] + rest1 * gradient;
    v[i] = beta2 * v[i] + rest2 * gradient * gradient;
    p[i] = kept * p[i] - step * m[i] / (sqrtf(v[i]) * deviation_scale + eps);
  }
}
