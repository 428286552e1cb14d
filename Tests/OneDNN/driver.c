// The seam to oneDNN against plain sums in double precision: `Scripts/check-onednn3.sh` links this
// with a oneDNN of API 3.x, where the package's own tests use the system's.
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CAdapterKernels.h"

static int failures;

// Numbers in [-1, 1), the same for the same seed.
static float *numbers(size_t count, uint64_t seed) {
  float *x = malloc((count + 1) * sizeof *x);
  if (!x) abort();
  uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    x[i] = (float)(state >> 40) / 0x1p23f - 1;
  }
  return x;
}

struct product {
  size_t rows, inputs, outputs;
  bool transposed, bf16;
  bool bias, preactivation, residual;
  int activation;
  float scale;
};

struct operands {
  float *w, *x, *bias, *residual, *y;
  size_t ldw, ldx, ldy;
};

static struct operands operands(const struct product *p) {
  struct operands o = {.ldw = (p->transposed ? p->outputs : p->inputs) + 2, .ldx = p->inputs + 3, .ldy = p->outputs + 5};
  size_t weight_rows = p->transposed ? p->inputs : p->outputs;
  o.w = numbers(weight_rows * o.ldw, 1);
  o.x = numbers(p->rows * o.ldx, 2);
  o.bias = numbers(p->outputs, 3);
  o.residual = numbers(p->rows * o.ldy, 4);
  o.y = numbers(p->rows * o.ldy, 5);
  if (p->bf16) {
    ak_round_bf16(o.w, o.w, weight_rows * o.ldw);
    ak_round_bf16(o.x, o.x, p->rows * o.ldx);
  }
  return o;
}

static void release(struct operands *o) {
  free(o->w);
  free(o->x);
  free(o->bias);
  free(o->residual);
  free(o->y);
}

static void expect(const struct product *p, const char *what, const float *actual, const float *expected, size_t ld) {
  for (size_t row = 0; row < p->rows; row++)
    for (size_t column = 0; column < ld; column++) {
      size_t i = row * ld + column;
      if (fabsf(actual[i] - expected[i]) <= 5e-5f + 2e-5f * fabsf(expected[i])) continue;
      printf("%zu rows, %zu -> %zu, transposed %d, bf16 %d: %s[%zu, %zu] is %g, expected %g\n", p->rows, p->inputs,
             p->outputs, p->transposed, p->bf16, what, row, column, (double)actual[i], (double)expected[i]);
      failures++;
      return;
    }
}

// Returns false where oneDNN has no such product on this CPU.
static bool check(const struct product *p) {
  struct operands o = operands(p);
  ak_dense *dense = ak_dense_pack(o.w, o.ldw, p->outputs, p->inputs, p->transposed, p->bf16 ? AK_BF16 : AK_F32,
                                  AK_ENGINE_ONEDNN);
  if (!dense) {
    release(&o);
    return false;
  }
  size_t floats = p->rows * o.ldy;
  float *expected = malloc((floats + 1) * sizeof *expected), *before = numbers(floats, 6), *kept = numbers(floats, 6);
  if (!expected) abort();
  memcpy(expected, o.y, floats * sizeof *expected);
  for (size_t row = 0; row < p->rows; row++)
    for (size_t output = 0; output < p->outputs; output++) {
      double sum = 0;
      for (size_t k = 0; k < p->inputs; k++)
        sum += (double)o.x[row * o.ldx + k] * (double)o.w[p->transposed ? k * o.ldw + output : output * o.ldw + k];
      size_t i = row * o.ldy + output;
      float value = (float)(sum + (p->bias ? (double)o.bias[output] : 0));
      if (p->preactivation) before[i] = value;
      ak_activation(p->activation, &value, &value, 1);
      expected[i] = p->scale * value + (p->residual ? o.residual[i] : 0);
    }
  ak_epilogue e = {.scale = p->scale, .bias = p->bias ? o.bias : NULL, .activation = p->activation,
                   .preactivation = p->preactivation ? kept : NULL, .ldp = o.ldy,
                   .residual = p->residual ? o.residual : NULL, .ldr = o.ldy};
  if (!ak_dense_run(dense, o.x, o.ldx, p->rows, o.y, o.ldy, &e)) abort();
  expect(p, "y", o.y, expected, o.ldy);
  expect(p, "preactivation", kept, before, o.ldy);
  ak_dense_free(dense);
  free(expected);
  free(before);
  free(kept);
  release(&o);
  return true;
}

// MARK: Many threads at once

struct caller {
  const ak_dense *dense;
  const struct product *product;
  const struct operands *operands;
  const float *expected;
};

static void *call(void *argument) {
  const struct caller *c = argument;
  size_t floats = c->product->rows * c->product->outputs;
  float *y = malloc(floats * sizeof *y);
  if (!y) abort();
  ak_epilogue e = {.scale = 1};
  for (int round = 0; round < 20; round++) {
    if (!ak_dense_run(c->dense, c->operands->x, c->operands->ldx, c->product->rows, y, c->product->outputs, &e)) abort();
    if (memcmp(y, c->expected, floats * sizeof *y) != 0) __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
  }
  free(y);
  return NULL;
}

static void check_threads(void) {
  struct product p = {.rows = 77, .inputs = 201, .outputs = 131, .scale = 1};
  struct operands o = operands(&p);
  ak_dense *dense = ak_dense_pack(o.w, o.ldw, p.outputs, p.inputs, false, AK_F32, AK_ENGINE_ONEDNN);
  float *expected = malloc(p.rows * p.outputs * sizeof *expected);
  if (!dense || !expected) abort();
  ak_set_threads(1);
  ak_epilogue e = {.scale = 1};
  if (!ak_dense_run(dense, o.x, o.ldx, p.rows, expected, p.outputs, &e)) abort();
  struct caller caller = {dense, &p, &o, expected};
  pthread_t threads[8];
  for (int i = 0; i < 8; i++)
    if (pthread_create(&threads[i], NULL, call, &caller) != 0) abort();
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  if (failures) printf("%d failures after 8 threads shared one product\n", failures);
  ak_dense_free(dense);
  free(expected);
  release(&o);
}

// How many threads this process has; 1 where the system does not say.
static int thread_count(void) {
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return 1;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(tasks));) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}

int main(void) {
  ak_set_threads(1);
  size_t rows[] = {1, 7, 16, 127, 128, 129, 300};
  int checked = 0, absent = 0;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (int kind = 0; kind < 16; kind++) {
      struct product p = {.rows = rows[i], .inputs = 65, .outputs = 83, .scale = 1};
      p.transposed = kind & 1;
      p.bf16 = kind & 2;
      if (kind & 4) {
        p.bias = p.preactivation = true;
        p.activation = AK_GELU;
      }
      if (kind & 8) {
        p.residual = true;
        p.scale = 0.5f;
      }
      if (check(&p)) checked++;
      else absent++;
    }
  struct product large = {.rows = 33, .inputs = 768, .outputs = 3072, .scale = 1, .bias = true};
  struct product narrow = {.rows = 130, .inputs = 1, .outputs = 1, .scale = 1};
  checked += check(&large) + check(&narrow);
  if (thread_count() != 1) {
    printf("oneDNN has started %d threads of its own\n", thread_count() - 1);
    failures++;
  }
  check_threads();
  int version = ak_onednn_version();
  printf("oneDNN %d.%d.%d: %d products checked, %d not available on this CPU, %d failures\n", version / 10000,
         version / 100 % 100, version % 100, checked, absent, failures);
  return failures != 0 || checked == 0;
}
