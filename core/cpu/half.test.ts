// Conversions between halves and singles, against integers: every half, and singles at and beside every border between
// two halves.
import { expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import { MXCSR } from "./layout.ts";
import { createFloatMachine } from "./testing/float-machine.ts";
import { createRandom } from "./testing/float-random.ts";
import { controlOf, converted, ended, HALF, SINGLE } from "./testing/narrow-reference.ts";

const { f, view, state, destination, source } = createFloatMachine(Buffer.from(RUNTIME_WASM, "base64"));
const LANES = [0, 1, 2, 3];
const ALL_MASKED = 0x1f80;
const DAZ = 0x40;
const FTZ = 0x8000;

const wordsAt = (at: number, count: number) =>
  Array.from({ length: count }, (_, index) => view.getUint16(at + 2 * index, true).toString(16)).join(" ");

function checkWiden(halves: readonly number[], mxcsr: number): void {
  const outcomes = halves.map((half) => converted(HALF, SINGLE, BigInt(half), controlOf(mxcsr)));
  const expected = ended(mxcsr, outcomes);
  for (const lane of LANES) {
    view.setUint32(destination + 4 * lane, 0xdeadbeef, true);
    view.setUint16(source + 2 * lane, halves[lane]!, true);
  }
  view.setUint32(state(MXCSR), mxcsr, true);
  const where = `${halves.map((half) => half.toString(16))}, mxcsr ${mxcsr.toString(16)}`;
  if (f.sse_cvtph2ps!(destination, source) !== expected.unmasked) expect.fail(where);
  if (view.getUint32(state(MXCSR), true) !== expected.mxcsr) expect.fail(`flags of ${where}`);
  for (const lane of LANES) {
    const result = view.getUint32(destination + 4 * lane, true);
    if (result !== (expected.unmasked ? 0xdeadbeef : Number(outcomes[lane]!.bits))) expect.fail(where);
  }
}

function checkNarrow(singles: readonly number[], immediate: number, mxcsr: number): void {
  const control = controlOf(mxcsr);
  const rounding = immediate & 4 ? control.rounding : immediate & 3;
  const outcomes = singles.map((single) =>
    converted(SINGLE, HALF, BigInt(single), { ...control, rounding, flushToZero: false }),
  );
  const expected = ended(mxcsr, outcomes);
  for (const lane of LANES) {
    view.setUint32(destination + 4 * lane, 0xdeadbeef, true);
    view.setUint32(source + 4 * lane, singles[lane]!, true);
  }
  const before = wordsAt(destination, 8);
  view.setUint32(state(MXCSR), mxcsr, true);
  const where = `${singles.map((single) => single.toString(16))}, imm ${immediate}, mxcsr ${mxcsr.toString(16)}`;
  if (f.sse_cvtps2ph!(destination, source, immediate) !== expected.unmasked) expect.fail(where);
  if (view.getUint32(state(MXCSR), true) !== expected.mxcsr) expect.fail(`flags of ${where}`);
  const results = outcomes.map(({ bits }) => bits.toString(16)).join(" ");
  const after = expected.unmasked ? before : `${results} ${wordsAt(destination + 8, 4)}`;
  if (wordsAt(destination, 8) !== after) expect.fail(`${wordsAt(destination, 4)} of ${where}`);
  expect(wordsAt(destination + 8, 4)).toBe(before.slice(-19));
}

it("VCVTPH2PS widens every half, SNaNs alone being an exception", () => {
  for (const mxcsr of [ALL_MASKED, ALL_MASKED | DAZ | FTZ, 0]) {
    for (let half = 0; half < 0x10000; half += 4) {
      checkWiden(
        LANES.map((lane) => half + lane),
        mxcsr,
      );
    }
  }
});

it("VCVTPS2PH rounds at every border as the immediate says", () => {
  const control = controlOf(ALL_MASKED);
  for (let half = 0; half < 0x10000; half += 3) {
    const single = Number(converted(HALF, SINGLE, BigInt(half), control).bits);
    const middle = single + 0x1000;
    const immediate = half & 7;
    checkNarrow([single, middle - 1, middle, middle + 1], immediate, ALL_MASKED);
  }
});

it("VCVTPS2PH knows every control and mask, FTZ having no say", () => {
  const random = createRandom(16);
  for (let n = 0; n < 20_000; n++) {
    // Exponents from below the least denormal half to beyond the largest one, or any.
    const singles = LANES.map(() => {
      const power = random.below(4) ? 98 + random.below(48) : [0, 255, random.below(256)][random.below(3)]!;
      const cut = random.below(24);
      const fraction = (random.below(1 << 23) >> cut) << cut;
      return ((random.below(2) << 31) | (power << 23) | fraction) >>> 0;
    });
    const masks = random.below(2) ? 0x3f : random.below(64);
    const raised = random.below(64) & masks;
    const zeroing = (random.below(2) << 15) | (random.below(2) << 6);
    checkNarrow(singles, random.below(8), (masks << 7) | raised | zeroing | (random.below(4) << 13));
  }
});
