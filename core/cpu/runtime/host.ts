// What the runtime asks of TypeScript.

/** Throws to the run loop, which delivers EXCEPTION. Does not return. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "throwFault")
export declare function throwFault(): void;

/** Reads 1, 2 or 4 bytes at a physical address that is not memory. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "mmioRead")
export declare function mmioRead(physical: u32, size: u32): u32;

// @ts-ignore: decorator of AssemblyScript
@external("env", "mmioWrite")
export declare function mmioWrite(physical: u32, value: u32, size: u32): void;

/** Bytes that hold decoded code are about to change. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "codeWritten")
export declare function codeWritten(physical: u32, size: u32): void;
