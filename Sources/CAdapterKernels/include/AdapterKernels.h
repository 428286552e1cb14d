/// The inner loops of transformers and their adapters, in plain C.
///
/// Everything here is `float`, row-major, and runs on the calling thread: whoever calls decides how
/// work is shared out. Strides (`ld…`) count elements from one row to the next and may exceed the
/// width. Every size may be 0. NaN and infinity pass through as in arithmetic; nothing traps.
/// Indices and pointers are the caller's promise: they are not checked.
///
/// Each kernel exists twice: a slow reference, and one source of vector code that is compiled once
/// per instruction set and chosen at run time. Results differ between instruction sets in the last
/// bits only, and on one instruction set they depend on nothing but the arguments.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Instruction sets

enum {
  AK_ISA_REFERENCE = 0,
  AK_ISA_AVX2 = 1,    ///< AVX2 and FMA
  AK_ISA_AVX512 = 2,  ///< AVX-512 F, VL, BW and DQ
  AK_ISA_NEON = 3,
};

/// The widest instruction set that this processor has kernels for.
int ak_isa_best(void);
/// The instruction set that this thread's calls use: the best one, until `ak_isa_use` says otherwise.
int ak_isa_in_use(void);
/// Makes this thread use `isa`, so that tests can compare; ignored when the processor lacks it.
void ak_isa_use(int isa);

// MARK: Activations

/// The activations of transformers' `ACT2FN` that depend on one number, and those of `adapters`.
/// `gelu_fast`, `gelu_accurate` and `gelu_pytorch_tanh` are `AK_GELU_NEW`.
enum {
  AK_LINEAR = 0,
  AK_RELU,
  AK_GELU,         ///< x Φ(x), with the error function
  AK_GELU_NEW,     ///< the same with tanh(√(2/π) (x + 0.044715 x³))
  AK_SWISH,        ///< x σ(x), also called SiLU
  AK_TANH,
  AK_SIGMOID,
  AK_LEAKY_RELU,   ///< slope 0.01 below 0
  AK_QUICK_GELU,   ///< x σ(1.702 x)
  AK_MISH,         ///< x tanh(log(1 + eˣ))
  AK_RELU6,        ///< x between 0 and 6
  AK_ELU,          ///< eˣ - 1 below 0
  AK_RELU_SQUARED, ///< `relu2`
  AK_HARD_SWISH,   ///< x relu6(x + 3) / 6
  AK_SOFTPLUS,     ///< log(1 + eˣ)
  AK_GELU_10,      ///< `AK_GELU` held between -10 and 10
  AK_LAPLACE,      ///< Φ with mean √½ and variance 1/(4π)
  AK_ACTIVATION_COUNT,
};

/// `y = f(x)`. `y` may be `x`. An unknown `kind` is `AK_LINEAR`.
void ak_activation(int kind, const float *x, float *y, size_t n);
/// `dx = f'(x) dy`, with `x` from before the activation. `dx` may be `dy` or `x`.
void ak_activation_backward(int kind, const float *x, const float *dy, float *dx, size_t n);

// MARK: Element by element (results may be written over arguments)

/// `y = a + b`
void ak_add(const float *a, const float *b, float *y, size_t n);
/// `y = a b`
void ak_multiply(const float *a, const float *b, float *y, size_t n);
/// `y = s x`
void ak_scale(const float *x, float s, float *y, size_t n);
/// `y += s x`
void ak_add_scaled(float *y, const float *x, float s, size_t n);
/// `y[r] = x[r] + row`: a bias for `rows` rows of `width`.
void ak_add_rows(const float *x, size_t ldx, const float *row, float *y, size_t ldy, size_t rows,
                 size_t width);
/// `y[r] = x[r] row`
void ak_multiply_rows(const float *x, size_t ldx, const float *row, float *y, size_t ldy,
                      size_t rows, size_t width);
/// `out = Σ_r x[r]`, or `out += …` with `accumulate`: the gradient of a bias.
void ak_sum_rows(const float *x, size_t ldx, size_t rows, size_t width, float *out,
                 bool accumulate);
/// `out[r] = Σ_c a[r, c] b[r, c]`
void ak_row_dots(const float *a, size_t lda, const float *b, size_t ldb, size_t rows, size_t width,
                 float *out);
/// `Σ x²`, summed in double precision.
double ak_sum_squares(const float *x, size_t n);
/// Whether no element is NaN or infinite.
bool ak_all_finite(const float *x, size_t n);

// MARK: Half precision (to nearest, ties to even; NaN stays NaN)

/// `x` rounded to bfloat16 and kept as `float`.
void ak_round_bf16(const float *x, float *y, size_t n);
void ak_to_bf16(const float *x, uint16_t *y, size_t n);
void ak_from_bf16(const uint16_t *x, float *y, size_t n);
void ak_to_f16(const float *x, uint16_t *y, size_t n);
void ak_from_f16(const uint16_t *x, float *y, size_t n);

// MARK: Rows

/// `s = x + residual; y = (s - mean(s)) / √(variance(s) + eps) · gamma + beta`, row by row.
///
/// - is_rms: no mean is subtracted: `y = s / √(mean(s²) + eps) · gamma + beta`, and `mean` is 0.
/// - residual: may be NULL (nothing is added); `ldx`, `ldr` are the strides of `x` and `residual`.
/// - gamma, beta: `[width]`, may be NULL (1 and 0).
/// - sum, y: `[rows, width]` without gaps; `y` may be `x` or `residual`, `sum` may be NULL.
/// - mean, rstd: `[rows]`, what the gradient needs (`rstd = 1 / √(variance + eps)`), may be NULL.
void ak_residual_norm(const float *x, size_t ldx, const float *residual, size_t ldr,
                      const float *gamma, const float *beta, float eps, bool is_rms, size_t rows,
                      size_t width, float *sum, float *y, float *mean, float *rstd);
/// The gradient of `ak_residual_norm` to its sum (so to `x` and to `residual` alike).
///
/// - sum, dy, dx: `[rows, width]` without gaps; `dx` may be `dy`.
/// - dgamma, dbeta: `[width]`, added to; may be NULL.
void ak_norm_backward(const float *sum, const float *mean, const float *rstd, const float *gamma,
                      const float *dy, bool is_rms, size_t rows, size_t width, float *dx,
                      float *dgamma, float *dbeta);
/// Turns pairs of numbers of each head by the angle of their row and place in the head.
///
/// - x, y: `[rows, heads · head_width]` with their strides; `y` may be `x`.
/// - cosines, sines: `[rows, pairs]`. Numbers of a head beyond `2 · pairs` stay as they are.
/// - interleaved: pairs are neighbours `(2i, 2i + 1)`; else they are `(i, i + pairs)`.
/// - backward: turns the other way, which is the gradient.
void ak_rotate(const float *x, size_t ldx, float *y, size_t ldy, size_t rows, size_t heads,
               size_t head_width, size_t pairs, const float *cosines, const float *sines,
               bool interleaved, bool backward);
/// `y[r] = exp(x[r]) / Σ exp(x[r])`, without overflow. `y` may be `x`.
void ak_softmax(const float *x, float *y, size_t rows, size_t width);
/// `log Σ exp(x - largest)` with the largest of `x`: apart, because their sum would lose digits.
float ak_log_sum_beyond(const float *x, size_t n, float *largest);

// MARK: Products

/// Weights of `y = x·Wᵀ`, laid out for streaming: immutable, good for any thread and any
/// instruction set.
typedef struct ak_packed ak_packed;

/// Memory for the weights of a layer, to be filled by `ak_pack_rows`. Returns NULL when it is short.
ak_packed *ak_packed_make(size_t outputs, size_t inputs);
/// Packs rows `[first, first + count)` of the weights, or of their transpose, which is what a file
/// may hold. They lie `ld` apart. Threads may pack different rows.
void ak_pack_rows(ak_packed *, const float *w, size_t ld, size_t first, size_t count,
                  bool transposed);
/// Packs `w`, `[outputs, inputs]` with row stride `ld`, or `[inputs, outputs]` when `transposed`.
/// Returns NULL when memory is short.
ak_packed *ak_pack(const float *w, size_t ld, size_t outputs, size_t inputs, bool transposed);
/// Writes the rows `[first, first + count)` out again: `[count, inputs]` with row stride `ld`.
void ak_unpack(const ak_packed *, size_t first, size_t count, float *w, size_t ld);
/// Frees what `ak_pack` returned; NULL is fine.
void ak_packed_free(ak_packed *);
/// How many bytes the packed weights take.
size_t ak_packed_bytes(const ak_packed *);

/// What happens to a product while it is in registers.
typedef struct {
  const float *bias;     ///< `[outputs]` or NULL
  int activation;        ///< `AK_LINEAR` and others
  float scale;           ///< usually 1
  float *preactivation;  ///< `[rows, outputs]`, stride `ldp`: kept for the gradient; or NULL
  size_t ldp;
  const float *residual; ///< `[rows, outputs]`, stride `ldr`; or NULL; may be `y`
  size_t ldr;
} ak_epilogue;

/// `p = x Wᵀ + bias`, kept as `preactivation`; `y = scale · f(p) + residual`.
///
/// - x: `[rows, inputs]`; y: `[rows, outputs]`, each with its stride; they may not overlap.
/// - e: NULL for the plain product.
/// - first, last: only these columns of outputs, for sharing out among threads. `first` is rounded
///   down and `last` up to a multiple of 16 (`last` at most to the end), so ranges that meet
///   should meet at a multiple of 16.
void ak_linear(const ak_packed *w, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
               const ak_epilogue *e, size_t first, size_t last);

/// The way back through a linear layer: `dx = scale · g·W`, over the weights that were packed for the way
/// there.
///
/// - g: `[rows, outputs]`; dx: `[rows, inputs]`, each with its stride; they may not overlap.
/// - first, last: only these inputs, for sharing out among threads.
void ak_linear_backward(const ak_packed *w, const float *g, size_t ldg, size_t rows, float *dx,
                        size_t ld, float scale, size_t first, size_t last);

/// The epilogue alone, on products that are in memory: `p` is `[rows, columns]`, and may be `y`.
void ak_finish(const float *p, size_t ldp, size_t rows, size_t columns, float *y, size_t ldy,
               const ak_epilogue *e);

/// `C = alpha · op(A) op(B) + beta · C`, C `[m, n]`, without packing ahead: for weights that change.
///
/// `op(A)` is `[m, k]`: A is stored `[m, k]`, or `[k, m]` with `ta`. `op(B)` is `[k, n]`: B is
/// stored `[k, n]`, or `[n, k]` with `tb`. C is not read when `beta` is 0. So with rows `x`,
/// `(false, true)` is a linear layer and `(true, false)` its weight's gradient.
void ak_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, const float *a,
             size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);

// MARK: Training

/// One step of AdamW (Loshchilov & Hutter, 2019) as `torch.optim.AdamW` takes it.
///
/// - rest1, rest2: `1 - beta1` and `1 - beta2`, from double precision: in floats they lose digits.
/// - correction1, correction2: `1 - beta1ᵗ` and `1 - beta2ᵗ` at step `t`.
/// - gradient_scale: multiplies `g` first (clipping by norm, averaging over micro-batches).
void ak_adamw(float *p, const float *g, float *m, float *v, size_t n, float lr, float beta1,
              float rest1, float beta2, float rest2, float eps, float weight_decay,
              float correction1, float correction2, float gradient_scale);

/// Random numbers by counting (Philox 4×32-10; Salmon et al., 2011): element `i` depends only on
/// `(seed, stream, offset + i)`, however calls are cut. Uniform in [0, 1), 24 bits.
void ak_random_uniform(uint64_t seed, uint64_t stream, uint64_t offset, float *y, size_t n);
/// Normal numbers with mean 0 and deviation 1 (Box–Muller on pairs of uniform ones).
void ak_random_normal(uint64_t seed, uint64_t stream, uint64_t offset, float *y, size_t n);
/// `y = x / keep` where the element's uniform number is below `keep`, else 0 (inverted dropout).
///
/// - x, y: `[rows, width]` without gaps; `y` may be `x`.
/// - numbers: `[rows]`: element `c` of a row draws number `2²⁴ · number + c` of the stream. NULL counts
///   the rows.
void ak_dropout(uint64_t seed, uint64_t stream, const uint64_t *numbers, float keep, const float *x,
                float *y, size_t rows, size_t width);

#ifdef __cplusplus
}
#endif
