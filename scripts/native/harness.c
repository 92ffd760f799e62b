/*
 * Runs single instructions on the host's processor, in the state that each case gives. For
 * core/cpu/testing/native.ts; compile with -no-pie, and with -m32 for 32-bit code.
 *
 * Arguments: a file of cases, which become what their instructions left, and the bytes of memory in each (at most
 * 4096). All little-endian; instructions lie at CODE, memory at DATA, all around is not mapped. Without arguments it
 * ends with 0 if the processor and the system have what instructions with VEX need.
 *
 * An instruction that goes on behind itself is followed by a jump to `leave`, which costs no more than storing the
 * state. What goes elsewhere is single-stepped, so that nothing is run or fetched where it goes to. Those, and
 * instructions that meet an exception, come back by a signal, whose frame has every register.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>

#define CODE 0x100000
#define DATA 0x110000
#define PAGE 4096
/* Room of an instruction with the jump behind it. */
#define CODE_BYTES 32
#define TF 0x100
#define IF 0x200
/* In the image of a signal's frame: what the system tells of it, then components as XSAVE lays them out. */
#define SW_RESERVED 464
#define XSTATE_BV 512
#define AVX_STATE 4
#define YMM_HIGH 576
#define DB 1
#define BP 3
#define PF 14

struct __attribute__((packed)) instruction {
  int32_t vector;    /* after: the exception that it met, -1 if none */
  uint32_t length;   /* before: of an instruction that goes on behind itself, else 0 */
  uint8_t code[16];  /* before: the bytes, then INT3 */
  uint64_t ip;       /* after: where execution went on */
  uint32_t flags;
  uint16_t cs, ss;   /* after: selectors */
  uint64_t registers[16]; /* RAX RCX RDX RBX RSP RBP RSI RDI R8 … R15 */
  uint8_t fx[512];   /* FXSAVE image */
  uint8_t uppers[256]; /* upper halves of YMM0 to YMM15; left alone without AVX */
};

/* What `enter` loads and `leave` stores; the processor wants its image aligned. */
uint64_t registers[16], flags, host_stack;
uint8_t image[512] __attribute__((aligned(16)));
uint8_t uppers[256];
/* Whether there are YMM registers. */
uint32_t avx;
static struct instruction *now;
/* This program's own selectors. */
static uint16_t own_cs, own_ss;
/* Whether the trap that `enter` itself causes by setting TF is still to come. */
static int entering;

void enter(void);
void leave(void);
void resume(void);

#define LOAD_UPPER(n) "vinsertf128 $1, uppers+16*" #n ", %ymm" #n ", %ymm" #n "\n"
#define STORE_UPPER(n) "vextractf128 $1, %ymm" #n ", uppers+16*" #n "\n"
#define EIGHT(of) of(0) of(1) of(2) of(3) of(4) of(5) of(6) of(7)
#define EIGHT_MORE(of) of(8) of(9) of(10) of(11) of(12) of(13) of(14) of(15)

#ifdef __x86_64__
static const int REGISTERS[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
#define IP REG_RIP
#define SP REG_RSP
/* The image in a signal's frame, and as much of it as the processor has in this mode. */
#define FRAME_IMAGE 0
#define IMAGE_BYTES 416
#define UPPER_BYTES 256
__asm__(
    "enter: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov %rsp, host_stack\n"
    "fxrstor64 image\n"
    "cmpl $0, avx; je 1f\n" EIGHT(LOAD_UPPER) EIGHT_MORE(LOAD_UPPER) "1:\n"
    "mov registers+8, %rcx; mov registers+16, %rdx; mov registers+24, %rbx\n"
    "mov registers+40, %rbp; mov registers+48, %rsi; mov registers+56, %rdi\n"
    "mov registers+64, %r8; mov registers+72, %r9; mov registers+80, %r10; mov registers+88, %r11\n"
    "mov registers+96, %r12; mov registers+104, %r13; mov registers+112, %r14; mov registers+120, %r15\n"
    "mov registers, %rax\n"
    "mov $flags, %rsp; popfq\n"
    "mov registers+32, %rsp\n"
    "jmp 0x100000\n"
    "leave: mov %rsp, registers+32\n"
    "mov host_stack, %rsp\n"
    "pushfq; popq flags\n"
    "cld\n"
    "mov %rax, registers; mov %rcx, registers+8; mov %rdx, registers+16; mov %rbx, registers+24\n"
    "mov %rbp, registers+40; mov %rsi, registers+48; mov %rdi, registers+56\n"
    "mov %r8, registers+64; mov %r9, registers+72; mov %r10, registers+80; mov %r11, registers+88\n"
    "mov %r12, registers+96; mov %r13, registers+104; mov %r14, registers+112; mov %r15, registers+120\n"
    "fxsave64 image\n"
    "cmpl $0, avx; je resume\n" EIGHT(STORE_UPPER) EIGHT_MORE(STORE_UPPER) "vzeroupper\n"
    "resume: fninit; ldmxcsr default_mxcsr\n"
    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "ret\n");
#else
static const int REGISTERS[] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
#define IP REG_EIP
#define SP REG_ESP
#define FRAME_IMAGE 112
#define IMAGE_BYTES 288
#define UPPER_BYTES 128
__asm__(
    "enter: push %ebx; push %ebp; push %esi; push %edi\n"
    "mov %esp, host_stack\n"
    "fxrstor image\n"
    "cmpl $0, avx; je 1f\n" EIGHT(LOAD_UPPER) "1:\n"
    "mov registers, %eax; mov registers+8, %ecx; mov registers+16, %edx; mov registers+24, %ebx\n"
    "mov registers+40, %ebp; mov registers+48, %esi; mov registers+56, %edi\n"
    "mov $flags, %esp; popf\n"
    "mov registers+32, %esp\n"
    "jmp 0x100000\n"
    "leave: mov %esp, registers+32\n"
    "mov host_stack, %esp\n"
    "pushf; popl flags\n"
    "cld\n"
    "mov %eax, registers; mov %ecx, registers+8; mov %edx, registers+16; mov %ebx, registers+24\n"
    "mov %ebp, registers+40; mov %esi, registers+48; mov %edi, registers+56\n"
    "fxsave image\n"
    "cmpl $0, avx; je resume\n" EIGHT(STORE_UPPER) "vzeroupper\n"
    "resume: fninit; ldmxcsr default_mxcsr\n"
    "pop %edi; pop %esi; pop %ebp; pop %ebx\n"
    "ret\n");
#endif
#define COUNT (int)(sizeof REGISTERS / sizeof *REGISTERS)

const uint32_t default_mxcsr = 0x1f80;

static uint8_t *code(void) { return (uint8_t *)CODE; }
static uint8_t *data(void) { return (uint8_t *)DATA; }

/* What the instruction has made of CS and SS, and back to what they were. */
static void take_selectors(greg_t *gregs) {
#ifdef __x86_64__
  const uint64_t all = (uint64_t)gregs[REG_CSGSFS];
  now->cs = (uint16_t)all;
  now->ss = (uint16_t)(all >> 48);
  gregs[REG_CSGSFS] = (greg_t)((all & 0x0000ffffffff0000) | own_cs | (uint64_t)own_ss << 48);
#else
  now->cs = (uint16_t)gregs[REG_CS];
  now->ss = (uint16_t)gregs[REG_SS];
  gregs[REG_CS] = own_cs;
  gregs[REG_SS] = own_ss;
#endif
}

/* From a frame's image, beyond which the rest of the extended state is: [SDM] vol. 1, 13.4. */
static void take_uppers(const uint8_t *from) {
  uint32_t magic;
  memcpy(&magic, from + SW_RESERVED, sizeof magic);
  if (magic != FP_XSTATE_MAGIC1) abort();
  /* A component in its initial state need not be there. */
  if (from[XSTATE_BV] & AVX_STATE) memcpy(uppers, from + YMM_HIGH, UPPER_BYTES);
  else memset(uppers, 0, UPPER_BYTES);
}

static void on_signal(int number, siginfo_t *info, void *context) {
  mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
  greg_t *gregs = machine->gregs;
  (void)info;
  (void)number;
  now->ip = (unsigned long)gregs[IP];
  now->vector = (int32_t)gregs[REG_TRAPNO];
  if (now->vector == DB && entering) {
    /* The step of the jump to CODE; the next is the instruction's. */
    entering = now->ip != CODE;
    return;
  }
  if (now->vector == DB) now->vector = -1;
  if (now->vector == BP && now->ip != CODE + 1) {
    now->ip--;
    now->vector = -1;
  }
  /* A jump out of the page has happened; only the fetch there fails. */
  if (now->vector == PF && now->ip != CODE) now->vector = -1;
  flags = (unsigned long)gregs[REG_EFL];
  take_selectors(gregs);
  for (int i = 0; i < COUNT; i++) registers[i] = (unsigned long)gregs[REGISTERS[i]];
  const uint8_t *const frame_image = (uint8_t *)machine->fpregs + FRAME_IMAGE;
  memcpy(image, frame_image, IMAGE_BYTES);
  if (avx) take_uppers(frame_image);
  gregs[IP] = (greg_t)(unsigned long)resume;
  gregs[SP] = (greg_t)host_stack;
  gregs[REG_EFL] = IF;
}

static void run(struct instruction *one, uint32_t memory_bytes) {
  uint8_t *const memory = (uint8_t *)(one + 1);
  now = one;
  memset(code(), 0xcc, CODE_BYTES);
  memcpy(code(), one->code, sizeof one->code);
  if (one->length) {
    const uint32_t next = CODE + one->length, distance = (uint32_t)(unsigned long)leave - (next + 5);
    code()[one->length] = 0xe9;
    memcpy(code() + one->length + 1, &distance, sizeof distance);
  }
  memcpy(data(), memory, memory_bytes);
  memcpy(registers, one->registers, sizeof registers);
  memcpy(image, one->fx, sizeof image);
  memcpy(uppers, one->uppers, sizeof uppers);
  entering = one->length == 0;
  flags = (one->flags & ~(uint32_t)TF) | IF | (entering ? TF : 0);
  one->vector = -1;
  one->ip = CODE + one->length;
  one->cs = own_cs;
  one->ss = own_ss;
  enter();
  one->flags = (uint32_t)flags;
  memcpy(one->registers, registers, sizeof registers);
  memcpy(one->fx, image, sizeof image);
  memcpy(one->uppers, uppers, sizeof uppers);
  memcpy(memory, data(), memory_bytes);
}

static int has_vex(void) {
  return avx && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

int main(int argc, char **argv) {
  static const int signals[] = {SIGTRAP, SIGILL, SIGFPE, SIGSEGV, SIGBUS};
  const struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  const stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  const int flags_here = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  avx = __builtin_cpu_supports("avx") != 0;
  if (argc == 1) return !has_vex();
  if (argc != 3) return 1;
  __asm__("mov %%cs, %0; mov %%ss, %1" : "=r"(own_cs), "=r"(own_ss));
  const int file = open(argv[1], O_RDWR);
  const uint32_t memory_bytes = (uint32_t)atoi(argv[2]);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0 || memory_bytes > PAGE) return 1;
  const size_t size = (size_t)status.st_size;
  uint8_t *const cases = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
  if (cases == MAP_FAILED) return 2;
  if (mmap(code(), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, flags_here, -1, 0) != code()) return 2;
  if (mmap(data(), PAGE, PROT_READ | PROT_WRITE, flags_here, -1, 0) != data()) return 2;
  memset(code(), 0xcc, PAGE);
  sigaltstack(&stack, 0);
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
  const size_t one = sizeof(struct instruction) + memory_bytes;
  for (size_t at = 0; at + one <= size; at += one) run((struct instruction *)(cases + at), memory_bytes);
  return 0;
}
