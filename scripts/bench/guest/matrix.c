/* Compiled twice, for the x87 and for SSE2: MATRIX names the function. */
#include "work.h"

#include <string.h>

enum { N = 128 };

/* A product of two 128 × 128 matrices of doubles is one unit. Thousandths: nearly every result is rounded. */
uint32_t MATRIX(unsigned amount) {
  static double a[N][N], b[N][N], c[N][N];
  uint32_t state = 1, sum = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (double)(next_random(&state) & 0xfff) / 1000;
      b[i][j] = (double)(next_random(&state) & 0xfff) / 1000;
    }
  while (amount-- > 0) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        double product = 0;
        for (int k = 0; k < N; k++) product += a[i][k] * b[k][j];
        c[i][j] = product;
      }
    for (int i = 0; i < N; i++) {
      uint64_t bits;
      memcpy(&bits, &c[i][i * 7 % N], sizeof bits);
      sum = sum * 31 + (uint32_t)(bits ^ bits >> 32);
    }
    a[sum % N][sum / N % N] += 1;
  }
  return sum;
}
