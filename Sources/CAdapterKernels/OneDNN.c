// oneDNN's matrix product over packed weights.
//
// Rows are cut into tiles of one size, the last filled up with zeros: a primitive for another number of
// rows may sum in another order, and a row's result must not depend on its neighbours. Primitives are
// shared by all weights of one shape and live as long as the process.
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

enum { tile_rows = 64, most_shapes = 256 };

// A product's shape and its primitive, compiled once, which takes 0.75 ms.
struct shape {
  size_t outputs, inputs;
  bool bf16;
  bool is_absent;              // oneDNN has no such product on this CPU
  dnnl_memory_desc_t weights;  // as this CPU wants them packed
  size_t bytes;
  dnnl_primitive_t primitive;
  dnnl_memory_desc_t x, y, scratch;
  size_t scratch_bytes;
};

struct ak_onednn {
  struct shape *shape;
  float *rows;  // the weights as they come, until all are there
  bool transposed;
  void *packed;
  dnnl_memory_t memory;
};

static dnnl_engine_t engine;
static struct shape shapes[most_shapes];
static size_t shape_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static _Atomic size_t refusals;

size_t ak_onednn_refusals(void) { return refusals; }

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

// The primitive, with the weights laid out as the CPU chooses.
static bool compile(struct shape *shape) {
  dnnl_data_type_t type = shape->bf16 ? dnnl_bf16 : dnnl_f32;
  dnnl_memory_desc_t x, y, any;
  if (describe(&x, tile_rows, shape->inputs, type, dnnl_ab) != dnnl_success) return false;
  if (describe(&y, tile_rows, shape->outputs, dnnl_f32, dnnl_ab) != dnnl_success) goto without_y;
  if (describe(&any, shape->inputs, shape->outputs, type, dnnl_format_tag_any) != dnnl_success)
    goto without_weights;
  dnnl_primitive_desc_t desc;
  bool good = describe_product(&desc, &x, &any, &y) == dnnl_success;
  release(&any);
  if (!good) goto without_weights;
  good = copy_desc(&shape->weights, desc, dnnl_query_weights_md) == dnnl_success &&
         copy_desc(&shape->scratch, desc, dnnl_query_scratchpad_md) == dnnl_success &&
         dnnl_primitive_create(&shape->primitive, desc) == dnnl_success;
  dnnl_primitive_desc_destroy(desc);
  if (!good) goto without_weights;
  shape->bytes = desc_bytes(&shape->weights);
  shape->scratch_bytes = desc_bytes(&shape->scratch);
  shape->x = x;
  shape->y = y;
  return true;
without_weights:
  release(&y);
without_y:
  release(&x);
  return false;
}

// Under `lock`. What cannot be compiled is remembered, and not tried again.
static struct shape *find_shape(size_t outputs, size_t inputs, bool bf16) {
  for (size_t i = 0; i < shape_count; i++)
    if (shapes[i].outputs == outputs && shapes[i].inputs == inputs && shapes[i].bf16 == bf16)
      return shapes[i].is_absent ? NULL : &shapes[i];
  if (shape_count == most_shapes) return NULL;
  if (!engine && dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) return NULL;
  struct shape *shape = &shapes[shape_count++];
  *shape = (struct shape){.outputs = outputs, .inputs = inputs, .bf16 = bf16};
  shape->is_absent = !compile(shape);
  if (shape->is_absent) refusals++;
  return shape->is_absent ? NULL : shape;
}

ak_onednn *ak_onednn_begin(size_t outputs, size_t inputs, bool bf16) {
  if (outputs == 0 || inputs == 0) return NULL;
  use_one_thread();
  pthread_mutex_lock(&lock);
  struct shape *shape = find_shape(outputs, inputs, bf16);
  pthread_mutex_unlock(&lock);
  ak_onednn *weights = shape ? calloc(1, sizeof *weights) : NULL;
  if (!weights) return NULL;
  weights->shape = shape;
  weights->rows = ak_allocate(outputs * inputs);
  weights->packed = aligned_alloc(64, (shape->bytes + 63) & ~(size_t)63);
  if (weights->rows && weights->packed &&
      make_memory(&weights->memory, &shape->weights, weights->packed) == dnnl_success)
    return weights;
  ak_onednn_free(weights);
  return NULL;
}

void ak_onednn_put(ak_onednn *weights, const float *w, size_t ld, size_t first, size_t count, bool transposed) {
  const size_t width = transposed ? weights->shape->outputs : weights->shape->inputs;
  weights->transposed = transposed;
  for (size_t row = 0; row < count; row++)
    memcpy(weights->rows + (first + row) * width, w + row * ld, width * sizeof *w);
}

bool ak_onednn_end(ak_onednn *weights) {
  const struct shape *shape = weights->shape;
  use_one_thread();
  dnnl_memory_desc_t plain;
  if (describe(&plain, shape->inputs, shape->outputs, dnnl_f32, weights->transposed ? dnnl_ab : dnnl_ba) !=
      dnnl_success)
    return false;
  dnnl_memory_t source = NULL;
  dnnl_primitive_desc_t desc = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_stream_t own_stream = NULL;
  bool good = make_memory(&source, &plain, weights->rows) == dnnl_success &&
#if DNNL_VERSION_MAJOR >= 3
              dnnl_reorder_primitive_desc_create(&desc, plain, engine, shape->weights, engine, NULL) == dnnl_success &&
#else
              dnnl_reorder_primitive_desc_create(&desc, &plain, engine, &shape->weights, engine, NULL) == dnnl_success &&
#endif
              dnnl_primitive_create(&reorder, desc) == dnnl_success &&
              dnnl_stream_create(&own_stream, engine, dnnl_stream_default_flags) == dnnl_success;
  if (good) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, weights->memory}};
    good = dnnl_primitive_execute(reorder, own_stream, 2, arguments) == dnnl_success &&
           dnnl_stream_wait(own_stream) == dnnl_success;
  }
  if (own_stream) dnnl_stream_destroy(own_stream);
  if (reorder) dnnl_primitive_destroy(reorder);
  if (desc) dnnl_primitive_desc_destroy(desc);
  if (source) dnnl_memory_destroy(source);
  release(&plain);
  ak_deallocate(weights->rows, shape->outputs * shape->inputs);
  weights->rows = NULL;
  return good;
}

void ak_onednn_free(ak_onednn *weights) {
  if (!weights) return;
  if (weights->memory) dnnl_memory_destroy(weights->memory);
  ak_deallocate(weights->rows, weights->shape->outputs * weights->shape->inputs);
  free(weights->packed);
  free(weights);
}

size_t ak_onednn_bytes(const ak_onednn *weights) { return weights->shape->bytes; }

// MARK: Running

static _Thread_local dnnl_stream_t stream;
static pthread_key_t stream_key;
static pthread_once_t stream_key_made = PTHREAD_ONCE_INIT;

static void destroy_stream(void *ended) { dnnl_stream_destroy(ended); }
static void make_stream_key(void) { pthread_key_create(&stream_key, destroy_stream); }

// This thread's stream, which ends with it.
static bool has_stream(void) {
  if (stream) return true;
  pthread_once(&stream_key_made, make_stream_key);
  if (dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success) return false;
  pthread_setspecific(stream_key, stream);
  return true;
}

// The rows of a tile as oneDNN reads them, with zeros for those that are missing.
static void fill_operand(const struct shape *shape, const float *x, size_t ldx, size_t rows, float *operand) {
  const size_t width = shape->inputs;
  if (shape->bf16) {
    uint16_t *to = (uint16_t *)operand;
    for (size_t row = 0; row < rows; row++) ak_to_bf16(x + row * ldx, to + row * width, width);
    memset(to + rows * width, 0, (tile_rows - rows) * width * sizeof *to);
  } else {
    for (size_t row = 0; row < rows; row++) memcpy(operand + row * width, x + row * ldx, width * sizeof *x);
    memset(operand + rows * width, 0, (tile_rows - rows) * width * sizeof *operand);
  }
}

static bool execute(const ak_onednn *weights, const float *x, float *y, float *scratch) {
  const struct shape *shape = weights->shape;
  dnnl_memory_t source = NULL, target = NULL, work = NULL;
  bool good = make_memory(&source, &shape->x, (void *)(uintptr_t)x) == dnnl_success &&
              make_memory(&target, &shape->y, y) == dnnl_success &&
              make_memory(&work, &shape->scratch, scratch) == dnnl_success;
  if (good) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, source},
                                   {DNNL_ARG_WEIGHTS, weights->memory},
                                   {DNNL_ARG_DST, target},
                                   {DNNL_ARG_SCRATCHPAD, work}};
    good = dnnl_primitive_execute(shape->primitive, stream, 4, arguments) == dnnl_success &&
           dnnl_stream_wait(stream) == dnnl_success;
  }
  if (source) dnnl_memory_destroy(source);
  if (target) dnnl_memory_destroy(target);
  if (work) dnnl_memory_destroy(work);
  return good;
}

// At most `tile_rows` rows. Where they are as many and lie without gaps, oneDNN reads and writes them in
// place.
static bool run_tile(const ak_onednn *weights, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                     const ak_epilogue *e) {
  use_one_thread();
  if (!has_stream()) return false;
  const struct shape *shape = weights->shape;
  bool reads_in_place = rows == tile_rows && !shape->bf16 && ldx == shape->inputs;
  bool writes_in_place = rows == tile_rows && ldy == shape->outputs && !e->residual;
  size_t operand_floats = tile_rows * shape->inputs, product_floats = tile_rows * shape->outputs;
  size_t scratch_floats = shape->scratch_bytes / sizeof(float) + 16;
  float *operand = reads_in_place ? NULL : ak_allocate(operand_floats);
  float *product = writes_in_place ? NULL : ak_allocate(product_floats);
  float *scratch = ak_allocate(scratch_floats);
  bool good = (reads_in_place || operand) && (writes_in_place || product) && scratch;
  if (good) {
    if (operand) fill_operand(shape, x, ldx, rows, operand);
    good = execute(weights, operand ? operand : x, product ? product : y, scratch);
  }
  if (good) ak_finish(product ? product : y, shape->outputs, rows, shape->outputs, y, ldy, e);
  ak_deallocate(operand, operand_floats);
  ak_deallocate(product, product_floats);
  ak_deallocate(scratch, scratch_floats);
  return good;
}

bool ak_onednn_run(const ak_onednn *weights, const float *x, size_t ldx, size_t rows, float *y, size_t ldy,
                   const ak_epilogue *epilogue) {
  for (size_t row = 0; row < rows; row += tile_rows) {
    size_t count = rows - row < tile_rows ? rows - row : tile_rows;
    ak_epilogue e = *epilogue;
    if (e.preactivation) e.preactivation += row * e.ldp;
    if (e.residual) e.residual += row * e.ldr;
    if (!run_tile(weights, x + row * ldx, ldx, count, y + row * ldy, ldy, &e)) return false;
  }
  return true;
}
