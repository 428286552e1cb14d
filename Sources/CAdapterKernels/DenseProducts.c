// Large products: shares them out among threads and chooses the engine.
#include "DenseProducts.h"

#include <stdatomic.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "HalfProducts.h"
#include "OneDNN.h"
#include "Packed.h"
#include "ThreadPool.h"

struct ak_dense {
  size_t outputs, inputs;
  int precision;
  int engine;
  // One of these, by engine and precision.
  ak_packed *own;
  ak_half *half;
  ak_onednn *onednn;
};

// Below this many rows a thread gets columns instead: each then streams its part of the weights once,
// where sharing rows would make every thread stream all of them.
enum { fewest_rows_per_thread = 48, column_unit = 16 };

// Whether the processor multiplies tiles of bf16 (AMX): far faster than any vector instruction.
static bool multiplies_tiles(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1);
#else
  return false;
#endif
}

// Ours is as fast as oneDNN 2.6 on AVX-512 and faster below it and wherever rows are few; it also gives
// weights back and shares columns out. See Benchmarks/Results. oneDNN has what we have not: AMX.
static int best_engine(int precision) {
  return precision == AK_BF16 && ak_bf16_is_native() && multiplies_tiles() ? AK_ENGINE_ONEDNN
                                                                           : AK_ENGINE_OWN;
}

// Tests that choose an instruction set below AVX-512 get the imitation, the slow twin.
static bool multiplies_half(void) { return ak_isa_in_use() == AK_ISA_AVX512 && ak_half_is_native(); }

// More numbers than any memory holds, and few enough that no size computed from them overflows.
static const size_t most_weights = (size_t)1 << 44;

ak_dense *ak_dense_begin(size_t outputs, size_t inputs, int precision, int engine) {
  if (outputs > most_weights || inputs > most_weights / (outputs ? outputs : 1)) return NULL;
  ak_dense *dense = calloc(1, sizeof *dense);
  if (!dense) return NULL;
  dense->outputs = outputs;
  dense->inputs = inputs;
  dense->precision = precision;
  dense->engine = engine == AK_ENGINE_AUTOMATIC ? best_engine(precision) : engine;
  if (dense->engine == AK_ENGINE_ONEDNN) {
    dense->onednn = ak_onednn_begin(outputs, inputs, precision == AK_BF16);
    if (!dense->onednn && engine == AK_ENGINE_AUTOMATIC) dense->engine = AK_ENGINE_OWN;
  }
  if (dense->engine == AK_ENGINE_OWN) {
    if (precision == AK_BF16 && multiplies_half())
      dense->half = ak_half_make(outputs, inputs);
    else
      dense->own = ak_packed_make(outputs, inputs);
  }
  if (dense->own || dense->half || dense->onednn) return dense;
  free(dense);
  return NULL;
}

void ak_dense_put(ak_dense *dense, const float *w, size_t ld, size_t first, size_t count,
                  bool transposed) {
  if (dense->half)
    ak_half_pack_rows(dense->half, w, ld, first, count, transposed);
  else if (dense->onednn)
    ak_onednn_put(dense->onednn, w, ld, first, count, transposed);
  else
    ak_pack_rows(dense->own, w, ld, first, count, transposed);
}

bool ak_dense_end(ak_dense *dense) {
  // Where bf16 has to be imitated, our weights are rounded and stay f32.
  if (dense->own && dense->precision == AK_BF16) {
    float *panels = dense->own->panels;
    ak_round_bf16(panels, panels, round_up(dense->outputs, PANEL) * dense->inputs);
  }
  return !dense->onednn || ak_onednn_end(dense->onednn);
}

ak_dense *ak_dense_pack(const float *w, size_t ld, size_t outputs, size_t inputs, bool transposed,
                        int precision, int engine) {
  ak_dense *dense = ak_dense_begin(outputs, inputs, precision, engine);
  if (!dense) return NULL;
  ak_dense_put(dense, w, ld, 0, transposed ? inputs : outputs, transposed);
  if (ak_dense_end(dense)) return dense;
  ak_dense_free(dense);
  return NULL;
}

void ak_dense_free(ak_dense *dense) {
  if (!dense) return;
  ak_packed_free(dense->own);
  ak_half_free(dense->half);
  ak_onednn_free(dense->onednn);
  free(dense);
}

bool ak_dense_unpack(const ak_dense *dense, size_t first, size_t count, float *w) {
  if (dense->own) ak_unpack(dense->own, first, count, w, dense->inputs);
  if (dense->half) ak_half_unpack(dense->half, first, count, w, dense->inputs);
  return dense->own || dense->half;
}

size_t ak_dense_bytes(const ak_dense *dense) {
  if (dense->half) return dense->half->bytes;
  return dense->own ? ak_packed_bytes(dense->own) : ak_onednn_bytes(dense->onednn);
}

int ak_dense_engine(const ak_dense *dense) { return dense->engine; }

struct product {
  const ak_dense *dense;
  const float *x;
  size_t ldx, rows;
  float *y;
  size_t ldy;
  const ak_epilogue *epilogue;
  size_t pieces;
  bool by_rows;
  _Atomic bool failed;
};

// The imitation of bf16: rows are rounded a few at a time.
static bool multiply_rounded(const ak_dense *dense, const float *x, size_t ldx, size_t rows, float *y,
                             size_t ldy, const ak_epilogue *epilogue, size_t first, size_t last) {
  enum { AT_ONCE = 96 };
  const size_t floats = smaller(rows, AT_ONCE) * dense->inputs;
  float *rounded = ak_allocate(floats);
  if (!rounded) return false;
  for (size_t row = 0, n; row < rows; row += n) {
    n = smaller(AT_ONCE, rows - row);
    for (size_t r = 0; r < n; r++)
      ak_round_bf16(x + (row + r) * ldx, rounded + r * dense->inputs, dense->inputs);
    ak_epilogue e = *epilogue;
    if (e.preactivation) e.preactivation += row * e.ldp;
    if (e.residual) e.residual += row * e.ldr;
    ak_linear(dense->own, rounded, dense->inputs, n, y + row * ldy, ldy, &e, first, last);
  }
  ak_deallocate(rounded, floats);
  return true;
}

// Rows [row, row + rows) and columns [first, last), on this thread.
static bool multiply(const struct product *p, size_t row, size_t rows, size_t first, size_t last) {
  if (rows == 0 || first >= last) return true;
  const ak_dense *dense = p->dense;
  ak_epilogue e = *p->epilogue;
  if (e.preactivation) e.preactivation += row * e.ldp;
  if (e.residual) e.residual += row * e.ldr;
  const float *x = p->x + row * p->ldx;
  float *y = p->y + row * p->ldy;
  if (dense->half)
    return ak_half_linear(dense->half, x, p->ldx, rows, y, p->ldy, &e, first, last);
  if (dense->onednn) return ak_onednn_run(dense->onednn, x, p->ldx, rows, y, p->ldy, &e);
  if (dense->precision == AK_BF16)
    return multiply_rounded(dense, x, p->ldx, rows, y, p->ldy, &e, first, last);
  ak_linear(dense->own, x, p->ldx, rows, y, p->ldy, &e, first, last);
  return true;
}

static void multiply_piece(void *context, size_t index) {
  struct product *p = context;
  bool done;
  if (p->by_rows) {
    size_t from = p->rows * index / p->pieces, to = p->rows * (index + 1) / p->pieces;
    done = multiply(p, from, to - from, 0, p->dense->outputs);
  } else {
    size_t units = (p->dense->outputs + column_unit - 1) / column_unit;
    size_t from = units * index / p->pieces * column_unit, to = units * (index + 1) / p->pieces * column_unit;
    done = multiply(p, 0, p->rows, from, to < p->dense->outputs ? to : p->dense->outputs);
  }
  if (!done) atomic_store_explicit(&p->failed, true, memory_order_relaxed);
}

bool ak_dense_run(const ak_dense *dense, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                  const ak_epilogue *epilogue) {
  if (rows == 0 || dense->outputs == 0) return true;
  size_t threads = ak_available_threads();
  struct product product = {dense, x, ldx, rows, y, ldy, epilogue, threads, true, false};
  if (threads == 1) return multiply(&product, 0, rows, 0, dense->outputs);
  // oneDNN's packed weights are one block: its pieces are rows.
  product.by_rows = rows >= threads * fewest_rows_per_thread || dense->onednn;
  if (product.by_rows && product.pieces > rows) product.pieces = rows;
  ak_parallel(product.pieces, multiply_piece, &product);
  return !product.failed;
}

bool ak_dense_goes_back(const ak_dense *dense) { return dense->own != NULL; }

struct way_back {
  const ak_dense *dense;
  const float *g;
  size_t ldg, rows;
  float *dx;
  size_t ld;
  float scale;
  size_t pieces;
  bool by_rows;
};

static void go_back_piece(void *context, size_t index) {
  const struct way_back *b = context;
  const size_t count = b->by_rows ? b->rows : b->dense->inputs;
  const size_t from = count * index / b->pieces, to = count * (index + 1) / b->pieces;
  if (b->by_rows)
    ak_linear_backward(b->dense->own, b->g + from * b->ldg, b->ldg, to - from, b->dx + from * b->ld, b->ld,
                       b->scale, 0, b->dense->inputs);
  else
    ak_linear_backward(b->dense->own, b->g, b->ldg, b->rows, b->dx, b->ld, b->scale, from, to);
}

bool ak_dense_run_back(const ak_dense *dense, const float *g, size_t ldg, size_t rows, float *dx, size_t ld,
                       float scale) {
  if (rows == 0 || dense->inputs == 0) return true;
  float *rounded = NULL;
  if (dense->precision == AK_BF16) {
    rounded = ak_allocate(rows * dense->outputs);
    if (!rounded) return false;
    for (size_t row = 0; row < rows; row++)
      ak_round_bf16(g + row * ldg, rounded + row * dense->outputs, dense->outputs);
    g = rounded;
    ldg = dense->outputs;
  }
  const size_t threads = ak_available_threads();
  struct way_back back = {dense, g, ldg, rows, dx, ld, scale, threads, rows >= threads * fewest_rows_per_thread};
  ak_parallel(threads, go_back_piece, &back);
  ak_deallocate(rounded, rows * dense->outputs);
  return true;
}

bool ak_bf16_is_native(void) { return ak_half_is_native(); }
