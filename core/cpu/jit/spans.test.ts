// Accesses that share a translation: each must still be where the page tables say, and as they allow.

import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../../assembler/assembler.ts";
import { userMachine } from "../testing/differential.ts";
import {
  DIRECTORY,
  enterPaged,
  entryAt,
  mapPages,
  PRESENT,
  runToHalt,
  TABLE,
} from "../testing/paged-loops.ts";

const CODE = 0x20000;
const STACK = 0x30000;
/** Three linear pages, one after the other, and where they are: the second lies before the first. */
const LINEAR = 0x80000;
const FIRST = 0x92000;
const SECOND = 0x90000;
const THIRD = 0x95000;
const ROUNDS = 60;

const machine = userMachine(32, 1);
const { cpu, view } = machine;

const entryOf = (linear: number): number => entryAt(TABLE, linear);

/** Runs a loop at level 0, compiled from its second round on. */
function repeat(code: (a: Assembler) => void, before: (a: Assembler) => void = () => {}): void {
  machine.set("esp", STACK);
  const halted = runToHalt(machine, CODE, (a) => {
    before(a);
    a.mov("ecx", ROUNDS);
    a.label("again");
    code(a);
    a.dec("ecx");
    a.jnz("again");
    a.hlt();
  });
  expect(halted).toBe(true);
  expect(cpu.compiler.regionsCompiled).toBeGreaterThan(0);
}

/** Four words at an offset from LINEAR, in the first two pages. */
function frameAt(offset: number): number[] {
  const byteAt = (linear: number): number =>
    view.getUint8((linear >> 12 === LINEAR >> 12 ? FIRST : SECOND) + (linear & 0xfff));
  return [0, 4, 8, 12].map((at) =>
    [3, 2, 1, 0].reduce((word, n) => word * 256 + byteAt(LINEAR + offset + at + n), 0),
  );
}

beforeEach(() => {
  const pages = [FIRST, SECOND, THIRD];
  mapPages(
    machine,
    DIRECTORY,
    TABLE,
    pages.map((page, n) => [LINEAR + n * 0x1000, page]),
  );
  for (const page of pages) for (let at = 0; at < 0x1000; at += 4) view.setUint32(page + at, 0, true);
  enterPaged(machine, DIRECTORY);
});

describe("a frame", () => {
  it.each([
    ["within a page", 0x800],
    ["up to a page's end", 0xff0],
    ["across a page's end", 0xff8],
    ["with one word across a page's end", 0xffa],
    ["from a page's end", 0x1000],
  ])("%s is where its pages are", (_, offset) => {
    repeat((a) => {
      a.mov("esi", LINEAR + offset);
      for (const at of [8, 0, 12, 4]) a.add(`dword [esi+${at}]`, at + 1);
      a.mov("eax", "[esi+12]");
      a.add("eax", "[esi]");
      a.add("eax", "[esi+4]");
      a.add("eax", "[esi+8]");
    });
    expect(frameAt(offset)).toEqual([1, 5, 9, 13].map((word) => word * ROUNDS));
    expect(machine.get("eax")).toBe(28 * ROUNDS);
  });

  it.each([
    ["within a page", 0x800],
    ["across a page's end", 0xff8],
    ["with one word across a page's end", 0xffa],
    ["with its middle at a page's end", 0xffc],
  ])("%s is where its pages are in a loop and in another in it, whatever is skipped", (_, offset) => {
    repeat(
      (a) => {
        a.test("ecx", 1);
        a.jz("even");
        a.add("dword [esi+8]", 1);
        a.label("even");
        a.add("dword [esi]", 3);
        a.mov("edx", 2);
        a.label("inner");
        a.add("dword [esi+4]", 5);
        a.mov("eax", "[esi+8]");
        a.mov("[esi+12]", "eax");
        a.dec("edx");
        a.jnz("inner");
      },
      (a) => a.mov("esi", LINEAR + offset),
    );
    expect(frameAt(offset)).toEqual([3 * ROUNDS, 10 * ROUNDS, ROUNDS / 2, ROUNDS / 2]);
  });

  it("lasts no longer than until the runtime may have changed registers", () => {
    repeat(
      (a) => {
        a.add("dword [esi]", 1);
        // An address of 16 bits is the runtime's to check: MOV EAX, [BX].
        a.db(0x67, 0x8b, 0x07);
        a.add("dword [esi+4]", 2);
        a.add("dword [esi+12]", "eax");
      },
      (a) => {
        a.mov("esi", LINEAR);
        a.mov("ebx", 0x1000);
        a.mov("dword [0x1000]", 3);
      },
    );
    expect(frameAt(0)).toEqual([ROUNDS, 2 * ROUNDS, 0, 3 * ROUNDS]);
  });

  it("that only is read before it is written gets its page's dirty bit", () => {
    repeat(
      (a) => {
        a.mov("eax", "[esi]");
        a.cmp("ecx", 2);
        a.ja("reads");
        a.mov("[esi+4]", "ecx");
        a.label("reads");
        a.add("eax", "[esi+4]");
      },
      (a) => a.mov("esi", LINEAR),
    );
    expect(machine.u32(FIRST + 4)).toBe(1);
    expect(machine.u32(entryOf(LINEAR)) & 0x40).toBe(0x40);
  });

  it("of pushes crosses a page's end as well", () => {
    repeat((a) => {
      a.mov("esp", LINEAR + 0x1008);
      for (let n = 1; n <= 4; n++) a.push("ecx");
      a.pop("eax");
      a.pop("ebx");
      a.pop("edx");
      a.mov("ebp", "esp");
      a.mov("edi", "[ebp]");
      a.mov("esp", STACK);
    });
    expect([FIRST + 0xff8, FIRST + 0xffc, SECOND, SECOND + 4].map((at) => machine.u32(at))).toEqual([
      1, 1, 1, 1,
    ]);
    expect(["eax", "ebx", "edx", "edi"].map((name) => machine.get(name as "eax"))).toEqual([1, 1, 1, 1]);
  });
});

it.each([
  ["a register", (at: number) => `[esi+${at}]`],
  ["addresses", (at: number) => `[${LINEAR + at}]`],
])("a page that was moved since is where it is now, by %s", (_, operand) => {
  repeat((a) => {
    a.mov("esi", LINEAR);
    for (const at of [0, 4, 8]) a.add(`dword ${operand(at)}`, 1);
    a.mov(`dword [${entryOf(LINEAR)}]`, THIRD | PRESENT);
    a.invlpg(`[${LINEAR}]`);
    for (const at of [0, 4, 8]) a.add(`dword ${operand(at)}`, 3);
    a.mov(`dword [${entryOf(LINEAR)}]`, FIRST | PRESENT);
    a.invlpg(`[${LINEAR}]`);
  });
  for (const at of [0, 4, 8]) {
    expect(machine.u32(FIRST + at)).toBe(ROUNDS);
    expect(machine.u32(THIRD + at)).toBe(3 * ROUNDS);
  }
});

it("code that was read is not written as if it were data", () => {
  machine.set("ebp", 0);
  repeat((a) => {
    a.mov("esi", CODE);
    a.mov("eax", "[esi]");
    a.add("eax", "[esi+4]");
    // The immediate operand of what follows: MOV ECX and MOV ESI take five bytes each, the loads two and three.
    a.mov("[esi+20]", "ecx");
    a.add("ebp", 0x12345678);
  });
  expect(machine.get("ebp")).toBe((ROUNDS * (ROUNDS + 1)) / 2);
});
