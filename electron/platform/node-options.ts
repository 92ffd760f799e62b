/**
 * Options of Node for a process that runs a machine. Each thread that compiles keeps the memory that it ever needed for a
 * function, 20 MiB and more: two are as fast as Node's four, for as a rule the machine itself is what has work.
 */
export const MACHINE_NODE_OPTIONS: readonly string[] = ["--v8-pool-size=2"];
