/// The public functions: each passes its arguments to the instruction set in use.
#include "include/AdapterKernels.h"

#include "InstructionSet.h"

void ak_activation(int kind, const float *x, float *y, size_t n) {
  ak_current_kernels()->activation(kind, x, y, n);
}
void ak_activation_backward(int kind, const float *x, const float *dy, float *dx, size_t n) {
  ak_current_kernels()->activation_backward(kind, x, dy, dx, n);
}

void ak_add(const float *a, const float *b, float *y, size_t n) {
  ak_current_kernels()->add(a, b, y, n);
}
void ak_multiply(const float *a, const float *b, float *y, size_t n) {
  ak_current_kernels()->multiply(a, b, y, n);
}
void ak_scale(const float *x, float s, float *y, size_t n) {
  ak_current_kernels()->scale(x, s, y, n);
}
void ak_add_scaled(float *y, const float *x, float s, size_t n) {
  ak_current_kernels()->add_scaled(y, x, s, n);
}
void ak_add_rows(const float *x, size_t ldx, const float *row, float *y, size_t ldy, size_t rows,
                 size_t width) {
  ak_current_kernels()->add_rows(x, ldx, row, y, ldy, rows, width);
}
void ak_multiply_rows(const float *x, size_t ldx, const float *row, float *y, size_t ldy,
                      size_t rows, size_t width) {
  ak_current_kernels()->multiply_rows(x, ldx, row, y, ldy, rows, width);
}
void ak_sum_rows(const float *x, size_t ldx, size_t rows, size_t width, float *out,
                 bool accumulate) {
  ak_current_kernels()->sum_rows(x, ldx, rows, width, out, accumulate);
}
void ak_row_dots(const float *a, size_t lda, const float *b, size_t ldb, size_t rows, size_t width,
                 float *out) {
  ak_current_kernels()->row_dots(a, lda, b, ldb, rows, width, out);
}
double ak_sum_squares(const float *x, size_t n) { return ak_current_kernels()->sum_squares(x, n); }
bool ak_all_finite(const float *x, size_t n) { return ak_current_kernels()->all_finite(x, n); }

void ak_round_bf16(const float *x, float *y, size_t n) {
  ak_current_kernels()->round_bf16(x, y, n);
}
void ak_to_bf16(const float *x, uint16_t *y, size_t n) { ak_current_kernels()->to_bf16(x, y, n); }
void ak_from_bf16(const uint16_t *x, float *y, size_t n) {
  ak_current_kernels()->from_bf16(x, y, n);
}
void ak_to_f16(const float *x, uint16_t *y, size_t n) { ak_current_kernels()->to_f16(x, y, n); }
void ak_from_f16(const uint16_t *x, float *y, size_t n) {
  ak_current_kernels()->from_f16(x, y, n);
}

void ak_residual_norm(const float *x, size_t ldx, const float *residual, size_t ldr,
                      const float *gamma, const float *beta, float eps, bool is_rms, size_t rows,
                      size_t width, float *sum, float *y, float *mean, float *rstd) {
  ak_current_kernels()->residual_norm(x, ldx, residual, ldr, gamma, beta, eps, is_rms, rows, width,
                                      sum, y, mean, rstd);
}
void ak_norm_backward(const float *sum, const float *mean, const float *rstd, const float *gamma,
                      const float *dy, bool is_rms, size_t rows, size_t width, float *dx,
                      float *dgamma, float *dbeta) {
  ak_current_kernels()->norm_backward(sum, mean, rstd, gamma, dy, is_rms, rows, width, dx, dgamma,
                                      dbeta);
}
void ak_rotate(const float *x, size_t ldx, float *y, size_t ldy, size_t rows, size_t heads,
               size_t head_width, size_t pairs, const float *cosines, const float *sines,
               bool interleaved, bool backward) {
  ak_current_kernels()->rotate(x, ldx, y, ldy, rows, heads, head_width, pairs, cosines, sines,
                               interleaved, backward);
}
void ak_softmax(const float *x, float *y, size_t rows, size_t width) {
  ak_current_kernels()->softmax(x, y, rows, width);
}
float ak_log_sum_beyond(const float *x, size_t n, float *largest) {
  return ak_current_kernels()->log_sum_beyond(x, n, largest);
}

void ak_attention(const ak_attention_shape *shape, const ak_queries *queries,
                  const ak_segment *segments, size_t segment_count, float *out, size_t ldo,
                  size_t first_head, size_t last_head, float *log_sum_exp) {
  ak_current_kernels()->attention(shape, queries, segments, segment_count, out, ldo, first_head,
                                  last_head, log_sum_exp);
}
void ak_attention_backward(const ak_attention_shape *shape, const ak_queries *queries,
                           const ak_segment *segments, size_t segment_count, const float *out,
                           size_t ldo, const float *log_sum_exp, const float *d_out,
                           const ak_query_gradient *query_gradient,
                           const ak_segment_gradient *segment_gradients, size_t first_head,
                           size_t last_head) {
  ak_current_kernels()->attention_backward(shape, queries, segments, segment_count, out, ldo,
                                           log_sum_exp, d_out, query_gradient, segment_gradients,
                                           first_head, last_head);
}

void ak_linear(const ak_packed *w, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
               const ak_epilogue *e, size_t first, size_t last) {
  ak_current_kernels()->linear(w, x, ldx, rows, y, ldy, e, first, last);
}
void ak_linear_backward(const ak_packed *w, const float *g, size_t ldg, size_t rows, float *dx,
                        size_t ld, float scale, size_t first, size_t last) {
  ak_current_kernels()->linear_backward(w, g, ldg, rows, dx, ld, scale, first, last);
}
void ak_finish(const float *p, size_t ldp, size_t rows, size_t columns, float *y, size_t ldy,
               const ak_epilogue *e) {
  ak_current_kernels()->finish(p, ldp, rows, columns, y, ldy, e);
}
void ak_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, const float *a,
             size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc) {
  ak_current_kernels()->gemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void ak_adamw(float *p, const float *g, float *m, float *v, size_t n, float lr, float beta1,
              float rest1, float beta2, float rest2, float eps, float weight_decay,
              float correction1, float correction2, float gradient_scale) {
  ak_current_kernels()->adamw(p, g, m, v, n, lr, beta1, rest1, beta2, rest2, eps, weight_decay,
                              correction1, correction2, gradient_scale);
}
void ak_random_uniform(uint64_t seed, uint64_t stream, uint64_t offset, float *y, size_t n) {
  ak_current_kernels()->random_uniform(seed, stream, offset, y, n);
}
void ak_random_normal(uint64_t seed, uint64_t stream, uint64_t offset, float *y, size_t n) {
  ak_current_kernels()->random_normal(seed, stream, offset, y, n);
}
void ak_dropout(uint64_t seed, uint64_t stream, const uint64_t *numbers, float keep, const float *x,
                float *y, size_t rows, size_t width) {
  ak_current_kernels()->dropout(seed, stream, numbers, keep, x, y, rows, width);
}
