// oneDNN's matrix product over packed weights.
//
// A primitive is compiled for a number of rows, which takes 0.75 ms: so rows are cut into tiles and
// the last tile is rounded up to one of a few sizes, its missing rows computed on scratch memory.
// Primitives are shared by all weights of one shape and live as long as the process.
#include "OneDNN.h"

#include <dnnl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "DenseProducts.h"
#include "ThreadPool.h"

#if DNNL_VERSION_MAJOR < 2
#error "oneDNN 2.x or 3.x is needed"
#endif

extern void omp_set_num_threads(int) __attribute__((weak));

enum { tile_rows = 128, most_shapes = 64 };
// The row counts that have a primitive.
static const size_t row_counts[] = {1, 8, 16, 32, 48, 64, 96, 128};
enum { row_count_count = sizeof row_counts / sizeof *row_counts };

// A product's shape, with its primitives as they come to be needed.
struct shape {
  size_t outputs, inputs;
  bool bf16;
  dnnl_memory_desc_t weights;  // as this CPU wants them packed
  size_t bytes;
  struct compiled {
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t x, y, scratch;
    size_t scratch_bytes;
  } compiled[row_count_count];
};

struct ak_onednn {
  struct shape *shape;
  void *packed;
  dnnl_memory_t memory;
};

static dnnl_engine_t engine;
static struct shape shapes[most_shapes];
static size_t shape_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int ak_onednn_version(void) {
  const dnnl_version_t *v = dnnl_version();
  return v->major * 10000 + v->minor * 100 + v->patch;
}

// Each piece of work has one thread: the others have pieces of their own. OpenMP keeps the number by
// calling thread, and oneDNN asks for it when it compiles a primitive as well as when it runs one.
static void use_one_thread(void) {
  static _Thread_local bool done;
  if (!done && omp_set_num_threads) omp_set_num_threads(1);
  done = true;
}

// MARK: The two APIs

static dnnl_status_t describe(dnnl_memory_desc_t *desc, size_t rows, size_t columns, dnnl_data_type_t type,
                              dnnl_format_tag_t tag) {
  dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_create_with_tag(desc, 2, dims, type, tag);
#else
  return dnnl_memory_desc_init_by_tag(desc, 2, dims, type, tag);
#endif
}

static size_t desc_bytes(const dnnl_memory_desc_t *desc) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_get_size(*desc);
#else
  return dnnl_memory_desc_get_size(desc);
#endif
}

static void release(dnnl_memory_desc_t *desc) {
#if DNNL_VERSION_MAJOR >= 3
  dnnl_memory_desc_destroy(*desc);
#else
  (void)desc;
#endif
}

static dnnl_status_t make_memory(dnnl_memory_t *memory, const dnnl_memory_desc_t *desc, void *handle) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_create(memory, *desc, engine, handle);
#else
  return dnnl_memory_create(memory, desc, engine, handle);
#endif
}

// A descriptor of its own, whoever destroys the primitive's.
static dnnl_status_t copy_desc(dnnl_memory_desc_t *to, const_dnnl_primitive_desc_t from, dnnl_query_t what) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_memory_desc_clone(to, dnnl_primitive_desc_query_md(from, what, 0));
#else
  *to = *dnnl_primitive_desc_query_md(from, what, 0);
  return dnnl_success;
#endif
}

static dnnl_status_t describe_product(dnnl_primitive_desc_t *desc, const dnnl_memory_desc_t *x,
                                      const dnnl_memory_desc_t *w, const dnnl_memory_desc_t *y) {
  dnnl_primitive_attr_t attributes;
  dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
  if (status != dnnl_success) return status;
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
#if DNNL_VERSION_MAJOR >= 3
  status = dnnl_matmul_primitive_desc_create(desc, engine, *x, *w, NULL, *y, attributes);
#else
  dnnl_matmul_desc_t product;
  status = dnnl_matmul_desc_init(&product, x, w, NULL, y);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(desc, &product, attributes, engine, NULL);
#endif
  dnnl_primitive_attr_destroy(attributes);
  return status;
}

// MARK: Shapes and their primitives

// A primitive for `rows` rows; the weights' layout is the CPU's choice when `choosing`.
static bool compile(struct shape *shape, size_t rows, bool choosing, struct compiled *out) {
  dnnl_data_type_t type = shape->bf16 ? dnnl_bf16 : dnnl_f32;
  dnnl_memory_desc_t x, y, any;
  if (describe(&x, rows, shape->inputs, type, dnnl_ab) != dnnl_success) return false;
  if (describe(&y, rows, shape->outputs, dnnl_f32, dnnl_ab) != dnnl_success) return false;
  if (choosing && describe(&any, shape->inputs, shape->outputs, type, dnnl_format_tag_any) != dnnl_success)
    return false;
  dnnl_primitive_desc_t desc;
  bool good = describe_product(&desc, &x, choosing ? &any : &shape->weights, &y) == dnnl_success;
  if (choosing) release(&any);
  if (good) {
    if (choosing) {
      good = copy_desc(&shape->weights, desc, dnnl_query_weights_md) == dnnl_success;
      shape->bytes = desc_bytes(&shape->weights);
    }
    good = good && copy_desc(&out->scratch, desc, dnnl_query_scratchpad_md) == dnnl_success &&
           dnnl_primitive_create(&out->primitive, desc) == dnnl_success;
    if (good) out->scratch_bytes = desc_bytes(&out->scratch);
    dnnl_primitive_desc_destroy(desc);
  }
  out->x = x;
  out->y = y;
  return good;
}

// Under `lock`.
static struct shape *find_shape(size_t outputs, size_t inputs, bool bf16) {
  for (size_t i = 0; i < shape_count; i++)
    if (shapes[i].outputs == outputs && shapes[i].inputs == inputs && shapes[i].bf16 == bf16) return &shapes[i];
  if (shape_count == most_shapes) return NULL;
  if (!engine && dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) return NULL;
  struct shape *shape = &shapes[shape_count];
  memset(shape, 0, sizeof *shape);
  shape->outputs = outputs;
  shape->inputs = inputs;
  shape->bf16 = bf16;
  if (!compile(shape, tile_rows, true, &shape->compiled[row_count_count - 1])) return NULL;
  shape_count++;
  return shape;
}

static const struct compiled *find_compiled(struct shape *shape, size_t index) {
  struct compiled *compiled = &shape->compiled[index];
  pthread_mutex_lock(&lock);
  bool good = compiled->primitive || compile(shape, row_counts[index], false, compiled);
  pthread_mutex_unlock(&lock);
  return good ? compiled : NULL;
}

ak_onednn *ak_onednn_pack(const float *w, size_t ld, size_t outputs, size_t inputs, bool transposed, bool bf16) {
  if (outputs == 0 || inputs == 0) return NULL;
  use_one_thread();
  pthread_mutex_lock(&lock);
  struct shape *shape = find_shape(outputs, inputs, bf16);
  pthread_mutex_unlock(&lock);
  if (!shape) return NULL;
  ak_onednn *weights = calloc(1, sizeof *weights);
  if (!weights) return NULL;
  weights->shape = shape;
  size_t rows = transposed ? inputs : outputs, columns = transposed ? outputs : inputs;
  float *dense = NULL;
  if (ld != columns) {
    dense = ak_allocate(rows * columns);
    if (!dense) goto failed;
    for (size_t row = 0; row < rows; row++)
      memcpy(dense + row * columns, w + row * ld, columns * sizeof *w);
    w = dense;
  }
  weights->packed = aligned_alloc(64, (shape->bytes + 63) & ~(size_t)63);
  if (!weights->packed) goto failed;
  if (make_memory(&weights->memory, &shape->weights, weights->packed) != dnnl_success) goto failed;
  dnnl_memory_desc_t plain;
  if (describe(&plain, inputs, outputs, dnnl_f32, transposed ? dnnl_ab : dnnl_ba) != dnnl_success) goto failed;
  dnnl_memory_t source = NULL;
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_stream_t stream = NULL;
  bool good = make_memory(&source, &plain, (void *)(uintptr_t)w) == dnnl_success &&
#if DNNL_VERSION_MAJOR >= 3
              dnnl_reorder_primitive_desc_create(&desc, plain, engine, shape->weights, engine, NULL) == dnnl_success &&
#else
              dnnl_reorder_primitive_desc_create(&desc, &plain, engine, &shape->weights, engine, NULL) == dnnl_success &&
#endif
              dnnl_primitive_create(&reorder, desc) == dnnl_success &&
              dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success;
  if (good) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, weights->memory}};
    good = dnnl_primitive_execute(reorder, stream, 2, arguments) == dnnl_success &&
           dnnl_stream_wait(stream) == dnnl_success;
  }
  if (stream) dnnl_stream_destroy(stream);
  if (reorder) dnnl_primitive_destroy(reorder);
  if (desc) dnnl_primitive_desc_destroy(desc);
  if (source) dnnl_memory_destroy(source);
  release(&plain);
  if (!good) goto failed;
  ak_deallocate(dense, rows * columns);
  return weights;
failed:
  ak_deallocate(dense, rows * columns);
  ak_onednn_free(weights);
  return NULL;
}

void ak_onednn_free(ak_onednn *weights) {
  if (!weights) return;
  if (weights->memory) dnnl_memory_destroy(weights->memory);
  free(weights->packed);
  free(weights);
}

size_t ak_onednn_bytes(const ak_onednn *weights) { return weights->shape->bytes; }

// MARK: Running

static _Thread_local dnnl_stream_t stream;

// The smallest number of rows that has a primitive and is not less than `rows`.
static size_t row_count_index(size_t rows) {
  size_t index = 0;
  while (row_counts[index] < rows) index++;
  return index;
}

// The rows of an operand as oneDNN reads them, with zeros for those that are missing.
static void fill_operand(const struct shape *shape, const float *x, size_t ldx, size_t rows, size_t padded,
                         float *operand) {
  for (size_t row = 0; row < padded; row++) {
    if (shape->bf16) {
      uint16_t *to = (uint16_t *)operand + row * shape->inputs;
      if (row < rows) ak_to_bf16(x + row * ldx, to, shape->inputs);
      else memset(to, 0, shape->inputs * sizeof *to);
    } else {
      float *to = operand + row * shape->inputs;
      if (row < rows) memcpy(to, x + row * ldx, shape->inputs * sizeof *to);
      else memset(to, 0, shape->inputs * sizeof *to);
    }
  }
}

static bool execute(const ak_onednn *weights, const struct compiled *compiled, const float *x, float *y,
                    float *scratch) {
  dnnl_memory_t source = NULL, target = NULL, work = NULL;
  bool good = make_memory(&source, &compiled->x, (void *)(uintptr_t)x) == dnnl_success &&
              make_memory(&target, &compiled->y, y) == dnnl_success &&
              make_memory(&work, &compiled->scratch, scratch) == dnnl_success;
  if (good) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, source},
                                   {DNNL_ARG_WEIGHTS, weights->memory},
                                   {DNNL_ARG_DST, target},
                                   {DNNL_ARG_SCRATCHPAD, work}};
    good = dnnl_primitive_execute(compiled->primitive, stream, 4, arguments) == dnnl_success &&
           dnnl_stream_wait(stream) == dnnl_success;
  }
  if (source) dnnl_memory_destroy(source);
  if (target) dnnl_memory_destroy(target);
  if (work) dnnl_memory_destroy(work);
  return good;
}

// The epilogue over rows that have just been computed and are still in cache; `p` may be `y`.
static void finish(float *p, size_t rows, size_t outputs, float *y, size_t ldy, const ak_epilogue *e,
                   size_t first_row) {
  for (size_t row = 0; row < rows; row++) {
    float *to = y + row * ldy;
    float *line = p + row * outputs;
    if (e->scale != 1) ak_scale(line, e->scale, line, outputs);
    if (e->bias) ak_add(line, e->bias, line, outputs);
    if (e->preactivation) memcpy(e->preactivation + (first_row + row) * e->ldp, line, outputs * sizeof *line);
    if (e->activation != AK_LINEAR) ak_activation(e->activation, line, line, outputs);
    if (e->residual) ak_add(line, e->residual + (first_row + row) * e->ldr, line, outputs);
    if (e->accumulate) ak_add(line, to, line, outputs);
    if (line != to) memcpy(to, line, outputs * sizeof *line);
  }
}

// At most `tile_rows` rows, the first of which is `first_row` to the epilogue. Where the rows are as
// many as a primitive's and lie without gaps, it reads and writes them in place.
static bool run_tile(const ak_onednn *weights, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                     const ak_epilogue *e, size_t first_row) {
  use_one_thread();
  struct shape *shape = weights->shape;
  if (!stream && dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success) return false;
  size_t index = row_count_index(rows);
  const struct compiled *compiled = find_compiled(shape, index);
  if (!compiled) {
    // The size that the layout was chosen with always works.
    index = row_count_count - 1;
    compiled = &shape->compiled[index];
  }
  size_t padded = row_counts[index];
  bool reads_in_place = padded == rows && !shape->bf16 && ldx == shape->inputs;
  bool writes_in_place = padded == rows && ldy == shape->outputs && !e->accumulate && !e->residual;
  size_t operand_floats = padded * shape->inputs, product_floats = padded * shape->outputs;
  size_t scratch_floats = compiled->scratch_bytes / sizeof(float) + 16;
  float *operand = reads_in_place ? NULL : ak_allocate(operand_floats);
  float *product = writes_in_place ? NULL : ak_allocate(product_floats);
  float *scratch = ak_allocate(scratch_floats);
  bool good = (reads_in_place || operand) && (writes_in_place || product) && scratch;
  if (good) {
    if (operand) fill_operand(shape, x, ldx, rows, padded, operand);
    good = execute(weights, compiled, operand ? operand : x, product ? product : y, scratch);
  }
  if (good) finish(product ? product : y, rows, shape->outputs, y, ldy, e, first_row);
  ak_deallocate(operand, operand_floats);
  ak_deallocate(product, product_floats);
  ak_deallocate(scratch, scratch_floats);
  return good;
}

void ak_onednn_run(const ak_onednn *weights, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                   const ak_epilogue *e) {
  for (size_t row = 0; row < rows; row += tile_rows) {
    size_t count = rows - row < tile_rows ? rows - row : tile_rows;
    // Nothing but a lack of memory for one tile is left to fail.
    if (!run_tile(weights, x + row * ldx, ldx, count, y + row * ldy, ldy, e, row)) abort();
  }
}
