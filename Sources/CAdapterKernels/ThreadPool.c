// A pool of threads that spin briefly before they sleep: a pass opens hundreds of regions of
// 10 to 1000 µs, and waking a sleeping thread costs as much as the smaller ones.
#define _GNU_SOURCE
#include "ThreadPool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

enum { most_threads = 256, spins_before_sleep = 20000 };

static struct {
  pthread_mutex_t region;  // held by the caller whose region is running
  pthread_mutex_t lock;
  pthread_cond_t wake;
  _Atomic size_t threads;  // including the caller; 0 before the first question
  size_t started;      // workers that exist
  ak_piece piece;
  void *context;
  size_t count;
  _Atomic size_t next;         // the next piece to hand out
  _Atomic size_t working;      // workers that have not left the current region
  // Which region this is, and in the low 16 bits how many workers it invites: one word, so that a
  // worker that wakes late cannot pair an old region with a new invitation.
  _Atomic uint64_t generation;
} pool = {.region = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static _Thread_local bool inside;

static inline void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static size_t default_threads(void) {
  const char *wish = getenv("ADAPTERHUB_THREADS");
  if (wish) {
    long n = strtol(wish, NULL, 10);
    if (n >= 1 && n <= most_threads) return (size_t)n;
  }
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return (size_t)CPU_COUNT(&set);
#endif
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n >= 1 ? (size_t)n : 1;
}

static void take_pieces(void) {
  inside = true;
  for (;;) {
    size_t index = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed);
    if (index >= pool.count) break;
    pool.piece(pool.context, index);
  }
  inside = false;
}

static void *work(void *argument) {
  size_t me = (size_t)(uintptr_t)argument;
  uint64_t seen = 0;
  for (;;) {
    int spins = 0;
    uint64_t now;
    while ((now = atomic_load_explicit(&pool.generation, memory_order_acquire)) == seen) {
      if (++spins < spins_before_sleep) {
        pause_briefly();
        continue;
      }
      pthread_mutex_lock(&pool.lock);
      while (atomic_load(&pool.generation) == seen) pthread_cond_wait(&pool.wake, &pool.lock);
      pthread_mutex_unlock(&pool.lock);
    }
    seen = now;
    if (me >= (now & 0xffff)) continue;
    take_pieces();
    atomic_fetch_sub_explicit(&pool.working, 1, memory_order_release);
  }
  return NULL;
}

// Under `region`: nothing else reads or writes the number of threads.
static void prepare(void) {
  while (pool.started + 1 < ak_threads()) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 8u << 20);
    int failed = pthread_create(&thread, &attributes, work, (void *)(uintptr_t)pool.started);
    pthread_attr_destroy(&attributes);
    if (failed) break;
    pool.started++;
  }
}

void ak_parallel(size_t count, ak_piece piece, void *context) {
  if (count == 0) return;
  if (inside || count == 1 || pthread_mutex_trylock(&pool.region) != 0) {
    bool before = inside;
    // A single piece keeps the threads for the operations inside it.
    inside = inside || count > 1;
    for (size_t i = 0; i < count; i++) piece(context, i);
    inside = before;
    return;
  }
  prepare();
  size_t threads = ak_threads();
  size_t workers = threads - 1 < pool.started ? threads - 1 : pool.started;
  if (workers > count - 1) workers = count - 1;
  pool.piece = piece;
  pool.context = context;
  pool.count = count;
  atomic_store_explicit(&pool.next, 0, memory_order_relaxed);
  atomic_store_explicit(&pool.working, workers, memory_order_relaxed);
  if (workers) {
    pthread_mutex_lock(&pool.lock);
    uint64_t region = atomic_load_explicit(&pool.generation, memory_order_relaxed) >> 16;
    atomic_store_explicit(&pool.generation, (region + 1) << 16 | workers, memory_order_release);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
  }
  take_pieces();
  int spins = 0;
  while (atomic_load_explicit(&pool.working, memory_order_acquire)) {
    pause_briefly();
    // With fewer processors than threads the worker may need this one.
    if (++spins > spins_before_sleep) sched_yield();
  }
  pthread_mutex_unlock(&pool.region);
}

// Without the lock: whoever asks while a region runs must not wait for its end.
size_t ak_threads(void) {
  size_t threads = atomic_load_explicit(&pool.threads, memory_order_relaxed);
  if (threads > 0) return threads;
  size_t none = 0;
  atomic_compare_exchange_strong(&pool.threads, &none, default_threads());
  return atomic_load_explicit(&pool.threads, memory_order_relaxed);
}

size_t ak_available_threads(void) { return inside ? 1 : ak_threads(); }

void ak_set_threads(size_t count) {
  if (inside) return;
  pthread_mutex_lock(&pool.region);
  pool.threads = count < 1 ? 1 : count > most_threads ? most_threads : count;
  pthread_mutex_unlock(&pool.region);
}
