/// Residual sum and normalisation of one row while it is in the first-level cache.

/// `Σ x` and `Σ (x - center)²` over a row, in four sums each so that additions overlap.
static inline float row_sum(const float *x, size_t width) {
  vf sums[4] = {{0}, {0}, {0}, {0}};
  size_t c = 0;
  for (; c + 4 * LANES <= width; c += 4 * LANES)
    for (size_t i = 0; i < 4; i++) sums[i] += load(x + c + i * LANES);
  for (; c + LANES <= width; c += LANES) sums[0] += load(x + c);
  sums[1] += load_some(x + c, width - c);
  return sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

static inline float row_deviation(const float *x, size_t width, float center) {
  vf sums[4] = {{0}, {0}, {0}, {0}};
  size_t c = 0;
  for (; c + 4 * LANES <= width; c += 4 * LANES)
    for (size_t i = 0; i < 4; i++) {
      vf d = load(x + c + i * LANES) - center;
      sums[i] += d * d;
    }
  float rest = 0;
  for (; c < width; c++) rest += (x[c] - center) * (x[c] - center);
  return sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
}

static void residual_norm(const float *x, size_t ldx, const float *residual, size_t ldr,
                          const float *gamma, const float *beta, float eps, bool is_rms,
                          size_t rows, size_t width, float *sum, float *y, float *mean, float *rstd) {
  for (size_t r = 0; r < rows; r++) {
    float *s = sum ? sum + r * width : y + r * width, *out = y + r * width;
    if (residual)
      add(x + r * ldx, residual + r * ldr, s, width);
    else if (s != x + r * ldx)
      memcpy(s, x + r * ldx, width * sizeof *s);
    const float center = is_rms ? 0 : row_sum(s, width) / (float)width;
    const float variance = row_deviation(s, width, center) / (float)width;
    const float factor = 1 / sqrtf(variance + eps);
    if (gamma && beta) {
      for (size_t c = 0; c < width; c++) out[c] = (s[c] - center) * factor * gamma[c] + beta[c];
    } else {
      for (size_t c = 0; c < width; c++) out[c] = (s[c] - center) * factor;
      if (gamma) multiply(out, gamma, out, width);
      if (beta) add(out, beta, out, width);
    }
    if (mean) mean[r] = center;
    if (rstd) rstd[r] = factor;
  }
}

static void norm_backward(const float *sum, const float *mean, const float *rstd,
                          const float *gamma, const float *dy, bool is_rms, size_t rows,
                          size_t width, float *dx, float *dgamma, float *dbeta) {
  for (size_t r = 0; r < rows; r++) {
    const float *s = sum + r * width, *g = dy + r * width;
    const float center = mean[r], factor = rstd[r];
    vf gradients = {0}, projections = {0};
    for (size_t c = 0, n; c < width; c += n) {
      n = smaller(LANES, width - c);
      const bool whole = n == LANES;
      vf gradient = whole ? load(g + c) : load_some(g + c, n);
      vf normalized = ((whole ? load(s + c) : load_some(s + c, n)) - center) * factor;
      vf scaled = gradient;
      if (gamma) scaled *= whole ? load(gamma + c) : load_some(gamma + c, n);
      gradients += scaled;
      projections += scaled * normalized;
      if (dgamma && whole) store(dgamma + c, load(dgamma + c) + gradient * normalized);
      if (dbeta && whole) store(dbeta + c, load(dbeta + c) + gradient);
      for (size_t i = 0; !whole && i < n; i++) {
        if (dgamma) dgamma[c + i] += gradient[i] * normalized[i];
        if (dbeta) dbeta[c + i] += gradient[i];
      }
    }
    const float shift = is_rms ? 0 : sum_lanes(gradients) / (float)width;
    const float slope_of_row = sum_lanes(projections) / (float)width;
    float *out = dx + r * width;
    for (size_t c = 0; c < width; c++) {
      float scaled = gamma ? g[c] * gamma[c] : g[c];
      out[c] = factor * (scaled - shift - (s[c] - center) * factor * slope_of_row);
    }
  }
}
