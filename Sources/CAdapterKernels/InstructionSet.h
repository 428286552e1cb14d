/// The kernels of one instruction set, as a table of functions.
///
/// `InstructionSets/*.c` each define one by including the same sources; `Table.h` fills it.
#pragma once

#include <stdatomic.h>

#include "AttentionRules.h"
#include "include/AdapterKernels.h"

typedef struct {
  int isa;
  __typeof__(ak_activation) *activation;
  __typeof__(ak_activation_backward) *activation_backward;
  __typeof__(ak_add) *add;
  __typeof__(ak_multiply) *multiply;
  __typeof__(ak_scale) *scale;
  __typeof__(ak_add_scaled) *add_scaled;
  __typeof__(ak_add_rows) *add_rows;
  __typeof__(ak_multiply_rows) *multiply_rows;
  __typeof__(ak_sum_rows) *sum_rows;
  __typeof__(ak_row_dots) *row_dots;
  __typeof__(ak_sum_squares) *sum_squares;
  __typeof__(ak_all_finite) *all_finite;
  __typeof__(ak_round_bf16) *round_bf16;
  __typeof__(ak_to_bf16) *to_bf16;
  __typeof__(ak_from_bf16) *from_bf16;
  __typeof__(ak_to_f16) *to_f16;
  __typeof__(ak_from_f16) *from_f16;
  __typeof__(ak_residual_norm) *residual_norm;
  __typeof__(ak_norm_backward) *norm_backward;
  __typeof__(ak_rotate) *rotate;
  __typeof__(ak_softmax) *softmax;
  __typeof__(ak_log_sum_beyond) *log_sum_beyond;
  __typeof__(ak_attention) *attention;
  __typeof__(ak_attention_backward) *attention_backward;
  __typeof__(ak_linear) *linear;
  __typeof__(ak_linear_backward) *linear_backward;
  __typeof__(ak_finish) *finish;
  __typeof__(ak_gemm) *gemm;
  __typeof__(ak_adamw) *adamw;
  __typeof__(ak_random_uniform) *random_uniform;
  __typeof__(ak_random_normal) *random_normal;
  __typeof__(ak_dropout) *dropout;
} ak_kernels;

extern const ak_kernels ak_kernels_reference;
#if defined(__x86_64__)
extern const ak_kernels ak_kernels_avx2, ak_kernels_avx512;
#elif defined(__aarch64__)
extern const ak_kernels ak_kernels_neon;
#endif

/// The table in use.
const ak_kernels *ak_current_kernels(void);
