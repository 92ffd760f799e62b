/**
 * Options of Node for a process that runs a machine, which must be there from the start.
 *
 * Each thread that compiles keeps the memory that it ever needed for a
 * function, 20 MiB and more, so that there is one less than Node's four. With two, both compile while a collection of
 * garbage waits, and the machine's own thread does their part of it: pauses of 30 ms instead of 15.
 *
 * There is nothing to be put into another function: ours call one another by the table, and the runtime's have what they need in
 * them. But what V8 compiles first would count its calls for that, and set up a vector for them whenever it is entered: a tenth of
 * the time of what an operating system does.
 *
 * What of our own JavaScript V8 optimizes to the utmost is ten times as hot as it would ask for: that took its threads as long as the
 * guest's code did, which waited behind it, and Maglev's code is as good for what remains of it.
 */
export const MACHINE_NODE_OPTIONS: readonly string[] = [
  "--v8-pool-size=3",
  "--no-wasm-inlining",
  "--invocation-count-for-turbofan=30000",
];

/**
 * Environment of such a process: glibc's allocator, which V8's compilers fill and empty with each function, keeps one area for all
 * threads instead of one each, and gives the host back what is free at its end. It is 20 MiB less in a guest that builds programs, and
 * no slower. With MALLOC_MMAP_THRESHOLD_=32768, which is how much V8's compilers ask for at a time, it would be 7 MiB less again, but the
 * host is busy with its pages then: a guest's fork and exec take 1.2 of their time. Other systems' allocators do not know these.
 */
export const MACHINE_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "131072",
};

/** The same as arguments of `env`. */
export const MACHINE_ASSIGNMENTS: readonly string[] = Object.entries(MACHINE_ENVIRONMENT).map(
  ([name, value]) => `${name}=${value}`,
);
