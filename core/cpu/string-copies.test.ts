import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../assembler/assembler.ts";
import { CR2, SEGMENT_ATTRIBUTES, SEGMENT_BASE, SEGMENT_SIZE, SEGMENTS } from "./layout.ts";
import { userMachine } from "./testing/differential.ts";
import { DIRECTORY, enterPaged, entryAt, mapPages, runToHalt, TABLE } from "./testing/paged-loops.ts";

const CODE = 0x20000;
const FROM = 0x80ff3;
const LENGTH = 9001;

const machine = userMachine(32, 1);

const byteAt = (n: number): number => (n * 7 + (n >> 8)) & 0xff;

it.each([
  ["elsewhere", 0x90005],
  ["a few bytes below", FROM - 5],
  ["thousands of bytes below", FROM - 3000],
  ["thousands of bytes above", FROM + 3000],
  ["a few bytes above", FROM + 5],
])("REP MOVSB copies thousands of bytes to %s, one after the other", (_, to) => {
  mapPages(machine, DIRECTORY, TABLE, []);
  enterPaged(machine, DIRECTORY);
  const expected = new Uint8Array(0x20000);
  for (let n = 0; n < expected.length; n++) expected[n] = byteAt(n);
  const base = FROM - 0x4000;
  machine.write(base, expected);
  for (let n = 0; n < LENGTH; n++) expected[to - base + n] = expected[FROM - base + n]!;
  const halted = runToHalt(machine, CODE, (a) => {
    a.mov("esi", FROM);
    a.mov("edi", to);
    a.mov("ecx", LENGTH);
    a.rep();
    a.movsb();
    a.hlt();
  });
  expect(halted).toBe(true);
  const differs = expected.findIndex((byte, n) => machine.u8(base + n) !== byte);
  expect(differs).toBe(-1);
  expect(["ecx", "esi", "edi"].map((name) => machine.get(name as "ecx"))).toEqual([
    0,
    FROM + LENGTH,
    to + LENGTH,
  ]);
});

it("REP MOVSB whose source and target are both absent faults at the source", () => {
  const [source, target] = [0x81000, 0x91000];
  mapPages(machine, DIRECTORY, TABLE, []);
  for (const page of [source, target]) machine.view.setUint32(entryAt(TABLE, page), 0, true);
  enterPaged(machine, DIRECTORY);
  machine.cpu.set64(CR2, 0n);
  runToHalt(machine, CODE, (a) => {
    a.mov("esi", source);
    a.mov("edi", target);
    a.mov("ecx", 100);
    a.rep();
    a.movsb();
    a.hlt();
  });
  expect(machine.cpu.get64(CR2)).toBe(BigInt(source));
});

describe("REP MOVS and REP STOS in pages that the translation table has", () => {
  const [source, target] = [0x81010, 0x91020];
  const [ES, CS, DS, FS] = [0, 1, 3, 4];
  const COUNT = 100;
  const CS_REP_MOVSB = [0x2e, 0xf3, 0xa4];
  const FS_REP_MOVSB = [0x64, 0xf3, 0xa4];
  /** Of a page table's entry: present, the user's. */
  const READ_ONLY = 5;
  /** By which a segment may lie higher. */
  const HIGHER = 0x200;
  /** Of type 9, execute only, as {@link enterPaged} leaves the others: 32 bits, 4 GiB, level 0. */
  const EXECUTE_ONLY = 0xc099;
  const field = (segment: number, offset: number): number => SEGMENTS + segment * SEGMENT_SIZE + offset;

  beforeEach(() => {
    mapPages(machine, DIRECTORY, TABLE, []);
    enterPaged(machine, DIRECTORY);
    return () => {
      for (const segment of [ES, CS, DS, FS]) machine.cpu.set64(field(segment, SEGMENT_BASE), 0n);
    };
  });

  function writePages(): void {
    const bytes = new Uint8Array(0x1000);
    for (let n = 0; n < bytes.length; n++) bytes[n] = byteAt(n);
    machine.write(source & ~0xfff, bytes);
    machine.write(target & ~0xfff, new Uint8Array(0x1000));
  }

  /** Runs it twice, from the same registers, so that the second finds both pages in the table. Gives the instructions of each. */
  function copyTwice(to: number, rep: (a: Assembler) => void): number[] {
    machine.cpu.runtime.updateMode();
    return [1, 2].map(() => {
      writePages();
      const before = machine.cpu.instructions;
      runToHalt(machine, CODE, (a) => {
        a.mov("esi", source);
        a.mov("edi", to);
        a.mov("ecx", COUNT);
        rep(a);
        a.hlt();
      });
      return machine.cpu.instructions - before;
    });
  }

  const repMovsb = (a: Assembler): void => {
    a.rep();
    a.movsb();
  };
  const copied = (at: number): number[] => Array.from({ length: COUNT }, (_, n) => machine.u8(at + n));
  const bytesFrom = (at: number): number[] =>
    Array.from({ length: COUNT }, (_, n) => byteAt((at & 0xfff) + n));

  it("counts for as many instructions as where they are looked up", () => {
    const [cold, warm] = copyTwice(target, repMovsb);
    expect(copied(target)).toEqual(bytesFrom(source));
    expect(warm).toBe(cold);
    expect(warm).toBeGreaterThan(4 + COUNT / 32);
  });

  it("copies what it has copied, where the target lies a few bytes above", () => {
    const period = 5;
    copyTwice(source + period, repMovsb);
    expect(copied(source)).toEqual(
      Array.from({ length: COUNT }, (_, n) => byteAt((source & 0xfff) + (n % period))),
    );
  });

  it("does not write to a page that can only be read", () => {
    machine.view.setUint32(entryAt(TABLE, target), (target & ~0xfff) | READ_ONLY, true);
    machine.cpu.set64(CR2, 0n);
    copyTwice(target, (a) => {
      a.mov("al", `[${target}]`);
      repMovsb(a);
    });
    expect(machine.cpu.get64(CR2)).toBe(BigInt(target));
    expect(copied(target)).toEqual(new Array(COUNT).fill(0));
  });

  it("adds the bases of its segments", () => {
    machine.cpu.set64(field(DS, SEGMENT_BASE), BigInt(HIGHER));
    copyTwice(target, repMovsb);
    expect(copied(target)).toEqual(bytesFrom(source + HIGHER));
    machine.cpu.set64(field(ES, SEGMENT_BASE), BigInt(2 * HIGHER));
    copyTwice(target, repMovsb);
    expect(copied(target + 2 * HIGHER)).toEqual(bytesFrom(source + HIGHER));
  });

  it("adds the base of FS where the others are flat", () => {
    machine.cpu.set64(field(FS, SEGMENT_BASE), BigInt(HIGHER));
    copyTwice(target, (a) => a.db(...FS_REP_MOVSB));
    expect(copied(target)).toEqual(bytesFrom(source + HIGHER));
  });

  it("reads from CS by its own right", () => {
    const fromCode = (a: Assembler): void => a.db(...CS_REP_MOVSB);
    copyTwice(target, fromCode);
    expect(copied(target)).toEqual(bytesFrom(source));
    machine.cpu.set32(field(CS, SEGMENT_ATTRIBUTES), EXECUTE_ONLY);
    copyTwice(target, fromCode);
    expect(copied(target)).toEqual(new Array(COUNT).fill(0));
  });

  it("goes downwards with DF", () => {
    const last = COUNT - 1;
    copyTwice(target, (a) => {
      a.add("esi", last);
      a.add("edi", last);
      a.std();
      repMovsb(a);
      a.cld();
    });
    expect(machine.get("esi")).toBe(source - 1);
    expect(copied(target)).toEqual(bytesFrom(source));
  });

  it("copies over the ends of pages, with elements that lie in two", () => {
    const [from, to] = [source + 0xf00 + 1, target + 0xe00 + 2];
    mapPages(machine, DIRECTORY, TABLE, []);
    const bytes = Array.from({ length: 0x3000 }, (_, n) => byteAt(n));
    for (const _ of [1, 2]) {
      machine.write(from, new Uint8Array(bytes));
      machine.write(to, new Uint8Array(0x3000));
      runToHalt(machine, CODE, (a) => {
        a.mov("esi", from);
        a.mov("edi", to);
        a.mov("ecx", 0xb00);
        a.rep();
        a.movsd();
        a.hlt();
      });
      expect(machine.get("edi")).toBe(to + 0x2c00);
      const at = Array.from({ length: 0x3000 }, (_, n) => machine.u8(to + n));
      expect(at).toEqual([...bytes.slice(0, 0x2c00), ...new Array(0x400).fill(0)]);
    }
  });

  const VALUE = 0x12345678;
  const filled = (at: number): number[] => Array.from({ length: COUNT }, (_, n) => machine.u32(at + 4 * n));
  const repStosd = (a: Assembler): void => {
    a.mov("eax", VALUE);
    a.rep();
    a.stosd();
  };

  it("fills as many elements as are asked for", () => {
    const [cold, warm] = copyTwice(target, repStosd);
    expect(filled(target)).toEqual(new Array(COUNT).fill(VALUE));
    expect(machine.u32(target + 4 * COUNT)).toBe(0);
    expect(machine.get("edi")).toBe(target + 4 * COUNT);
    expect(warm).toBe(cold);
  });

  it("fills over the end of a page, with an element that lies in two", () => {
    const to = (target & ~0xfff) + 0xffe - 4 * 50;
    for (const _ of [1, 2]) {
      machine.write(to, new Uint8Array(0x400));
      runToHalt(machine, CODE, (a) => {
        a.mov("edi", to);
        a.mov("ecx", COUNT);
        repStosd(a);
        a.hlt();
      });
      expect(filled(to)).toEqual(new Array(COUNT).fill(VALUE));
    }
  });

  it("fills from the base of ES", () => {
    machine.cpu.set64(field(ES, SEGMENT_BASE), BigInt(HIGHER));
    copyTwice(target, repStosd);
    expect(filled(target + HIGHER)).toEqual(new Array(COUNT).fill(VALUE));
  });

  it("fills downwards with DF", () => {
    copyTwice(target + 4 * (COUNT - 1), (a) => {
      a.std();
      repStosd(a);
      a.cld();
    });
    expect(filled(target)).toEqual(new Array(COUNT).fill(VALUE));
    expect(machine.get("edi")).toBe(target - 4);
  });

  it("does not fill a page that can only be read", () => {
    machine.view.setUint32(entryAt(TABLE, target), (target & ~0xfff) | READ_ONLY, true);
    machine.cpu.set64(CR2, 0n);
    copyTwice(target, (a) => {
      a.mov("al", `[${target}]`);
      repStosd(a);
    });
    expect(machine.cpu.get64(CR2)).toBe(BigInt(target));
    expect(filled(target)).toEqual(new Array(COUNT).fill(0));
  });
});
