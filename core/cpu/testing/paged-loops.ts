// Loops of 32-bit code at privilege level 0 under page tables, for tests of what compiled code knows of translations.

import type { Assembler } from "../../assembler/assembler.ts";
import { CR0, CR3 } from "../layout.ts";
import { enterLevel0 } from "./differential.ts";
import type { Machine } from "./machine.ts";

/** Places for two directories, and the one table of each. */
export const DIRECTORY = 0x100000;
export const TABLE = 0x101000;
export const OTHER_DIRECTORY = 0x102000;
export const OTHER_TABLE = 0x103000;
/** Of a page table's entry: present, writable, the user's. */
export const PRESENT = 7;
/** Paging, write protection, protected mode. */
const CR0_PAGED = 0x80010011;
/** Entries of a table that are used: the first 2 MiB. */
const ENTRIES = 512;
/** Runs of 50 instructions until a loop must have ended. */
const MOST_RUNS = 500;

export const entryAt = (table: number, linear: number): number => table + (linear >> 12) * 4;

/** Fills a directory and its table: each page is mapped to itself, but for those that are `moved`, by linear address. */
export function mapPages(
  { view }: Machine,
  directory: number,
  table: number,
  moved: readonly (readonly [linear: number, physical: number])[],
): void {
  view.setUint32(directory, table | PRESENT, true);
  for (let n = 0; n < ENTRIES; n++) view.setUint32(table + n * 4, (n << 12) | PRESENT, true);
  for (const [linear, physical] of moved) view.setUint32(entryAt(table, linear), physical | PRESENT, true);
}

/** Takes a `userMachine` to level 0, by that directory's pages. */
export function enterPaged(machine: Machine, directory: number): void {
  const { cpu } = machine;
  enterLevel0(machine);
  cpu.set64(CR3, BigInt(directory));
  cpu.set64(CR0, BigInt(CR0_PAGED));
  cpu.runtime.flushTlb();
  cpu.runtime.updateMode();
}

/** Runs code at an address until its HLT; between two runs what has become hot is compiled. False: it never comes there. */
export function runToHalt(machine: Machine, address: number, code: (a: Assembler) => void): boolean {
  const { cpu } = machine;
  machine.assemble(address, 32, code);
  machine.ip = address;
  cpu.unhalt();
  for (let n = 0; n < MOST_RUNS && !cpu.halted; n++) machine.run(50);
  return cpu.halted !== 0;
}
