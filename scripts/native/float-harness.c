/*
 * Runs single x87 and SSE instructions on the host's processor, for core/cpu/float.test.ts, which writes the
 * instructions themselves into float-cases.h: X87(number, "text") and SSE(number, "text").
 * Reads records from standard input and writes them, each as its instruction left it, to standard output.
 * Compile with -masm=intel -mno-red-zone.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <ucontext.h>

struct __attribute__((packed)) record {
  uint32_t operation;
  uint32_t mxcsr;          /* 0: an x87 instruction */
  uint64_t general;        /* RAX before and after an SSE instruction; ZF, PF and CF after an x87 one */
  uint8_t fsave[108];
  uint32_t trapped;        /* 1 when the SSE instruction raised #XM */
  uint8_t destination[16]; /* XMM0, or the memory operand of x87 at RDI */
  uint8_t source[16];      /* XMM1 */
};

static sigjmp_buf escape;
static uint32_t trapped_mxcsr;

static void on_sigfpe(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  trapped_mxcsr = ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr;
  siglongjmp(escape, 1);
}

static void run_x87(struct record *r) {
  uint64_t flags = 0;
  switch (r->operation) {
/* ZF and PF are set, CF is clear, for FCMOVcc and where FCOMI leaves them. */
#define X87(number, text)                                                                                  \
  case number:                                                                                             \
    asm volatile("frstor [rsi]\n\txor eax, eax\n\t" text "\n\tpushfq\n\tpop rax\n\tfnsave [rsi]"           \
                 : "=a"(flags) : "S"(r->fsave), "D"(r->destination) : "cc", "memory");                     \
    break;
#define SSE(number, text)
#include "float-cases.h"
#undef X87
#undef SSE
  }
  r->general = flags & 0x45;
}

static void run_sse(struct record *r) {
  static const uint32_t calm = 0x1f80;
  if (sigsetjmp(escape, 0)) {
    r->mxcsr = trapped_mxcsr;
    r->trapped = 1;
  } else {
    switch (r->operation) {
#define X87(number, text)
#define SSE(number, text)                                                                                  \
  case number:                                                                                             \
    asm volatile("movups xmm0, [rdi]\n\tmovups xmm1, [rsi]\n\tmov rax, [rcx]\n\tldmxcsr [rdx]\n\t" text    \
                 "\n\tstmxcsr [rdx]\n\tmovups [rdi], xmm0\n\tmov [rcx], rax"                               \
                 : : "D"(r->destination), "S"(r->source), "d"(&r->mxcsr), "c"(&r->general)                 \
                 : "rax", "xmm0", "xmm1", "cc", "memory");                                                 \
    break;
#include "float-cases.h"
    }
  }
  asm volatile("ldmxcsr %0" ::"m"(calm));
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_sigfpe, .sa_flags = SA_SIGINFO | SA_NODEFER};
  struct record r;
  sigaction(SIGFPE, &action, 0);
  while (fread(&r, sizeof r, 1, stdin) == 1) {
    if (r.mxcsr) run_sse(&r);
    else run_x87(&r);
    fwrite(&r, sizeof r, 1, stdout);
  }
  return 0;
}
