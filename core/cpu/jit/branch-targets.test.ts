// Indirect branches within regions.

import { describe, expect, it } from "vitest";
import { RIP } from "../layout.ts";
import { userMachine } from "../testing/differential.ts";
import type { Machine } from "../testing/machine.ts";
import { BranchTargets } from "./branch-targets.ts";

const START = 0x20000;
const CASES = 0x20040;
const OTHER = 0x24000;
const ECX = 1;
const EDX = 2;
const EBX = 3;

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));

/** INC ECX · MOV EAX, ECX · AND EAX, cases - 1 · SHL EAX, 4 · ADD EAX, CASES · JMP EAX; each case: ADD EBX, n · JMP START. */
function machineWithSwitch(cases: number): Machine {
  const machine = userMachine(32, 100);
  const mask = (cases - 1).toString(16);
  machine.write(START, bytes(`41 89 c8 83 e0 ${mask} c1 e0 04 05 40 00 02 00 ff e0`));
  for (let n = 0; n < cases; n++) {
    const at = CASES + 16 * n;
    const back = START - (at + 8);
    machine.write(at, Uint8Array.of(0x83, 0xc3, n, 0xe9, back, back >> 8, 0xff, 0xff));
  }
  return machine;
}

/** The first regions are short: a loop of two long blocks, elsewhere, until it has been compiled. */
function compileOther(machine: Machine): void {
  const { cpu } = machine;
  const block = [...Array(100).fill(0x90), 0xeb, 0x00];
  machine.write(OTHER, Uint8Array.from([...block, ...block.slice(0, -2), 0xe9, ...bytes("31 ff ff ff")]));
  cpu.set64(RIP, BigInt(OTHER));
  for (let n = 0; n < 200; n++) cpu.run(5000);
  expect(cpu.compiler.instructionsCompiled).toBeGreaterThan(200);
}

describe("an indirect jump", () => {
  it.each([2, 16])("to one of %i cases in a loop stays in one region", (cases) => {
    const machine = machineWithSwitch(cases);
    const { cpu } = machine;
    compileOther(machine);
    const { regionsCompiled } = cpu.compiler;
    const before = cpu.instructions;
    cpu.set64(RIP, BigInt(START));
    const turns = 8 * 4096;
    // Six instructions and two of the case for each turn; some turns at a time, so that what is hot gets compiled.
    for (let n = 0; n < 64; n++) cpu.run((turns / 64) * 8);
    while (cpu.instructions - before < turns * 8) cpu.step();
    expect(cpu.instructions - before).toBe(turns * 8);
    expect(cpu.get64(8 * EBX)).toBe(BigInt((turns / cases) * ((cases * (cases - 1)) / 2)));
    expect(cpu.compiler.regionsCompiled - regionsCompiled).toBeLessThanOrEqual(2);
  });
});

it("an indirect jump leads where it says, wherever it has led before", () => {
  const cases = 16;
  const machine = userMachine(32, 100);
  const { cpu } = machine;
  // INC ECX · MOV EAX, ECX · AND EAX, cases - 1 · SHL EAX, 4 · ADD EAX, EDX · JMP EAX; each case: ADD EBX, n · JMP START
  machine.write(START, bytes("41 89 c8 83 e0 0f c1 e0 04 01 d0 ff e0"));
  for (let n = 0; n < 40 * cases; n++) {
    const at = CASES + 16 * n;
    const back = START - (at + 11);
    machine.write(at, Uint8Array.of(0x81, 0xc3, n, n >> 8, 0, 0, 0xe9, back, back >> 8, 0xff, 0xff));
  }
  // The turns that it has, and what was added in them.
  const turnsFrom = (first: number): [turns: number, sum: number] => {
    cpu.set64(8 * EDX, BigInt(CASES + 16 * first));
    for (const register of [ECX, EBX]) cpu.set64(8 * register, 0n);
    cpu.run(500);
    while (cpu.get64(RIP) !== BigInt(START) || cpu.get64(8 * ECX) % BigInt(cases) !== 0n) cpu.step();
    return [Number(cpu.get64(8 * ECX)), Number(cpu.get64(8 * EBX))];
  };
  cpu.set64(RIP, BigInt(START));
  for (let n = 0; n < 500; n++) turnsFrom(0);
  expect(cpu.compiler.instructionsCompiled).toBeGreaterThan(2 * cases);
  for (let first = 0; first < 40 * cases; first += cases) {
    const [turns, sum] = turnsFrom(first);
    expect(sum).toBe((turns / cases) * (cases * first + (cases * (cases - 1)) / 2));
  }
});

describe("BranchTargets", () => {
  it("keeps targets for all records of a branch, until one of these is dropped", () => {
    const targets = new BranchTargets();
    targets.enter(0x100, 0x5000);
    targets.enter(0x200, 0x5000);
    targets.note(0x100, 1n);
    targets.note(0x200, 2n);
    targets.note(0x200, 2n);
    targets.note(0x300, 3n);
    expect(targets.of(0x5000)).toEqual([1n, 2n]);
    targets.drop(0x100);
    expect(targets.of(0x5000)).toEqual([]);
  });

  it("remembers no more than so many", () => {
    const targets = new BranchTargets();
    targets.enter(0x100, 0x5000);
    for (let n = 0; n < 1000; n++) targets.note(0x100, BigInt(n));
    expect(targets.of(0x5000).length).toBeLessThan(100);
  });
});
