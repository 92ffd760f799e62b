/* What the workloads share. */
#ifndef WORK_H
#define WORK_H

#include <stddef.h>
#include <stdint.h>

/* A workload: does its work `amount` times and returns a checksum that depends on all of it. */
typedef uint32_t work_function(unsigned amount);

work_function sieve, crc32, sha256, sort, interpret, chase;
work_function matrix_x87, matrix_sse2, libm, vectors;
work_function copy, system_calls, page_faults, forks, execs, pipes, gzip;

/* The program itself, for exec, and busybox, for gzip. */
extern const char *own_path;
extern const char *busybox_path;

/* CRC-32 of zip files and Ethernet, over `length` bytes, going on from `value` (0 at first). */
uint32_t crc_of(uint32_t value, const void *bytes, size_t length);

/* Memory straight from the kernel, zero, in small pages. */
void *pages(size_t bytes);

/* Says what has failed and why, as errno tells, and ends the program. */
_Noreturn void fail(const char *what);

/* A linear congruential generator modulo 2^32; only the upper bits of a state are of use. */
static inline uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

#endif
