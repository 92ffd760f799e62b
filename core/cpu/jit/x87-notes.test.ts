// Compiled code keeps to itself which x87 instruction was the last: what stores or sets that must see it in time.

import { describe, expect, it } from "vitest";
import { FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, RIP } from "../layout.ts";
import { CODE, DATA, userMachine } from "../testing/differential.ts";
import type { Sampling } from "./verifier.ts";

const ROUNDS = 400;
const SLICE = 37;

const memory = (prefix: readonly number[], reg: number, address: number): number[] => [
  ...prefix,
  (reg << 3) | 5,
  ...[0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff),
];

const IMAGE = DATA + 0x100;
const FLD1 = [0xd9, 0xe8];
const FSTP_ST0 = [0xdd, 0xd8];
const FNINIT = [0xdb, 0xe3];
const FLD = memory([0xdd], 0, DATA);
const FNSTENV = memory([0xd9], 6, IMAGE);
const FLDENV = memory([0xd9], 4, IMAGE);
const FNSAVE = memory([0xdd], 6, IMAGE);
const FRSTOR = memory([0xdd], 4, IMAGE);
const FXSAVE = memory([0x0f, 0xae], 0, IMAGE);
const FXRSTOR = memory([0x0f, 0xae], 1, IMAGE);

const BODIES: Readonly<Record<string, number[][]>> = {
  FNSTENV: [FLD, FLD1, FNSTENV, FSTP_ST0, FSTP_ST0],
  FNSAVE: [FLD, FLD1, FNSAVE, FLD1, FSTP_ST0],
  FXSAVE: [FLD, FLD1, FXSAVE, FSTP_ST0, FSTP_ST0],
  FNINIT: [FLD, FLD1, FNINIT],
  FLDENV: [FNSTENV, FLD, FLDENV],
  FRSTOR: [FNSAVE, FLD, FRSTOR],
  FXRSTOR: [FXSAVE, FLD, FXRSTOR],
};

/** Runs a loop, and tells the notes of x87 instructions and the image at every pause. */
function notes(
  body: readonly number[][],
  compileAfter: number,
  verify?: Sampling,
): { trace: string[]; compiled: number; compared: number } {
  const machine = userMachine(32, compileAfter, verify);
  const { cpu } = machine;
  const inside = body.flat();
  // mov ecx, ROUNDS; the body; dec ecx; jnz; hlt
  const code = [
    0xb9,
    ROUNDS & 0xff,
    ROUNDS >> 8,
    0,
    0,
    ...inside,
    0x49,
    0x75,
    -(inside.length + 3) & 0xff,
    0xf4,
  ];
  machine.write(CODE, Uint8Array.from(code));
  machine.view.setFloat64(DATA, 1.5, true);
  cpu.runtime.fninit();
  cpu.set64(RIP, BigInt(CODE));
  const trace: string[] = [];
  const end = (ROUNDS * (body.length + 2)) >> 1;
  for (let at = SLICE; at < end; at += SLICE) {
    cpu.run(at - cpu.instructions);
    // Compiled code looks at its budget less often: to the end of a round.
    while (cpu.get64(RIP) !== BigInt(CODE + 5)) cpu.step();
    const words = [FPU_OPCODE, FPU_CS, FPU_DS].map((word) => cpu.get32(word) & 0xffff);
    const pointers = [FPU_IP, FPU_DP].map((pointer) => cpu.get64(pointer).toString(16));
    const image = Buffer.from(machine.view.buffer, machine.view.byteOffset + IMAGE, 512).toString("hex");
    trace.push([...words, ...pointers, image].join(" "));
  }
  return { trace, compiled: cpu.compiler.regionsCompiled, compared: cpu.compiler.regionsCompared };
}

describe("the last x87 instruction is known to", () => {
  it.each(Object.entries(BODIES))("%s", (_, body) => {
    const interpreted = notes(body, Number.POSITIVE_INFINITY);
    const compiled = notes(body, 2);
    expect(compiled.compiled).toBeGreaterThan(0);
    expect(new Set(compiled.trace.slice(5))).toEqual(new Set(interpreted.trace.slice(5)));
  });

  it("whoever compares compiled code with the interpreter", () => {
    expect(notes([FLD, FLD1, FSTP_ST0, FSTP_ST0], 2, "all").compared).toBeGreaterThan(0);
  });
});
