// When regions are compiled, how much at once, and when again.

import { expect, it } from "vitest";
import { GPR, RIP } from "../layout.ts";
import { DATA, userMachine } from "../testing/differential.ts";

const START = 0x20000;
const EBX = GPR + 3 * 8;

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));

it("a region is compiled again when a branch out of it was taken often", () => {
  const machine = userMachine(32, 100);
  const { cpu } = machine;
  // INC ECX · CMP BYTE [DATA], 0 · JNE +2 · JMP START; INC EBX · JMP START
  machine.write(START, bytes("41 80 3d 00 00 11 00 00 75 02 eb f4 43 eb f1"));
  machine.write(DATA, Uint8Array.of(0));
  cpu.set64(RIP, BigInt(START));
  const run = (): void => {
    for (let n = 0; n < 200; n++) cpu.run(1000);
  };
  run();
  expect(cpu.get64(EBX)).toBe(0n);
  expect(cpu.compiler.regionsCompiled).toBe(1);
  machine.write(DATA, Uint8Array.of(1));
  run();
  expect(cpu.get64(EBX)).toBeGreaterThan(30_000n);
  // What was missing and its own region are one, and the first is gone.
  expect(cpu.compiler.regionsDropped).toBe(1);
  expect(cpu.compiler.regionsCompiled).toBe(2);
});

/** INC EAX, so many, and a jump back to the first. */
const loop = (length: number): Uint8Array => {
  const code = new Uint8Array(length + 5).fill(0x40);
  code[length] = 0xe9;
  new DataView(code.buffer).setInt32(length + 1, -length - 5, true);
  return code;
};
const [SHORT, LONG] = [0x30000, 0x40000];

/** Two loops that have become hot one after the other, and of which nothing is compiled yet. */
function twoHotLoops() {
  const machine = userMachine(32);
  const { cpu } = machine;
  machine.write(SHORT, loop(20));
  machine.write(LONG, loop(250));
  for (const [start, instructions] of [
    [SHORT, 21],
    [LONG, 251],
  ] as const) {
    cpu.set64(RIP, BigInt(start));
    cpu.run(4500 * instructions);
  }
  expect(cpu.compiler.regionsCompiled).toBe(0);
  return { machine, cpu };
}

it("little is compiled between two runs, and least while the compiler is new", () => {
  const { cpu } = twoHotLoops();
  let last = cpu.compiler;
  const steps: number[] = [];
  for (let n = 0; n < 30; n++) {
    cpu.run(1);
    const now = cpu.compiler;
    const instructions = now.instructionsCompiled - last.instructionsCompiled;
    if (instructions > 0) steps.push(instructions);
    // A region ends with the block that makes it too long.
    const most = now.regionsCompiled > last.regionsCompiled + 1 ? 100 : 50 + last.instructionsCompiled + 32;
    expect(instructions).toBeLessThanOrEqual(most);
    last = now;
  }
  expect(steps[0]).toBe(21);
  expect(steps.length).toBeGreaterThan(2);
});

it("code that is written over before its region is entered runs as it is then", () => {
  const { machine, cpu } = twoHotLoops();
  while (cpu.compiler.regionsCompiled < 1) cpu.run(1);
  // INC EBX · JMP to it
  machine.write(SHORT, bytes("43 eb fd"));
  for (let n = 0; n < 30; n++) cpu.run(1);
  expect(cpu.compiler.regionsDropped).toBe(1);
  const eax = cpu.get64(GPR);
  cpu.set64(RIP, BigInt(SHORT));
  cpu.run(1000);
  expect(cpu.get64(EBX)).toBeGreaterThan(400n);
  expect(cpu.get64(GPR)).toBe(eax);
});
