// When regions are compiled again.

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
