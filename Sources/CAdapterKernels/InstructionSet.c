/// Which instruction set is used: the best that the processor has, unless a test chose another.
#include "InstructionSet.h"

static _Atomic(const ak_kernels *) best;

// A thread's own choice, so that what a test compares changes nothing for others.
static _Thread_local const ak_kernels *chosen;

/// The kernels for `isa`, or NULL when this processor cannot run them.
static const ak_kernels *kernels_for(int isa) {
  switch (isa) {
    case AK_ISA_REFERENCE:
      return &ak_kernels_reference;
#if defined(__x86_64__)
    case AK_ISA_AVX2:
      if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return NULL;
      return &ak_kernels_avx2;
    case AK_ISA_AVX512:
      if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
          !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq"))
        return NULL;
      return &ak_kernels_avx512;
#elif defined(__aarch64__)
    case AK_ISA_NEON:
      return &ak_kernels_neon;
#endif
    default:
      return NULL;
  }
}

int ak_isa_best(void) {
  const int fastest_first[] = {AK_ISA_AVX512, AK_ISA_AVX2, AK_ISA_NEON};
  for (int i = 0; i < 3; i++)
    if (kernels_for(fastest_first[i])) return fastest_first[i];
  return AK_ISA_REFERENCE;
}

const ak_kernels *ak_current_kernels(void) {
  if (chosen) return chosen;
  const ak_kernels *kernels = atomic_load_explicit(&best, memory_order_relaxed);
  if (kernels) return kernels;
  kernels = kernels_for(ak_isa_best());
  atomic_store_explicit(&best, kernels, memory_order_relaxed);
  return kernels;
}

int ak_isa_in_use(void) { return ak_current_kernels()->isa; }

void ak_isa_use(int isa) {
  const ak_kernels *kernels = kernels_for(isa);
  if (kernels) chosen = kernels;
}
