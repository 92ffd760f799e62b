/* Integer work in user space, without the kernel. */
#include "work.h"

#include <stdlib.h>
#include <string.h>

enum { SIEVE_LIMIT = 1 << 20 };

/* Eratosthenes' sieve, a byte a number. One pass is one unit; the checksum adds up the primes. */
uint32_t sieve(unsigned amount) {
  unsigned char *composite = pages(SIEVE_LIMIT);
  uint32_t sum = 0;
  while (amount-- > 0) {
    memset(composite, 0, SIEVE_LIMIT);
    for (uint32_t n = 2; n < SIEVE_LIMIT; n++) {
      if (composite[n]) continue;
      sum += n;
      if (n < 1 << 10)
        for (uint32_t multiple = n * n; multiple < SIEVE_LIMIT; multiple += n) composite[multiple] = 1;
    }
  }
  return sum;
}

static void fill(unsigned char *bytes, size_t length) {
  uint32_t state = 1;
  for (size_t i = 0; i < length; i++) bytes[i] = (unsigned char)(next_random(&state) >> 16);
}

static uint32_t crc_table[256];

static void make_crc_table(void) {
  for (uint32_t n = 0; n < 256; n++) {
    uint32_t value = n;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
    crc_table[n] = value;
  }
}

uint32_t crc_of(uint32_t value, const void *bytes, size_t length) {
  if (crc_table[1] == 0) make_crc_table();
  const unsigned char *at = bytes;
  value = ~value;
  while (length-- > 0) value = value >> 8 ^ crc_table[(value ^ *at++) & 0xff];
  return ~value;
}

enum { BUFFER = 1 << 20 };

/* A byte at a time by a table; one MiB is one unit. */
uint32_t crc32(unsigned amount) {
  unsigned char *buffer = pages(BUFFER);
  fill(buffer, BUFFER);
  uint32_t value = 0;
  while (amount-- > 0) value = crc_of(value, buffer, BUFFER);
  return value;
}

/* FIPS 180-4, 4.2.2: the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t sha_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* 5.3.3: those of the square roots of the first 8. */
static const uint32_t sha_start[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static inline uint32_t rotate(uint32_t value, int count) { return value >> count | value << (32 - count); }

/* 6.2.2: one block of 64 bytes. */
static void sha_block(uint32_t hash[8], const unsigned char *block) {
  uint32_t w[64];
  for (int t = 0; t < 16; t++, block += 4)
    w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
  for (int t = 16; t < 64; t++) {
    uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
    uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = s1 + w[t - 7] + s0 + w[t - 16];
  }
  uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3];
  uint32_t e = hash[4], f = hash[5], g = hash[6], h = hash[7];
  for (int t = 0; t < 64; t++) {
    uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + sha_constants[t] + w[t];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1;
    d = c, c = b, b = a, a = t1 + t2;
  }
  hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d;
  hash[4] += e, hash[5] += f, hash[6] += g, hash[7] += h;
}

/* SHA-256 without the padding; one MiB is one unit, the checksum is the first word. */
uint32_t sha256(unsigned amount) {
  unsigned char *buffer = pages(BUFFER);
  fill(buffer, BUFFER);
  uint32_t hash[8];
  memcpy(hash, sha_start, sizeof hash);
  while (amount-- > 0)
    for (size_t at = 0; at < BUFFER; at += 64) sha_block(hash, buffer + at);
  return hash[0];
}

enum { SORTED = 100000 };

static int compare(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return a < b ? -1 : a > b;
}

/* The C library's qsort calls `compare` through a pointer; 100 000 numbers are one unit. */
uint32_t sort(unsigned amount) {
  uint32_t *numbers = pages(SORTED * sizeof *numbers);
  uint32_t state = 1, sum = 0;
  while (amount-- > 0) {
    for (int i = 0; i < SORTED; i++) numbers[i] = next_random(&state);
    qsort(numbers, SORTED, sizeof *numbers, compare);
    sum = crc_of(sum, numbers, SORTED * sizeof *numbers);
  }
  return sum;
}

/* The machine that `interpret` is: a stack, 16 variables, a byte an instruction and, where it says so, one after it. */
enum op { PUSH, LOAD, STORE, ADD, MULTIPLY, XOR, SHIFT, LESS, JUMP_IF, HALT };

/* i = 100000; x = 1; while (0 < i) { x = (x * 109 + i ^ x >> 7) + y; y = y + x; i = i + -1; } */
static const unsigned char program[] = {
    LOAD, 0, LOAD, 1, MULTIPLY, LOAD, 2, ADD, LOAD, 0, PUSH, 7, SHIFT, XOR, LOAD, 3, ADD, STORE, 0,
    LOAD, 3, LOAD, 0, ADD, STORE, 3,
    LOAD, 2, PUSH, 255, ADD, STORE, 2,
    PUSH, 0, LOAD, 2, LESS, JUMP_IF, 0,
    HALT,
};

static uint32_t execute(const unsigned char *code, uint32_t *variables) {
  uint32_t stack[16], *top = stack;
  const unsigned char *at = code;
  for (;;) switch ((enum op)*at++) {
      case PUSH: *top++ = (uint32_t)(int32_t)(signed char)*at++; break;
      case LOAD: *top++ = variables[*at++]; break;
      case STORE: variables[*at++] = *--top; break;
      case ADD: top--, top[-1] += top[0]; break;
      case MULTIPLY: top--, top[-1] *= top[0]; break;
      case XOR: top--, top[-1] ^= top[0]; break;
      case SHIFT: top--, top[-1] >>= top[0] & 31; break;
      case LESS: top--, top[-1] = (int32_t)top[-1] < (int32_t)top[0]; break;
      case JUMP_IF: at = *--top ? code + *at : at + 1; break;
      case HALT: return variables[0] ^ variables[3];
    }
}

/* A bytecode interpreter; 100 000 turns of its program's loop are one unit. */
uint32_t interpret(unsigned amount) {
  uint32_t sum = 1;
  while (amount-- > 0) {
    uint32_t variables[16] = {sum, 109, 100000};
    sum = execute(program, variables);
  }
  return sum;
}

enum { NODES = (32 << 20) / 64, STEPS = 1 << 18 };

struct node {
  struct node *next;
  uint32_t number;
  unsigned char rest[64 - sizeof(struct node *) - sizeof(uint32_t)];
};

/* From node to node of a ring through 32 MiB, a cache line each, in random order; 2^18 steps are one unit. */
uint32_t chase(unsigned amount) {
  struct node *nodes = pages(NODES * sizeof *nodes);
  uint32_t state = 1, sum = 0;
  for (uint32_t i = 0; i < NODES; i++) nodes[i].next = &nodes[i], nodes[i].number = i;
  /* Sattolo: every exchange with an earlier node keeps it one ring. */
  for (uint32_t i = NODES - 1; i > 0; i--) {
    struct node *other = &nodes[next_random(&state) % i], *next = nodes[i].next;
    nodes[i].next = other->next;
    other->next = next;
  }
  const struct node *node = nodes;
  while (amount-- > 0)
    for (int i = 0; i < STEPS; i++) {
      node = node->next;
      sum = sum * 31 + node->number;
    }
  return sum;
}
