// Offsets in the record of a case, as scripts/native/harness.c has it.

export const VECTOR = 0;
export const LENGTH = 4;
export const CODE_BYTES = 8;
export const IP = 24;
export const FLAGS = 32;
export const SELECTORS = 36;
export const REGISTERS = 40;
/** The FXSAVE image. */
export const FX = 168;
export const FX_BYTES = 512;
/** Upper halves of YMM0 to YMM15, 16 bytes each. */
export const UPPERS = 680;
export const UPPER_BYTES = 256;
/** To the end. */
export const MEMORY = 936;

/** Room for the instruction. */
export const CODE_LENGTH = 16;
/** Bytes of memory that a case has. */
export const MEMORY_BYTES = 1024;
/** Bytes of a record. */
export const CASE_BYTES: number = MEMORY + MEMORY_BYTES;
