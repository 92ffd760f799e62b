// Tables whose page is remembered from one round of a loop to the next: it must still be where the page tables say.

import { beforeEach, expect, it } from "vitest";
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
/** Two linear pages, one after the other, and where they are: the second lies before the first. */
const LINEAR = 0x80000;
const FIRST = 0x92000;
const SECOND = 0x90000;
const OTHER = 0x95000;
const INDEXES = 0x98000;
const ROUNDS = 200;

const machine = userMachine(32, 1);
const { cpu, view } = machine;

/**
 * Runs a loop over the bytes at INDEXES, each in EAX, at level 0; it is compiled from its second round on. Then `between`,
 * and the loop again.
 */
function repeat(inLoop: (a: Assembler) => void, between: (a: Assembler) => void = () => {}): void {
  const halted = runToHalt(machine, CODE, (a) => {
    a.mov("edi", 2);
    a.label("anew");
    a.mov("ecx", 0);
    a.label("again");
    a.movzx("eax", `byte [ecx+${INDEXES}]`);
    inLoop(a);
    a.inc("ecx");
    a.cmp("ecx", ROUNDS);
    a.jnz("again");
    between(a);
    a.dec("edi");
    a.jnz("anew");
    a.hlt();
  });
  expect(halted).toBe(true);
  expect(cpu.compiler.regionsCompiled).toBeGreaterThan(0);
}

beforeEach(() => {
  mapPages(machine, DIRECTORY, TABLE, [
    [LINEAR, FIRST],
    [LINEAR + 0x1000, SECOND],
  ]);
  for (let n = 0; n < ROUNDS; n++) view.setUint8(INDEXES + n, (n * 37) & 0xff);
  for (const page of [FIRST, SECOND, OTHER])
    for (let at = 0; at < 0x1000; at += 4) view.setUint32(page + at, page + at, true);
  machine.set("ebx", 0);
  enterPaged(machine, DIRECTORY);
});

const indexes = Array.from({ length: ROUNDS }, (_, n) => (n * 37) & 0xff);
const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => (sum + value) >>> 0, 0);

it.each([
  ["within a page", 0x400],
  ["across a page's end", 0xe00],
  ["whose words lie across a page's end", 0xe02],
])("a table %s is read where it is", (_, offset) => {
  repeat((a) => a.add("ebx", `[eax*4+${LINEAR + offset}]`));
  const byteAt = (linear: number): number =>
    view.getUint8((linear >> 12 === LINEAR >> 12 ? FIRST : SECOND) + (linear & 0xfff));
  const words = indexes.map((index) =>
    [3, 2, 1, 0].reduce((word, n) => word * 256 + byteAt(LINEAR + offset + index * 4 + n), 0),
  );
  expect(machine.get("ebx")).toBe(sumOf([...words, ...words]));
});

it.each<[string, (a: Assembler) => void]>([
  ["INVLPG", (a) => a.invlpg(`[${LINEAR}]`)],
  [
    "CR3",
    (a) => {
      a.mov("edx", "cr3");
      a.mov("cr3", "edx");
    },
  ],
])("a table is read where its page is after %s has told that it was moved", (_, tell) => {
  repeat(
    (a) => a.add("ebx", `[eax*4+${LINEAR}]`),
    (a) => {
      a.mov(`dword [${entryAt(TABLE, LINEAR)}]`, OTHER | PRESENT);
      tell(a);
    },
  );
  expect(machine.get("ebx")).toBe(
    sumOf([FIRST, OTHER].flatMap((page) => indexes.map((index) => page + index * 4))),
  );
});
