// The runtime's functions that compiled code calls as it is.

/**
 * Functions that neither look at general registers and flags nor change them, and never throw: those of the x87 and SSE
 * (core/cpu/runtime/float), whose names are in lower case, and some others.
 */
const PLAIN =
  /^(f[a-z0-9_]+|(sse|mmx)_[a-z0-9_]+|emms|driveFerr|commit(Write|Counted)|setException|(clear|set)InterruptFlag|setAlignmentFlag|(multiplyHigh|divide)(Uns|S)igned|region[A-Z][a-z]+)$/;

const known = new Map<string, boolean>();

/** Whether registers and flags may stay in locals over a call of it. */
export function isPlain(name: string): boolean {
  let plain = known.get(name);
  if (plain === undefined) {
    plain = PLAIN.test(name);
    known.set(name, plain);
  }
  return plain;
}
