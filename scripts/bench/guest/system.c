/* Work that is mostly the kernel's. */
#define _GNU_SOURCE
#include "work.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COPIED = 1 << 20, PAGE = 4096 };

/* One MiB from place to place, 16 times, is one unit. */
uint32_t copy(unsigned amount) {
  unsigned char *from = pages(COPIED + PAGE), *to = pages(COPIED + PAGE);
  void *(*volatile library)(void *, const void *, size_t) = memcpy; /* Not to be expanded in place. */
  for (int i = 0; i < COPIED; i++) from[i] = (unsigned char)(i * 7 ^ i >> 8);
  for (unsigned i = 0; i < amount * 16; i++) {
    library(to + i % 61, from, COPIED);
    library(from, to + i % 61 + 1, COPIED - 1);
  }
  return crc_of(0, from, COPIED);
}

/* The cheapest there is, 10 000 times. */
uint32_t system_calls(unsigned amount) {
  uint32_t sum = 0;
  for (unsigned i = 0; i < amount * 10000; i++) sum += (uint32_t)syscall(SYS_umask, i & 0777);
  return sum;
}

enum { FAULTED = 4 << 20 };

/* First touches of 4 MiB of new memory are one unit. */
uint32_t page_faults(unsigned amount) {
  uint32_t sum = 0;
  for (unsigned i = 0; i < amount; i++) {
    unsigned char *memory = pages(FAULTED);
    for (int at = 0; at < FAULTED; at += PAGE) {
      memory[at] += (unsigned char)(i + at / PAGE);
      sum = sum * 31 + memory[at];
    }
    munmap(memory, FAULTED);
  }
  return sum;
}

static uint32_t exit_status_of(pid_t child) {
  int status;
  if (child < 0) fail("fork");
  if (waitpid(child, &status, 0) != child) fail("waitpid");
  if (!WIFEXITED(status)) fail("child");
  return (uint32_t)WEXITSTATUS(status);
}

/* A process with 4 MiB of its own makes 10 children, which write to some of it and end. */
uint32_t forks(unsigned amount) {
  static volatile unsigned char *memory;
  uint32_t sum = 0;
  memory = pages(FAULTED);
  for (int at = 0; at < FAULTED; at += PAGE) memory[at] = (unsigned char)(at / PAGE);
  for (unsigned i = 0; i < amount * 10; i++) {
    pid_t child = fork();
    if (child == 0) {
      for (int at = 0; at < 16 * PAGE; at += PAGE) memory[at] ^= 1;
      _exit((memory[i % 16 * PAGE] + i) & 0x7f);
    }
    sum = sum * 31 + exit_status_of(child);
  }
  munmap((void *)memory, FAULTED);
  return sum;
}

/* This program starts itself 10 times, only to end. */
uint32_t execs(unsigned amount) {
  uint32_t sum = 0;
  for (unsigned i = 0; i < amount * 10; i++) {
    char *arguments[] = {(char *)own_path, "exit", NULL};
    pid_t child;
    if (posix_spawn(&child, own_path, NULL, NULL, arguments, environ) != 0) fail(own_path);
    sum = sum * 31 + exit_status_of(child);
  }
  return sum;
}

/* A number goes 1000 times to another process and comes back by another pipe, one larger. */
uint32_t pipes(unsigned amount) {
  int there[2], back[2];
  uint32_t number = 0;
  if (pipe(there) < 0 || pipe(back) < 0) fail("pipe");
  pid_t child = fork();
  if (child == 0) {
    close(there[1]);
    while (read(there[0], &number, sizeof number) == sizeof number) {
      number++;
      if (write(back[1], &number, sizeof number) < 0) _exit(1);
    }
    _exit(0);
  }
  for (unsigned i = 0; i < amount * 1000; i++)
    if (write(there[1], &number, sizeof number) != sizeof number ||
        read(back[0], &number, sizeof number) != sizeof number)
      fail("pipe");
  close(there[0]), close(there[1]);
  number += exit_status_of(child);
  close(back[0]), close(back[1]);
  return number;
}

enum { TEXT = 1 << 18 };

/* Words of random letters from a stock of 256, so that there is something to find. */
static void write_text(char *text) {
  char words[256][8];
  uint32_t state = 1;
  for (int i = 0; i < 256; i++)
    for (int j = 0; j < 8; j++) words[i][j] = (char)('a' + next_random(&state) % 26);
  for (int at = 0; at < TEXT;) {
    uint32_t choice = next_random(&state);
    int length = 2 + (int)(choice >> 8) % 7;
    for (int j = 0; j < length && at < TEXT; j++) text[at++] = words[choice & 0xff][j];
    if (at < TEXT) text[at++] = choice >> 12 & 7 ? ' ' : '\n';
  }
}

/* busybox compresses 256 KiB of text, `amount` times the same. */
uint32_t gzip(unsigned amount) {
  char *text = pages(TEXT);
  uint32_t sum = 0;
  write_text(text);
  int in = memfd_create("text", 0);
  if (in < 0) fail("memfd_create");
  for (unsigned i = 0; i < amount; i++)
    if (write(in, text, TEXT) != TEXT) fail("write");
  int out = memfd_create("compressed", 0);
  if (out < 0 || lseek(in, 0, SEEK_SET) < 0) fail("memfd_create");
  pid_t child = fork();
  if (child == 0) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execl(busybox_path, "gzip", "-c", NULL);
    _exit(127);
  }
  if (exit_status_of(child) != 0) fail(busybox_path);
  if (lseek(out, 0, SEEK_SET) < 0) fail("lseek");
  ssize_t got;
  while ((got = read(out, text, TEXT)) > 0) sum = crc_of(sum, text, (size_t)got);
  close(in), close(out);
  return sum;
}
