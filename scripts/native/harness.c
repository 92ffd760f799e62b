/*
 * Runs single instructions on the host's processor, in the state that each case gives. For
 * core/cpu/testing/native.ts; compile with -no-pie, and with -m32 for 32-bit code.
 *
 * Standard input: u32 bytes of memory in a case (at most 4096), then cases. Standard output: the cases as their
 * instructions left them. All little-endian; instructions lie at CODE, memory at DATA, all around is not mapped.
 *
 * State goes in and out by way of signal frames: the instruction is followed by INT3, whose handler finds every
 * register in the frame, replaces them by the next case's, and returns into that. A case that never comes there is
 * ended by a clock.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#define CODE 0x100000
#define DATA 0x110000
#define PAGE 4096

struct __attribute__((packed)) instruction {
  int32_t vector;    /* after: the exception that it met, -1 if none */
  uint32_t error;    /* after: its error code */
  uint8_t code[16];  /* before: the bytes, then INT3 */
  uint64_t ip;       /* after: where execution went on */
  uint64_t flags;
  uint64_t registers[16]; /* RAX RCX RDX RBX RSP RBP RSI RDI R8 … R15 */
  uint8_t fx[512];   /* FXSAVE image */
};

static struct instruction now;
static uint32_t memory_bytes;
/* Cases begun, and how many there were at the last tick of the clock. */
static uint64_t cases, cases_at_tick;

#ifdef __x86_64__
static const int REGISTERS[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
#define IP REG_RIP
#define IMAGE 0
#else
static const int REGISTERS[] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
#define IP REG_EIP
/* A 32-bit frame has an FSAVE image first, from which the kernel takes the x87's part. */
#define IMAGE 112
#endif
#define COUNT (int)(sizeof REGISTERS / sizeof *REGISTERS)

static void *code(void) { return (void *)CODE; }
static void *data(void) { return (void *)DATA; }

/* Reads the next case; ends the program when there is none. */
static void next(void) {
  if (fread(&now, sizeof now, 1, stdin) != 1 || fread(data(), memory_bytes, 1, stdin) != 1) {
    fflush(stdout);
    exit(0);
  }
  memcpy(code(), now.code, sizeof now.code);
}

static void load_image(uint8_t *frame) {
  uint8_t *image = frame + IMAGE;
  uint64_t features = 3;
  memcpy(image, now.fx, 416);
  memcpy(image + 512, &features, sizeof features);
#if IMAGE
  uint32_t environment[7] = {0}, tags = 0;
  memcpy(&environment[0], image, 2);
  memcpy(&environment[1], image + 2, 2);
  for (int i = 0; i < 8; i++) tags |= image[4] & (1 << i) ? 0 : 3 << (2 * i);
  environment[2] = tags;
  memcpy(frame, environment, sizeof environment);
  for (int i = 0; i < 8; i++) memcpy(frame + 28 + 10 * i, image + 32 + 16 * i, 10);
#endif
}

static void on_signal(int number, siginfo_t *info, void *context) {
  mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
  greg_t *gregs = machine->gregs;
  uint8_t *frame = (uint8_t *)machine->fpregs;
  (void)info;
  if (number == SIGVTALRM) {
    const int moves = cases != cases_at_tick;
    cases_at_tick = cases;
    if (moves) return;
    /* A branch has gone to itself for a whole tick: the case ends here. */
    gregs[REG_TRAPNO] = -1;
  }
  if (number != SIGUSR1) {
    now.ip = (unsigned long)gregs[IP];
    now.vector = (int32_t)gregs[REG_TRAPNO];
    now.error = (uint32_t)gregs[REG_ERR];
    if (number == SIGTRAP && now.vector == 3 && now.ip != CODE + 1) {
      now.ip--;
      now.vector = -1;
    }
    /* A jump out of the page has happened; only the fetch there fails. */
    if (now.vector == 14 && now.ip != CODE) now.vector = -1;
    now.flags = (unsigned long)gregs[REG_EFL];
    for (int i = 0; i < COUNT; i++) now.registers[i] = (unsigned long)gregs[REGISTERS[i]];
    memcpy(now.fx, frame + IMAGE, sizeof now.fx);
    fwrite(&now, sizeof now, 1, stdout);
    fwrite(data(), memory_bytes, 1, stdout);
  }
  next();
  cases++;
  gregs[IP] = CODE;
  gregs[REG_EFL] = (greg_t)((now.flags & ~0x100ul) | 0x200);
  for (int i = 0; i < COUNT; i++) gregs[REGISTERS[i]] = (greg_t)now.registers[i];
  load_image(frame);
}

int main(void) {
  static const int signals[] = {SIGUSR1, SIGTRAP, SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGVTALRM};
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  const struct itimerval tick = {.it_interval = {.tv_usec = 200000}, .it_value = {.tv_usec = 200000}};
  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  if (fread(&memory_bytes, sizeof memory_bytes, 1, stdin) != 1 || memory_bytes > PAGE) return 1;
  if (mmap(code(), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) != code()) return 2;
  if (mmap(data(), PAGE, PROT_READ | PROT_WRITE, flags, -1, 0) != data()) return 2;
  memset(code(), 0xcc, PAGE);
  sigaltstack(&stack, 0);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
  setitimer(ITIMER_VIRTUAL, &tick, 0);
  raise(SIGUSR1);
  return 3;
}
