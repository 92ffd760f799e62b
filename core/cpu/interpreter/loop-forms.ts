// What inner loops have in themselves, and its places in the function table: see inner-loop.ts.

import type { Form } from "./form.ts";
import { frequentForms, frequentPairs } from "./frequent-forms.ts";

/** Table index of what ends a block: after one for each code size. */
export const END_HANDLER = 3;

/** Two forms in a row, by their table indexes, and the table index of both. */
export interface Pair {
  readonly index: number;
  readonly first: number;
  readonly second: number;
}

export interface LoopForms {
  /** Table index of the first of the forms, which the pairs follow. */
  readonly first: number;
  readonly forms: readonly Form[];
  readonly pairs: readonly Pair[];
}

let all: readonly LoopForms[] | undefined;

/** Those of the inner loops, by their code sizes' numbers in MODE. */
export function loopForms(): readonly LoopForms[] {
  if (!all) {
    const of32 = formsFrom(END_HANDLER + 1, 32);
    const of64 = formsFrom(of32.first + of32.forms.length + of32.pairs.length, 64);
    all = [{ first: END_HANDLER + 1, forms: [], pairs: [] }, of32, of64];
  }
  return all;
}

function formsFrom(first: number, codeSize: 32 | 64): LoopForms {
  const forms = frequentForms(codeSize);
  const indexOf = (form: Form): number => first + forms.indexOf(form);
  const pairs = frequentPairs(codeSize).map(([one, other], n) => ({
    index: first + forms.length + n,
    first: indexOf(one),
    second: indexOf(other),
  }));
  return { first, forms, pairs };
}
