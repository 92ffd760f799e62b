// The runtime's functions that compiled code calls as it is.

/**
 * Functions that neither look at general registers and flags nor change them, and never throw: those of the x87 and SSE
 * (core/cpu/runtime/float), whose names are in lower case, and some others.
 */
const PLAIN =
  /^(f[a-z0-9_]+|(sse|mmx)_[a-z0-9_]+|emms|driveFerr|commit(Write|Counted)|setException|(clear|set)InterruptFlag|setAlignmentFlag|(multiplyHigh|divide)(Uns|S)igned|(deposit|extract)Bits|region[A-Z][a-z]+)$/;

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

/** Whether translations are the same after a function as before: those of accesses add to the table at most. */
export const keepsTranslations = (name: string): boolean =>
  /^slow(Read|Write|Modify)$/.test(name) || (isPlain(name) && !/Flag$/.test(name));

/** Those of the x87 (and MMX) that change neither its stack nor its status: short ways, and values to be stored. */
const KEEPS_STACK = /^(fast_[a-z0-9_]+|fst_(f32|f64|f80|writes)|fist(tp)?|fbstp)$/;

/** Whether a plain function may change the x87's registers, tags, status or control. */
export const changesStack = (name: string): boolean => /^(f|emms)/.test(name) && !KEEPS_STACK.test(name);
