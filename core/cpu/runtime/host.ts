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

/** Reads 1, 2 or 4 bytes from an I/O port. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "portRead")
export declare function portRead(port: u32, size: u32): u32;

// @ts-ignore: decorator of AssemblyScript
@external("env", "portWrite")
export declare function portWrite(port: u32, value: u32, size: u32): void;

/** A model-specific register that the board knows; throws #GP(0) if it does not. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "readMsr")
export declare function readMsr(number: u32): u64;

/** Writes one; 0: it is not known. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "writeMsr")
export declare function writeMsr(number: u32, value: u64): i32;

/** CR8. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "readTaskPriority")
export declare function readTaskPriority(): u32;

// @ts-ignore: decorator of AssemblyScript
@external("env", "writeTaskPriority")
export declare function writeTaskPriority(value: u32): void;

/** 64 random bits. */
// @ts-ignore: decorator of AssemblyScript
@external("env", "randomBits")
export declare function randomBits(): u64;
