/// Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
///
///   counter: block (64 bits), stream (64 bits); key: seed; four numbers per block

enum { BLOCKS = 16, NUMBERS = 4 * BLOCKS };

/// The numbers of `BLOCKS` blocks from `first` on; the loops over `b` become vector code.
static inline void philox(uint64_t seed, uint64_t stream, uint64_t first, uint32_t out[NUMBERS]) {
  uint32_t c0[BLOCKS], c1[BLOCKS], c2[BLOCKS], c3[BLOCKS];
  for (size_t b = 0; b < BLOCKS; b++) {
    c0[b] = (uint32_t)(first + b);
    c1[b] = (uint32_t)((first + b) >> 32);
    c2[b] = (uint32_t)stream;
    c3[b] = (uint32_t)(stream >> 32);
  }
  uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    for (size_t b = 0; b < BLOCKS; b++) {
      uint64_t product0 = (uint64_t)0xD2511F53 * c0[b], product1 = (uint64_t)0xCD9E8D57 * c2[b];
      c0[b] = (uint32_t)(product1 >> 32) ^ c1[b] ^ key0;
      c1[b] = (uint32_t)product1;
      c2[b] = (uint32_t)(product0 >> 32) ^ c3[b] ^ key1;
      c3[b] = (uint32_t)product0;
    }
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  for (size_t b = 0; b < BLOCKS; b++) {
    out[4 * b] = c0[b];
    out[4 * b + 1] = c1[b];
    out[4 * b + 2] = c2[b];
    out[4 * b + 3] = c3[b];
  }
}

/// 24 bits, in [0, 1).
static inline float unit(uint32_t bits) { return (float)(int32_t)(bits >> 8) * 0x1p-24f; }

static void unit_block(const uint32_t *bits, float *values) {
  for (size_t i = 0; i < NUMBERS; i++) values[i] = unit(bits[i]);
}

static void normal_block(const uint32_t *bits, float *values) {
  for (size_t i = 0; i < NUMBERS; i += 2) {
    // 1 - u is in (0, 1], so the logarithm is finite.
    float radius = sqrtf(-2 * logf(1 - unit(bits[i])));
    float angle = 6.283185307179586f * unit(bits[i + 1]);
    values[i] = radius * cosf(angle);
    values[i + 1] = radius * sinf(angle);
  }
}

/// Cuts `[offset, offset + n)` out of whole blocks, so that a call's start does not matter.
static inline void fill(uint64_t seed, uint64_t stream, uint64_t offset, float *y, size_t n,
                        void (*convert)(const uint32_t *bits, float *values)) {
  uint32_t bits[NUMBERS];
  float values[NUMBERS];
  for (size_t done = 0; done < n;) {
    size_t skip = (size_t)((offset + done) % NUMBERS);
    size_t count = NUMBERS - skip < n - done ? NUMBERS - skip : n - done;
    philox(seed, stream, (offset + done) / NUMBERS * BLOCKS, bits);
    convert(bits, values);
    memcpy(y + done, values + skip, count * sizeof *y);
    done += count;
  }
}

static void random_uniform(uint64_t seed, uint64_t stream, uint64_t offset, float *y, size_t n) {
  fill(seed, stream, offset, y, n, unit_block);
}

static void random_normal(uint64_t seed, uint64_t stream, uint64_t offset, float *y, size_t n) {
  fill(seed, stream, offset, y, n, normal_block);
}

/// `1 / keep` where the uniform number is below `keep`, else 0.
static void dropout_mask(uint64_t seed, uint64_t stream, uint64_t offset, float keep, float *mask,
                         size_t n) {
  random_uniform(seed, stream, offset, mask, n);
  const float kept = 1 / keep;
  for (size_t i = 0; i < n; i++) mask[i] = mask[i] < keep ? kept : 0;
}

static void dropout(uint64_t seed, uint64_t stream, const uint64_t *numbers, float keep,
                    const float *x, float *y, size_t rows, size_t width) {
  const float kept = 1 / keep;
  // `unit(bits) < keep` without making floats of the bits.
  const uint32_t limit = (uint32_t)ceil((double)keep * 0x1p24);
  for (size_t r = 0; r < rows; r++) {
    // A row's numbers begin with a whole block.
    const uint64_t first = (numbers ? numbers[r] : r) << 24;
    for (size_t start = 0, n; start < width; start += n) {
      uint32_t bits[NUMBERS];
      n = width - start < NUMBERS ? width - start : NUMBERS;
      philox(seed, stream, (first + start) / 4, bits);
      const float *in = x + r * width + start;
      float *out = y + r * width + start;
      for (size_t i = 0; i < n; i++) out[i] = bits[i] >> 8 < limit ? in[i] * kept : 0;
    }
  }
}
