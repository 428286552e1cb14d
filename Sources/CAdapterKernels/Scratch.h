/// Memory of a thread's own that kernels work in.
#pragma once

#include <stddef.h>

/// At least `floats` floats, 64-byte aligned, contents undefined, good until this thread's next
/// call; NULL when memory is short.
float *ak_scratch(size_t floats);
