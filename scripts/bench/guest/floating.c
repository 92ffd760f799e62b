/* The C library's mathematics: x87 code on i386, SSE2 on x86-64. */
#include "work.h"

#include <math.h>

/* One unit is 1000 arguments for each function. Processors differ in the last digit (FMA, the x87's own functions), so
   the checksum takes a millionth of the sum. */
uint32_t libm(unsigned amount) {
  double sum = 0;
  uint32_t state = 1;
  for (unsigned i = 0; i < amount * 1000; i++) {
    volatile double x = (double)next_random(&state) / (1 << 24) * 8 + 0.25;
    sum += sin(x) + cos(x) + tan(x * 0.15) + exp(x * 0.5) + log(x) + pow(x, 1.5) + atan(x) + sqrt(x);
  }
  return (uint32_t)(uint64_t)floor(sum * 1e3 + 0.5);
}
