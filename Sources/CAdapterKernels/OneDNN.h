// The seam to oneDNN, API 2.x and 3.x: packed weights, one thread, one tile of rows at a time.
#pragma once
#include "AdapterKernels.h"

typedef struct ak_onednn ak_onednn;

// NULL where oneDNN has no product for packed weights on this CPU, or memory is short.
ak_onednn *ak_onednn_begin(size_t outputs, size_t inputs, bool bf16);
// As `ak_dense_put`; all rows of one matrix in one orientation.
void ak_onednn_put(ak_onednn *weights, const float *w, size_t ld, size_t first, size_t count, bool transposed);
// False when it went wrong.
bool ak_onednn_end(ak_onednn *weights);
void ak_onednn_free(ak_onednn *weights);
size_t ak_onednn_bytes(const ak_onednn *weights);
// Serial, and safe to call from many threads at once. False when memory is short.
bool ak_onednn_run(const ak_onednn *weights, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                   const ak_epilogue *epilogue);
