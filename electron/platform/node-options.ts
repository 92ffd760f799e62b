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
 */
export const MACHINE_NODE_OPTIONS: readonly string[] = ["--v8-pool-size=3", "--no-wasm-inlining"];
