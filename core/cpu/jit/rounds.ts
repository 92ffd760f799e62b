// How many rounds of a loop may go without a look at where its accesses are, and where these are: see strides.ts.

import { tlbEntry } from "../interpreter/handler-context.ts";
import { TLB_ADDEND, TLB_READ, TLB_WRITE, ZERO } from "../layout.ts";
import { constant32, constant64, type Expression, i32, i64, select, wrap } from "../wasm/expression.ts";
import type { Label, Local } from "../wasm/function-body.ts";
import type { Emission } from "./emission.ts";
import { FARTHEST_NARROW, LONGEST_STEP, type Run } from "./steps.ts";
import type { StridedLoop } from "./strides.ts";

const PAGE = 0x1000;
/** With fewer it is faster to look each time. */
const FEWEST = 4;

/** Sets `rounds` to their number, and for each run what is to be added to its linear addresses; branches to `none` if it does not pay. */
export function emitRounds(
  emission: Emission,
  { runs, longest }: StridedLoop,
  rounds: Local,
  addendOf: (run: Run) => Local,
  none: Label,
): void {
  const { body } = emission;
  const atMost = (most: Expression): void => {
    const value = body.let(most);
    body.set(rounds, select(i32.ltU(value, rounds.get), value, rounds.get));
  };
  // The budget is to be left over: the round after these finds that it is used up, as it does without them.
  const left = body.let(i32.sub(emission.left(), constant32(1)));
  body.branchIf(none, i32.ltS(left, constant32(FEWEST * longest)), false);
  body.set(rounds, i32.divU(left, constant32(longest)));
  for (const { offset, goesDown } of runs.flatMap(({ narrow }) => narrow)) {
    const first = goesDown ? FARTHEST_NARROW : 0;
    const above = i64.sub(registerOf(emission, offset), constant64(first));
    body.branchIf(none, i64.geU(above, constant64(2 ** 31 - FARTHEST_NARROW - first)), false);
  }
  for (const run of runs) {
    const linear = body.let(addressOf(emission, run));
    const low = linear.type === "i64" ? wrap(linear) : linear;
    const inPage = body.let(i32.and(low, constant32(PAGE - 1)));
    const room = body.let(i32.sub(constant32(PAGE - run.bytes), inPage));
    const { step } = run;
    if ("least" in step) {
      const { least, most } = step;
      body.branchIf(none, i32.ltS(room, constant32(Math.max(most, 0) * (FEWEST - 1))), false);
      if (most > 0) atMost(i32.add(i32.divU(room, constant32(most)), constant32(1)));
      if (least < 0) {
        body.branchIf(none, i32.ltU(inPage, constant32(-least * (FEWEST - 1))), false);
        atMost(i32.add(i32.divU(inPage, constant32(-least)), constant32(1)));
      }
    } else {
      const by = body.let(stepOf(emission, step));
      const o = by.type === "i64" ? i64 : i32;
      body.branchIf(none, o.geU(o.sub(by, o.constant(1)), o.constant(LONGEST_STEP)), false);
      const by32 = by.type === "i64" ? body.let(wrap(by)) : by;
      body.branchIf(none, i32.ltS(room, i32.mul(by32, constant32(FEWEST - 1))), false);
      atMost(i32.add(i32.divU(room, by32), constant32(1)));
    }
    const entry = body.let(tlbEntry(emission.tlb, linear));
    const held = i64.load(entry, run.write ? TLB_WRITE : TLB_READ);
    const o = linear.type === "i64" ? i64 : i32;
    const page = o.and(linear, o.constant(-PAGE));
    body.branchIf(none, o === i64 ? i64.ne(held, page) : i32.ne(wrap(held), page), false);
    body.set(addendOf(run), i32.load(entry, TLB_ADDEND));
  }
}

const registerOf = ({ registers }: Emission, offset: number): Expression =>
  registers.read(offset, registers.wide ? 64 : 32);

/** The lowest linear address of a run's first round. */
function addressOf(emission: Emission, { base, index, scale, low }: Run): Expression {
  const o = emission.registers.wide ? i64 : i32;
  let sum = o.constant(low);
  if (base !== ZERO) sum = o.add(registerOf(emission, base), sum);
  if (index !== ZERO) sum = o.add(o.shl(registerOf(emission, index), o.constant(scale)), sum);
  return sum;
}

function stepOf(emission: Emission, { register, shift }: { register: number; shift: number }): Expression {
  const o = emission.registers.wide ? i64 : i32;
  return o.shl(registerOf(emission, register), o.constant(shift));
}
