// Loops that go through memory in steps: each access must be where its page is, and be as it is without rounds that do not look.

import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../../assembler/assembler.ts";
import { SEGMENT_ATTRIBUTES, SEGMENT_SIZE, SEGMENTS } from "../layout.ts";
import { userMachine } from "../testing/differential.ts";
import { compare } from "../testing/lockstep.ts";
import type { Machine } from "../testing/machine.ts";
import { DIRECTORY, enterPaged, entryAt, mapPages, PRESENT, TABLE } from "../testing/paged-loops.ts";
import { AREA, mapScattered } from "../testing/strided-programs.ts";

const CODE = 0x20000;
/** Of a code segment's attributes: operands and addresses have 32 bits. */
const DEFAULT_32 = 0x4000;
/** Linear pages, one after the other, and where they are. */
const LINEAR = 0x80000;
const PAGES = [0x95000, 0x92000, 0x90000, 0x97000];
const PAGE = 0x1000;
/** How often the code is run. */
const TIMES = 4;
const BYTES = PAGES.length * PAGE;

const machine = userMachine(32, 1);
const { cpu, view } = machine;

/** Runs code TIMES times, and to its HLT, compiled from its second round on, long enough in one go to have rounds that do not look. */
function repeat(
  code: (a: Assembler) => void,
  before: (place: (label: string) => number) => void = () => {},
): void {
  const place = machine.assemble(CODE, 32, (a) => {
    a.mov("ebp", TIMES);
    a.label("start");
    code(a);
    a.dec("ebp");
    a.jnz("start");
    a.hlt();
    a.label("end");
  });
  before(place);
  machine.ip = CODE;
  cpu.unhalt();
  for (let n = 0; n < 500 && !cpu.halted; n++) machine.run(2000);
  expect(cpu.halted).not.toBe(0);
  expect(machine.ip).toBe(place("end"));
  expect(cpu.compiler.regionsCompiled).toBeGreaterThan(0);
}

const physical = (at: number): number => PAGES[Math.floor(at / PAGE)]! + (at % PAGE);
const byteAt = (at: number): number => view.getUint8(physical(at));
const bytesThat = (test: (at: number) => boolean): number[] =>
  Array.from({ length: BYTES }, (_, at) => at).filter(test);

beforeEach(() => {
  const moved = PAGES.map((page, n) => [LINEAR + n * PAGE, page] as const);
  mapPages(machine, DIRECTORY, TABLE, moved);
  for (const page of PAGES) new Uint8Array(view.buffer, view.byteOffset + page, PAGE).fill(0);
  enterPaged(machine, DIRECTORY);
});

describe("stores", () => {
  it.each([1, 3, 4, 64, 500, 512, 600, 5000])("in steps of %i bytes are in all pages", (step) => {
    repeat((a) => {
      a.mov("esi", LINEAR);
      a.label("again");
      a.inc("byte [esi]");
      a.add("esi", step);
      a.cmp("esi", LINEAR + BYTES);
      a.jb("again");
    });
    expect(bytesThat((at) => byteAt(at) === TIMES)).toEqual(bytesThat((at) => at % step === 0));
  });

  it.each([1, 3, 64, 512, 513])("in steps of %i bytes, which a register holds, are in all pages", (step) => {
    repeat((a) => {
      a.mov("esi", LINEAR);
      a.xor("edx", "edx");
      a.mov("ebx", step);
      a.label("again");
      a.inc("byte [esi+edx]");
      a.add("edx", "ebx");
      a.cmp("edx", BYTES);
      a.jb("again");
    });
    expect(bytesThat((at) => byteAt(at) === TIMES)).toEqual(bytesThat((at) => at % step === 0));
  });

  it.each([1, 2, 16, 100])("downwards in steps of %i bytes are in all pages", (step) => {
    repeat((a) => {
      a.mov("esi", LINEAR + BYTES);
      a.label("again");
      a.sub("esi", step);
      a.inc("byte [esi]");
      a.cmp("esi", LINEAR + step);
      a.jae("again");
    });
    expect(bytesThat((at) => byteAt(at) === TIMES)).toEqual(bytesThat((at) => (BYTES - at) % step === 0));
  });

  it.each([0, 1, 2, 3])(
    "of words that begin %i bytes from an end of their page are in both pages",
    (shift) => {
      repeat((a) => {
        a.mov("esi", LINEAR + shift);
        a.mov("eax", 0x04030201);
        a.label("again");
        a.mov("[esi]", "eax");
        a.add("esi", 4);
        a.cmp("esi", LINEAR + BYTES - 4);
        a.jbe("again");
      });
      const last = BYTES - (shift ? 4 - shift : 0);
      for (let at = shift; at < last; at++) expect(byteAt(at)).toBe(((at - shift) % 4) + 1);
    },
  );

  it("that come when a page was only read so far mark it as written", () => {
    const last = LINEAR + PAGE + 0x800;
    repeat((a) => {
      a.mov("esi", LINEAR);
      a.label("again");
      a.mov("al", "[esi]");
      a.cmp("esi", last);
      a.jne("skip");
      a.mov("[esi]", "esi");
      a.label("skip");
      a.add("esi", 4);
      a.cmp("esi", LINEAR + BYTES);
      a.jb("again");
      a.mov(`dword [${entryAt(TABLE, LINEAR)}]`, PAGES[0]! | PRESENT);
    });
    const dirty = PAGES.map((_, n) => (machine.u32(entryAt(TABLE, LINEAR + n * PAGE)) >> 6) & 1);
    expect(dirty).toEqual([0, 1, 0, 0]);
    expect(machine.u32(physical(last - LINEAR))).toBe(last);
  });

  it("into code that was run before are seen when it is run again", () => {
    const called = CODE + 0x800;
    const count = 20;
    machine.assemble(called, 32, (a) => {
      for (let n = 0; n < count; n++) a.add("edi", 0x1000000);
      a.ret();
    });
    machine.set("edi", 0);
    machine.set("esp", 0x30000);
    repeat((a) => {
      // The immediate operands, one every six bytes.
      a.mov("esi", called + 2);
      a.label("again");
      a.mov("[esi]", "ebp");
      a.add("esi", 6);
      a.cmp("esi", called + 6 * count);
      a.jb("again");
      a.mov("eax", called);
      a.call("eax");
    });
    expect(machine.get("edi")).toBe(count * (4 + 3 + 2 + 1));
  });
});

/** Expects bytes to have been incremented in a loop of so many rounds, in each of which the address goes on by what it is told. */
function expectIncrements(rounds: number, first: number, stepOf: (left: number) => number): void {
  const expected = new Uint8Array(BYTES);
  let at = first;
  for (let left = rounds; left > 0; left--) {
    expected[at]! += TIMES;
    at += stepOf(left);
  }
  expect(Array.from(expected, (_, each) => byteAt(each))).toEqual([...expected]);
}

it.each([
  [20, 59],
  [200, 590],
])("steps up by %i or down by %i, as it comes, are made in each round", (up, down) => {
  const rounds = 3000;
  repeat((a) => {
    a.mov("esi", LINEAR + 4000);
    a.mov("ecx", rounds);
    a.label("again");
    a.inc("byte [esi]");
    a.test("ecx", 3);
    a.jz("back");
    a.add("esi", up);
    a.jmp("next");
    a.label("back");
    a.sub("esi", down);
    a.label("next");
    a.dec("ecx");
    a.jnz("again");
  });
  expectIncrements(rounds, 4000, (left) => (left % 4 ? up : -down));
});

it("steps of the cases of a switch are made in each round", () => {
  const rounds = 3000;
  const table = CODE + 0x600;
  const cases = [17, 5, -9, 11];
  repeat(
    (a) => {
      a.mov("esi", LINEAR + 1000);
      a.mov("ecx", rounds);
      a.label("again");
      a.mov("eax", "ecx");
      a.and("eax", 3);
      a.mov("eax", `[eax*4+${table}]`);
      a.inc("byte [esi]");
      a.jmp("eax");
      cases.forEach((step, n) => {
        a.label(`case${n}`);
        a.add("esi", step);
        a.dec("ecx");
        a.jnz("again");
        a.jmp("done");
      });
      a.label("done");
    },
    (place) => {
      for (const n of cases.keys()) view.setUint32(table + 4 * n, place(`case${n}`), true);
    },
  );
  expectIncrements(rounds, 1000, (left) => cases[left % 4]!);
});

it("a loop that never ends is left when its budget is used up", () => {
  machine.assemble(CODE, 32, (a) => {
    a.label("start");
    a.mov("esi", LINEAR);
    a.label("again");
    a.mov("byte [esi]", 7);
    a.inc("esi");
    a.cmp("esi", LINEAR + BYTES);
    a.jb("again");
    a.jmp("start");
  });
  machine.ip = CODE;
  cpu.unhalt();
  for (let budget = 1; budget < 3000; budget += 7) {
    const before = cpu.instructions;
    cpu.run(budget);
    expect(cpu.instructions - before).toBeLessThan(budget + 8);
  }
});

it("16-bit code steps through memory with 32-bit addresses", () => {
  const to16 = (each: Machine): void => {
    const attributes = SEGMENTS + SEGMENT_SIZE + SEGMENT_ATTRIBUTES;
    each.cpu.set32(attributes, each.cpu.get32(attributes) & ~DEFAULT_32);
    each.cpu.runtime.updateMode();
  };
  const zeroes = [0x66, 0x31, 0xc9, 0xb9, 0xff, 0xff, 0x66, 0xbe, 0, 0x40, 4, 0];
  // INC byte [ESI]; LEA SI, [SI+100], or ADD ESI, 1; DEC ECX; JNZ
  for (const step of [
    [0x8d, 0x74, 100],
    [0x66, 0x83, 0xc6, 1],
  ]) {
    const body = [0x67, 0xfe, 0x06, ...step, 0x66, 0x49];
    const program = Uint8Array.from([...zeroes, ...body, 0x66, 0x75, -body.length - 3, 0xf4]);
    expect(compare(program, 1, 32, 200, { prepare: to16, instructions: 500 })).toBe(true);
  }
});

describe("an index of 32 bits in 64-bit code", () => {
  const long = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff);
  /** A loop of `body` with RSI and EDX, of so many rounds, three times; EDI begins with 0. */
  const programOf = (rsi: bigint, edx: number, rounds: number, body: readonly number[]): Uint8Array => {
    const address = Array.from({ length: 8 }, (_, n) => Number((rsi >> BigInt(8 * n)) & 0xffn));
    const zeroBx = [0x31, 0xdb];
    const start = [0x31, 0xff, 0x48, 0xbe, ...address, 0xba, ...long(edx), 0xb9, ...long(rounds)];
    const end = [0xff, 0xc9, 0x0f, 0x85, ...long(-body.length - 8), 0xff, 0xc3, 0x83, 0xfb, 3];
    const whole = [...start, ...body, ...end];
    return Uint8Array.from([...zeroBx, ...whole, 0x0f, 0x85, ...long(-whole.length - 6), 0xf4]);
  };
  const INC_AT_RDX = [0xfe, 0x04, 0x16];
  const INC_AT_RDI = [0xfe, 0x04, 0x3e];
  const COPY_TO_EDI = [0x89, 0xd7];
  const SIGNED_TO_RDI = [0x48, 0x63, 0xfa];
  const ADD_24 = [0x83, 0xc2, 24];
  const END = BigInt(AREA) + 0x800n - (1n << 32n);

  it.each([
    ["goes on from page to page", BigInt(AREA), 5, [...INC_AT_RDX, ...ADD_24]],
    ["begins again at 0", END, -0x600, [...INC_AT_RDX, ...ADD_24]],
    ["goes below 0", BigInt(AREA) + 0x800n, 0x600, [...INC_AT_RDX, 0x83, 0xea, 24]],
    ["is copied before the access", BigInt(AREA), 5, [...COPY_TO_EDI, ...ADD_24, ...INC_AT_RDI]],
    ["is copied after it", BigInt(AREA), 5, [...INC_AT_RDI, ...COPY_TO_EDI, ...ADD_24]],
    ["is copied before it with its sign", BigInt(AREA), 5, [...SIGNED_TO_RDI, ...ADD_24, ...INC_AT_RDI]],
    [
      "is negative where its sign is copied",
      BigInt(AREA) + 0x200n,
      -0x100,
      [...SIGNED_TO_RDI, ...ADD_24, ...INC_AT_RDI],
    ],
    [
      "comes to be negative",
      BigInt(AREA) + 0x1800n - (1n << 31n),
      0x7fff_f800,
      [...SIGNED_TO_RDI, ...ADD_24, ...INC_AT_RDI],
    ],
    [
      "of a register that 64-bit steps take beyond 31 bits is copied with its sign",
      BigInt(AREA) + 0x1800n - (1n << 31n),
      0x7fff_f800,
      [...SIGNED_TO_RDI, 0x48, ...ADD_24, ...INC_AT_RDI],
    ],
    [
      "of one that they take beyond 32 is copied",
      END,
      -0x600,
      [...COPY_TO_EDI, 0x48, ...ADD_24, ...INC_AT_RDI],
    ],
  ])("%s", (_, rsi, edx, body) => {
    const program = programOf(rsi, edx, 1300, body);
    // The seed says where it lies; across a page's end there are no such rounds.
    for (const [n, instructions] of [37, 43, 61, 150].entries()) {
      const how = { prepare: (each: Machine) => mapScattered(each, 64), instructions };
      expect(compare(program, 1 + n, 64, 600, how)).toBe(true);
    }
  });
});
