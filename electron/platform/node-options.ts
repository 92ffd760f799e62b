/**
 * Options of Node for a process that runs a machine. Each thread that compiles keeps the memory that it ever needed for a
 * function, 20 MiB and more, so that there is one less than Node's four. With two, both compile while a collection of
 * garbage waits, and the machine's own thread does their part of it: pauses of 30 ms instead of 15.
 */
export const MACHINE_NODE_OPTIONS: readonly string[] = ["--v8-pool-size=3"];
