/**
 * Memory of the host for compiled code where none was chosen, in MiB: as much as leaves a machine that builds programs within 250 MiB
 * beyond its guest's memory. A build by gcc takes as long with 32.
 */
export const DEFAULT_CODE_MEMORY_MIB = 18;

/** Bytes of the host's memory for one of WebAssembly: with that what V8 makes of it, and knows about it. */
const EXPANSION = 5;

/** Bytes of WebAssembly that so many MiB of the host's memory have room for. */
export const codeBytesIn = (mib: number = DEFAULT_CODE_MEMORY_MIB): number => (mib * 2 ** 20) / EXPANSION;
