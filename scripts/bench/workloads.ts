// The work of the guest program, in the order in which it is done.

export interface Workload {
  /** As the program knows it, and a row's title. */
  name: string;
  description: string;
  /** In the program's units: some tenths of a second on a host of 2.5 GHz. */
  amount: number;
}

export const WORKLOADS: readonly Workload[] = [
  { name: "sieve", description: "the primes below 2²⁰, a byte a number", amount: 60 },
  { name: "crc32", description: "CRC-32 by table, a byte at a time", amount: 90 },
  { name: "sha256", description: "SHA-256 of 32 MiB", amount: 32 },
  {
    name: "qsort",
    description: "the C library's qsort of numbers, with calls through a pointer",
    amount: 55,
  },
  { name: "interp", description: "a bytecode interpreter", amount: 60 },
  { name: "chase", description: "from node to node of a random ring through 32 MiB", amount: 18 },
  { name: "matmul-x87", description: "products of matrices of doubles, on the x87", amount: 16 },
  { name: "matmul-sse2", description: "the same with SSE2's scalars", amount: 40 },
  { name: "libm", description: "the C library's sin, cos, tan, exp, log, pow, atan and sqrt", amount: 160 },
  { name: "sse2", description: "vectors of floats, bytes, words and doublewords", amount: 320 },
  { name: "memcpy", description: "copies of a MiB, at all alignments", amount: 80 },
  { name: "syscall", description: "umask", amount: 60 },
  { name: "fault", description: "first touches of new pages", amount: 60 },
  { name: "fork", description: "processes that write to some pages and end", amount: 40 },
  { name: "exec", description: "the program starts itself", amount: 50 },
  { name: "pipe", description: "a number there and back between two processes", amount: 110 },
  { name: "gzip", description: "busybox's gzip of text", amount: 12 },
];

/** The least that shows whether a workload works. */
const QUICK_DIVISOR = 20;

/** Never nothing. */
export const divided = (workloads: readonly Workload[], divisor: number): Workload[] =>
  workloads.map((workload) => ({ ...workload, amount: Math.max(1, Math.round(workload.amount / divisor)) }));

export const quick = (workloads: readonly Workload[]): Workload[] => divided(workloads, QUICK_DIVISOR);
