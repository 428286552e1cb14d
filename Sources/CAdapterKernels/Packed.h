/// How packed weights lie in memory: panels of 16 outputs.
///
///   panel 0                          panel 1
///   k=0: w[0,0] w[1,0] … w[15,0]     k=0: w[16,0] w[17,0] … w[31,0]
///   k=1: w[0,1] w[1,1] … w[15,1]     …
///
/// A product streams a panel from its first byte to its last. The last panel is filled up with
/// zeros. Sixteen is one AVX-512 register, two of AVX2, four of NEON: one layout serves them all.
#pragma once

#include <stddef.h>

enum { PANEL = 16 };

struct ak_packed {
  size_t outputs, inputs, bytes;
  float *panels;  // 64-byte aligned
};

/// Memory for packed weights; NULL when it is short.
void *ak_aligned(size_t bytes);

static inline size_t round_up(size_t n, size_t step) { return (n + step - 1) / step * step; }
static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
