// The seam to oneDNN, API 2.x and 3.x: packed weights, one thread, one tile of rows at a time.
#pragma once
#include "AdapterKernels.h"

typedef struct ak_onednn ak_onednn;

// NULL where oneDNN has no product for packed weights on this CPU.
ak_onednn *ak_onednn_pack(const float *w, size_t ld, size_t outputs, size_t inputs, bool transposed, bool bf16);
void ak_onednn_free(ak_onednn *weights);
size_t ak_onednn_bytes(const ak_onednn *weights);
// Serial, and safe to call from many threads at once.
void ak_onednn_run(const ak_onednn *weights, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                   const ak_epilogue *epilogue);
