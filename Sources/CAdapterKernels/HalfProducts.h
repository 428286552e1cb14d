/// Frozen weights in bfloat16, for processors that multiply it (`vdpbf16ps`).
///
///   panel 0                                            panel 1
///   k=0,1: w[0,0] w[0,1]  w[1,0] w[1,1] … w[15,1]      k=0,1: w[16,0] w[16,1] …
///   k=2,3: w[0,2] w[0,3]  w[1,2] w[1,3] … w[15,3]      …
///
/// One instruction multiplies sixteen pairs and adds both products to sixteen sums in f32. An odd last
/// input is paired with zero, and the last panel is filled up with zeros.
#pragma once

#include "include/AdapterKernels.h"

typedef struct ak_half {
  size_t outputs, pairs, inputs, bytes;
  uint32_t *panels;  // 64-byte aligned, a pair in each
} ak_half;

/// Whether this processor can run `ak_half_linear`.
bool ak_half_is_native(void);

/// As `ak_packed_make`, `ak_pack_rows` and `ak_unpack`, rounded to bfloat16.
ak_half *ak_half_make(size_t outputs, size_t inputs);
void ak_half_pack_rows(ak_half *weights, const float *w, size_t ld, size_t first, size_t count,
                       bool transposed);
void ak_half_unpack(const ak_half *weights, size_t first, size_t count, float *w, size_t ld);
void ak_half_free(ak_half *weights);

/// `ak_linear` with `x` rounded to bfloat16 too and sums in f32; false when memory is short.
bool ak_half_linear(const ak_half *w, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                    const ak_epilogue *e, size_t first, size_t last);
