/// The one pool of threads. Long computation runs here, never on Swift's cooperative pool.
///
/// A region is `count` independent pieces, shared out among the pool's threads and the caller. A
/// region opened inside a piece, or while another caller holds the pool, runs serially on its own
/// thread: so operations may always ask for threads, and whoever cut the work first decides.
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef void (*ak_piece)(void *context, size_t index);

/// Runs `piece(context, 0 ..< count)`, each index once, and returns when all have finished.
void ak_parallel(size_t count, ak_piece piece, void *context);

/// How many threads a region opened here would get: 1 inside a piece.
size_t ak_available_threads(void);

/// The number of threads of the pool: `ADAPTERHUB_THREADS`, else the processors this process may use.
size_t ak_threads(void);

/// Sets the number of threads, 1 … 256. Waits for a region that is running.
void ak_set_threads(size_t count);

/// Buffers for tensors: 64-byte aligned, kept for reuse so that a pass does not fault in fresh pages.
/// NULL when memory is exhausted.
float *ak_allocate(size_t floats);
void ak_deallocate(float *buffer, size_t floats);
/// For tests: from now on this thread is refused longer buffers, as where memory is exhausted; 0 ends it.
void ak_limit_buffers(size_t floats);
