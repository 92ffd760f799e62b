// How much work code that comes and goes makes between two looks at the clock.

import { beforeEach, expect, test, vi } from "vitest";
import { RecordSpace } from "./interpreter/record-space.ts";
import { CPL, HALTED } from "./layout.ts";
import { userMachine } from "./testing/differential.ts";
import type { Machine, RegisterName } from "./testing/machine.ts";

const CODE = 0x10000;
const BLOCKS = 3000;
/** INC EAX, and a jump to the next one. */
const BLOCK_BYTES = 3;
const OTHER_CODE = 0x8000;
const MANY = 1_000_000;

let machine: Machine;

/** Runs to HLT, `MANY` instructions at a time; returns by how much a register was raised each time. */
function steps(ip: number, register: RegisterName): number[] {
  machine.ip = ip;
  machine.cpu.set32(HALTED, 0);
  const raised: number[] = [];
  while (!machine.cpu.halted) {
    const before = machine.get(register);
    machine.cpu.run(MANY);
    raised.push(machine.get(register) - before);
  }
  return raised;
}

beforeEach(() => {
  machine = userMachine();
  machine.cpu.set32(CPL, 0);
  machine.cpu.runtime.updateMode();
  machine.set("eax", 0);
});

function assembleBlocks(): void {
  machine.assemble(CODE, 32, (a) => {
    for (let n = 0; n < BLOCKS; n++) {
      a.inc("eax");
      a.jmp(`block${n}`);
      a.label(`block${n}`);
    }
    a.hlt();
  });
}

test("code that is all new makes the processor return before long, and goes on where it was", () => {
  assembleBlocks();
  const runs = steps(CODE, "eax");
  expect(machine.get("eax")).toBe(BLOCKS);
  expect(Math.max(...runs)).toBeLessThan(150);
  expect(Math.min(...runs.slice(0, -1))).toBeGreaterThan(0);
});

test("code that is written over makes it return too", () => {
  assembleBlocks();
  steps(CODE, "eax");
  const end = CODE + BLOCKS * BLOCK_BYTES;
  machine.set("edi", CODE);
  machine.assemble(OTHER_CODE, 32, (a) => {
    a.label("again");
    a.mov("dword [edi]", 0);
    a.add("edi", 4);
    a.cmp("edi", end);
    a.jb("again");
    a.hlt();
  });
  const runs = steps(OTHER_CODE, "edi");
  expect(machine.get("edi")).toBe(end);
  expect(Math.max(...runs)).toBeLessThan(600 * BLOCK_BYTES);
});

test("room for new code is made of old code some blocks at a time", () => {
  const given = vi.spyOn(RecordSpace.prototype, "give");
  machine.write(CODE, new Uint8Array(600_000).fill(0x40)); // INC EAX
  machine.write(CODE + 600_000, Uint8Array.of(0xf4)); // HLT
  machine.ip = CODE;
  const dropped: number[] = [];
  while (!machine.cpu.halted) {
    given.mockClear();
    machine.cpu.run(MANY);
    dropped.push(given.mock.calls.length);
  }
  given.mockRestore();
  expect(machine.get("eax")).toBe(600_000);
  expect(dropped.reduce((sum, n) => sum + n)).toBeGreaterThan(1500);
  expect(Math.max(...dropped)).toBeLessThanOrEqual(500);
});
