/* SSE2's vectors by name. */
#include "work.h"

#include <emmintrin.h>

enum { FLOATS = 1 << 14 };

/* One unit is 16 passes over 64 KiB with single precision, and as many with bytes, words and doublewords. */
uint32_t vectors(unsigned amount) {
  static float x[FLOATS] __attribute__((aligned(16))), y[FLOATS] __attribute__((aligned(16)));
  static __m128i bits[FLOATS / 4];
  uint32_t state = 1;
  for (int i = 0; i < FLOATS; i++) {
    x[i] = (float)(next_random(&state) & 0xffff) / 65536;
    y[i] = (float)(next_random(&state) & 0xffff) / 65536;
    ((uint32_t *)bits)[i] = next_random(&state) * 257;
  }
  const __m128 half = _mm_set1_ps(0.5f), limit = _mm_set1_ps(1.0f);
  __m128i sum = _mm_setzero_si128();
  for (unsigned pass = 0; pass < amount * 16; pass++)
    for (int i = 0; i < FLOATS; i += 4) {
      __m128 a = _mm_load_ps(x + i), b = _mm_load_ps(y + i);
      __m128 next = _mm_add_ps(_mm_mul_ps(a, half), _mm_mul_ps(b, _mm_sub_ps(limit, a)));
      next = _mm_min_ps(_mm_max_ps(next, _mm_sqrt_ps(_mm_mul_ps(b, half))), limit);
      _mm_store_ps(x + i, next);
      __m128i v = bits[i / 4];
      v = _mm_add_epi32(v, _mm_xor_si128(_mm_slli_epi32(v, 5), _mm_srli_epi32(v, 11)));
      v = _mm_adds_epu8(v, _mm_shuffle_epi32(v, _MM_SHUFFLE(0, 3, 2, 1)));
      v = _mm_sub_epi16(v, _mm_mullo_epi16(v, _mm_unpacklo_epi8(v, sum)));
      bits[i / 4] = v;
      sum = _mm_add_epi32(sum, _mm_xor_si128(v, _mm_castps_si128(next)));
    }
  uint32_t lanes[4];
  _mm_storeu_si128((__m128i *)lanes, sum);
  return crc_of(0, lanes, sizeof lanes);
}
