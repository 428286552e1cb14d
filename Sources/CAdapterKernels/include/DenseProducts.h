/// The base model's large products: frozen weights, packed once for this CPU, used by every pass.
///
/// Two engines stand behind it: the project's own packed products, for f32 everywhere and for bf16 on
/// AVX-512, and oneDNN (API 2.x or 3.x) for bf16 on processors that multiply whole tiles (AMX).
#pragma once
#include "AdapterKernels.h"

/// How the weights are held and the products computed.
enum {
  AK_F32 = 0,
  /// Weights and activations rounded to bfloat16, sums in f32. Where the CPU has no bf16 products the
  /// same rounding is done in f32: the same results, without the speed.
  AK_BF16 = 1,
};

/// Which engine multiplies. Automatic but for tests and benchmarks.
enum { AK_ENGINE_AUTOMATIC = 0, AK_ENGINE_OWN = 1, AK_ENGINE_ONEDNN = 2 };

typedef struct ak_dense ak_dense;

/// Memory for the weights of y = x·Wᵀ, `[outputs, inputs]`. All rows are put, then `ak_dense_end` is
/// called, then products may run. NULL when memory is exhausted, or the engine named cannot do it.
ak_dense *ak_dense_begin(size_t outputs, size_t inputs, int precision, int engine);
/// Packs rows `[first, first + count)` of the weights, or of their transpose `[inputs, outputs]`,
/// `ld` apart. Threads may put different rows.
void ak_dense_put(ak_dense *dense, const float *w, size_t ld, size_t first, size_t count,
                  bool transposed);
/// Whether all went well; if not, what is left to do is to free it.
bool ak_dense_end(ak_dense *dense);

/// The three above for weights that are in memory whole.
ak_dense *ak_dense_pack(const float *w, size_t ld, size_t outputs, size_t inputs, bool transposed,
                        int precision, int engine);
void ak_dense_free(ak_dense *dense);

/// Writes rows `[first, first + count)` of the weights out again, `[count, inputs]`; false where the
/// engine cannot.
bool ak_dense_unpack(const ak_dense *dense, size_t first, size_t count, float *w);

/// The memory of the packed weights.
size_t ak_dense_bytes(const ak_dense *dense);

/// The engine in use: AK_ENGINE_OWN or AK_ENGINE_ONEDNN.
int ak_dense_engine(const ak_dense *dense);

/// p = x·Wᵀ + bias → preactivation (where given); y = scale · activation(p) (+ residual).
///
/// x is `[rows, inputs]`, y `[rows, outputs]`. Shares its rows or columns out among the pool's threads
/// when it is called outside a region. Any number of threads may use one `ak_dense` at once.
///
/// False when memory is exhausted: then y is not what it should be.
bool ak_dense_run(const ak_dense *dense, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                  const ak_epilogue *epilogue);

/// Whether `ak_dense_run_back` can do its work: for our own weights in f32, rounded or not.
bool ak_dense_goes_back(const ak_dense *dense);

/// dx = scale · g·W over the weights that `ak_dense_run` has, g `[rows, outputs]`, dx `[rows, inputs]`:
/// as a second copy of them, packed the other way round, would give it. False when memory is exhausted.
bool ak_dense_run_back(const ak_dense *dense, const float *g, size_t ldg, size_t rows, float *dx, size_t ld,
                       float scale);

/// Whether this CPU multiplies bf16 natively.
bool ak_bf16_is_native(void);

/// The version of the oneDNN in use, as major·10000 + minor·100 + patch.
int ak_onednn_version(void);

/// How often oneDNN was asked to compile a product that it cannot do, for tests: once for a shape.
size_t ak_onednn_refusals(void);
