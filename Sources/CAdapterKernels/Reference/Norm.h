/// Normalisation of a residual sum, in double precision, and its gradient.

static void residual_norm(const float *x, size_t ldx, const float *residual, size_t ldr,
                          const float *gamma, const float *beta, float eps, bool is_rms,
                          size_t rows, size_t width, float *sum, float *y, float *mean, float *rstd) {
  for (size_t r = 0; r < rows; r++) {
    float *s = sum ? sum + r * width : y + r * width, *out = y + r * width;
    double total = 0, squares = 0;
    for (size_t c = 0; c < width; c++) {
      s[c] = x[r * ldx + c] + (residual ? residual[r * ldr + c] : 0);
      total += s[c];
    }
    double center = is_rms ? 0 : total / (double)width;
    for (size_t c = 0; c < width; c++) squares += (s[c] - center) * (s[c] - center);
    double factor = 1 / sqrt(squares / (double)width + eps);
    for (size_t c = 0; c < width; c++)
      out[c] = (float)((s[c] - center) * factor * (gamma ? gamma[c] : 1) + (beta ? beta[c] : 0));
    if (mean) mean[r] = (float)center;
    if (rstd) rstd[r] = (float)factor;
  }
}

static void norm_backward(const float *sum, const float *mean, const float *rstd,
                          const float *gamma, const float *dy, bool is_rms, size_t rows,
                          size_t width, float *dx, float *dgamma, float *dbeta) {
  for (size_t r = 0; r < rows; r++) {
    const float *s = sum + r * width, *g = dy + r * width;
    double gradient_mean = 0, projection = 0;
    for (size_t c = 0; c < width; c++) {
      double normalized = ((double)s[c] - mean[r]) * rstd[r];
      double scaled = g[c] * (gamma ? (double)gamma[c] : 1);
      gradient_mean += is_rms ? 0 : scaled / (double)width;
      projection += scaled * normalized / (double)width;
      if (dgamma) dgamma[c] += (float)(g[c] * normalized);
      if (dbeta) dbeta[c] += g[c];
    }
    for (size_t c = 0; c < width; c++) {
      double normalized = ((double)s[c] - mean[r]) * rstd[r];
      double scaled = g[c] * (gamma ? (double)gamma[c] : 1);
      dx[r * width + c] = (float)(rstd[r] * (scaled - gradient_mean - normalized * projection));
    }
  }
}
