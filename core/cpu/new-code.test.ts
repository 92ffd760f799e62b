// How much work code that comes and goes makes between two looks at the clock.

import { beforeEach, expect, test, vi } from "vitest";
import { CodePages } from "./interpreter/code-pages.ts";
import { RecordSpace } from "./interpreter/record-space.ts";
import {
  CPL,
  HALTED,
  RECORDS_AGE,
  SEGMENT_ATTRIBUTES,
  SEGMENT_LIMIT,
  SEGMENT_SIZE,
  SEGMENTS,
} from "./layout.ts";
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

/** Milliseconds that decoding so much may take on a busy host. */
const LONG = 60_000;
/** Bytes of INC EAX before a HLT. */
const LENGTH = 450_000;
/** Of a segment's attributes: D/B. */
const STACK_32 = 1 << 14;

/** Segments of five kinds: code is decoded for each anew. */
function setSegments(kind: number): void {
  const { cpu } = machine;
  const [code, stack, data] = [1, 2, 3].map((n) => SEGMENTS + n * SEGMENT_SIZE) as [number, number, number];
  cpu.set32(code + SEGMENT_LIMIT, kind & 1 ? 0xffffff : 0xffffffff);
  cpu.set32(data + SEGMENT_LIMIT, kind & 2 ? 0xffffff : 0xffffffff);
  const attributes = cpu.get32(stack + SEGMENT_ATTRIBUTES) | STACK_32;
  cpu.set32(stack + SEGMENT_ATTRIBUTES, kind & 4 ? attributes ^ STACK_32 : attributes);
  cpu.runtime.updateMode();
}

/** Runs through them with all kinds of segments: more blocks than there is room for. `between` any two runs of the processor. */
function runMuchCode(between: (kind: number) => void): void {
  machine.write(CODE, new Uint8Array(LENGTH).fill(0x40));
  machine.write(CODE + LENGTH, Uint8Array.of(0xf4));
  for (let kind = 0; kind < 5; kind++) {
    setSegments(kind);
    machine.set("eax", 0);
    machine.ip = CODE;
    machine.cpu.set32(HALTED, 0);
    while (!machine.cpu.halted) {
      machine.cpu.run(MANY);
      between(kind);
    }
    expect(machine.get("eax")).toBe(LENGTH);
  }
}

test("room for new code is made of old code some blocks at a time", { timeout: LONG }, () => {
  const given = vi.spyOn(RecordSpace.prototype, "give");
  const dropped: number[] = [];
  runMuchCode(() => {
    dropped.push(given.mock.calls.length);
    given.mockClear();
  });
  given.mockRestore();
  expect(dropped.reduce((sum, n) => sum + n)).toBeGreaterThan(1500);
  expect(Math.max(...dropped)).toBeLessThanOrEqual(500);
  // Who remembers where records were is told that others are there.
  expect(new DataView(machine.view.buffer).getUint32(RECORDS_AGE, true)).toBeGreaterThan(0);
});

test("what is run again and again stays decoded while what is run once makes room", { timeout: LONG }, () => {
  // INC EBX · HLT
  machine.write(OTHER_CODE, Uint8Array.of(0x43, 0xf4));
  const decoded = vi.spyOn(CodePages.prototype, "add");
  runMuchCode((kind) => {
    const { cpu } = machine;
    const { ip, halted } = cpu;
    setSegments(0);
    machine.ip = OTHER_CODE;
    cpu.set32(HALTED, 0);
    cpu.run(10);
    setSegments(kind);
    machine.ip = Number(ip);
    cpu.set32(HALTED, halted);
  });
  const times = decoded.mock.calls.filter(([block]) => block.physical === OTHER_CODE).length;
  decoded.mockRestore();
  expect(times).toBe(1);
});
