import { expect, it } from "vitest";
import { SEGMENT_BASE, SEGMENT_LIMIT, SEGMENT_SELECTOR, SEGMENT_SIZE, SEGMENTS } from "../layout.ts";
import { Machine } from "../testing/machine.ts";

const CODE = 0x1000;
const HANDLER = 0x2000;
const STACK = 0x8000;
const DATA = 0x30000;
const ROUNDS = 200;
/** Vector of #GP. */
const GP = 13;
/** DS in the processor's state. */
const DS = SEGMENTS + 3 * SEGMENT_SIZE;

/** What is entered a second time is compiled. */
const machine = new Machine(undefined, 1);
const { cpu, view } = machine;

/** Resets and runs code with DS at DATA until it or the handler of #GP halts. */
function run(limit: number, code: Parameters<Machine["assemble"]>[2]): void {
  cpu.reset();
  view.setUint32(GP * 4, HANDLER, true);
  machine.assemble(HANDLER, 16, (a) => a.hlt());
  machine.assemble(CODE, 16, code);
  cpu.set64(SEGMENTS + SEGMENT_SIZE + SEGMENT_BASE, 0n);
  cpu.set32(SEGMENTS + SEGMENT_SIZE + SEGMENT_SELECTOR, 0);
  cpu.set64(DS + SEGMENT_BASE, BigInt(DATA));
  cpu.set32(DS + SEGMENT_LIMIT, limit);
  machine.set("esp", STACK);
  machine.ip = CODE;
  cpu.runtime.updateMode();
  const before = cpu.compiler.regionsCompiled;
  for (let n = 0; n < 500 && !cpu.halted; n++) machine.run(50);
  expect(cpu.halted).not.toBe(0);
  expect(cpu.compiler.regionsCompiled).toBeGreaterThan(before);
}

it.each([
  [1, 0x7fff, 0x8000],
  [2, 0x7fff, 0x7fff],
  [2, 0xffff, 0xffff],
  [4, 0xffff, 0xfffd],
])("a store of %i bytes with a limit of %i faults at %i", (bytes, limit, first) => {
  run(limit, (a) => {
    a.mov("bx", first - ROUNDS * bytes);
    a.label("again");
    if (bytes === 1) a.mov("[bx]", "al");
    else a.mov("[bx]", bytes === 2 ? "ax" : "eax");
    a.inc("cx");
    a.add("bx", bytes);
    a.jmp("again");
  });
  // MOV BX takes three bytes.
  expect(view.getUint16(machine.get("esp"), true)).toBe(CODE + 3);
  expect([machine.get("ebx"), machine.get("ecx")]).toEqual([first, ROUNDS]);
});

it.each([
  ["upwards", false],
  ["downwards", true],
])("MOVS, STOS and LODS go %s, by 16-bit registers", (_, down) => {
  const [from, to] = [0x8000, 0x9000];
  const by = down ? -2 : 2;
  const words = 2 * ROUNDS;
  for (let n = 0; n < words; n++) view.setUint16(DATA + from + n * by, n, true);
  run(0xffff, (a) => {
    if (down) a.std();
    a.mov("si", from);
    a.mov("di", to);
    a.mov("cx", ROUNDS);
    a.label("again");
    a.movsw();
    a.lodsw();
    a.not("ax");
    a.stosw();
    a.loop("again");
    a.hlt();
  });
  expect([machine.get("esi"), machine.get("edi")]).toEqual([from + words * by, to + words * by]);
  // ES is at 0.
  for (let n = 0; n < words; n++) expect(view.getUint16(to + n * by, true)).toBe(n & 1 ? 0xffff - n : n);
});
