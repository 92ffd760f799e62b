/*
 * The program that every engine runs: as a Linux guest's init, and natively. Its arguments are names of workloads
 * with the amount of work, such as `sieve=40`, and `busybox=PATH`; it does them in turn, and says on standard output
 *
 *     @ready            once it runs,
 *     @begin NAME       right before a workload,
 *     @end NAME SUM     right after it, with the checksum of the work as eight hexadecimal digits,
 *     @done             after the last.
 *
 * Then it waits for input, as a shell at its prompt does.
 */
#define _GNU_SOURCE
#include "work.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

const char *own_path;
const char *busybox_path = "/bin/busybox";

static const struct {
  const char *name;
  work_function *work;
} workloads[] = {
    {"sieve", sieve},           {"crc32", crc32},         {"sha256", sha256},
    {"qsort", sort},            {"interp", interpret},    {"chase", chase},
    {"matmul-x87", matrix_x87}, {"matmul-sse2", matrix_sse2}, {"libm", libm},
    {"sse2", vectors},          {"memcpy", copy},         {"syscall", system_calls},
    {"fault", page_faults},     {"fork", forks},          {"exec", execs},
    {"pipe", pipes},            {"gzip", gzip},
};

void fail(const char *what) {
  printf("@failed %s: %s\n", what, strerror(errno));
  fflush(stdout);
  exit(1);
}

void *pages(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  madvise(memory, bytes, MADV_NOHUGEPAGE); /* A kernel without huge pages refuses, and need not do more. */
  return memory;
}

/* The text has left the serial port when this returns. */
static void say(const char *text) {
  size_t length = strlen(text);
  while (length > 0) {
    ssize_t written = write(STDOUT_FILENO, text, length);
    if (written < 0) _exit(1);
    text += written;
    length -= (size_t)written;
  }
  tcdrain(STDOUT_FILENO); /* Fails on a pipe, which has nothing to drain. */
}

static void run(const char *argument, const char *equals) {
  size_t length = (size_t)(equals - argument);
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    const char *name = workloads[i].name;
    if (strlen(name) != length || memcmp(name, argument, length) != 0) continue;
    char line[64];
    unsigned amount = (unsigned)strtoul(equals + 1, NULL, 10);
    snprintf(line, sizeof line, "@begin %s\n", name);
    say(line);
    uint32_t sum = workloads[i].work(amount);
    snprintf(line, sizeof line, "@end %s %08x\n", name, (unsigned)sum);
    say(line);
    return;
  }
  errno = EINVAL;
  fail(argument);
}

/* Guests have one processor: the same for the host's run, whose processes would else wait for each other's. */
static void stay_on_one_processor(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(sched_getcpu(), &set);
  sched_setaffinity(0, sizeof set, &set);
}

int main(int count, char **arguments) {
  own_path = arguments[0];
  if (count == 2 && strcmp(arguments[1], "exit") == 0) return 42; /* What the workload exec starts. */
  stay_on_one_processor();
  say("@ready\n");
  for (int i = 1; i < count; i++) {
    const char *equals = strchr(arguments[i], '=');
    if (!equals) continue; /* The kernel hands on what it does not know itself. */
    if (strncmp(arguments[i], "busybox=", 8) == 0) busybox_path = equals + 1;
    else run(arguments[i], equals);
  }
  say("@done\n");
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}
