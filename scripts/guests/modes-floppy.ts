// A floppy whose boot sector goes from 16- to 32- to 64-bit code and stays in a loop there: something small for
// debuggers, with labels to stop at.

import { Assembler } from "../../core/assembler/assembler.ts";
import { far } from "../../core/assembler/operands.ts";

const ORIGIN = 0x7c00;
const TABLES = 0x10000;
const SECTOR = 512;
const FLOPPY = 1440 * 1024;
/** Where the 64-bit loop counts. */
export const COUNTER = 0x9000;

const CODE32 = 0x08;
const DATA = 0x10;
const CODE64 = 0x18;

export interface ModesFloppy {
  readonly image: Uint8Array;
  /** Addresses of `real`, `protected`, `long` and `store`. */
  readonly address: (label: string) => number;
}

export function modesFloppy(): ModesFloppy {
  const a = new Assembler({ bits: 16, origin: ORIGIN });
  a.cli();
  a.xor("ax", "ax");
  a.mov("ds", "ax");
  a.mov("ss", "ax");
  a.mov("sp", ORIGIN);
  a.label("real");
  a.mov("bx", 0x1616);
  a.lgdt("[gdtr]");
  a.mov("eax", "cr0");
  a.or("al", 1);
  a.mov("cr0", "eax");
  a.jmp(far(CODE32, "protected"));

  a.bits(32);
  a.label("protected");
  a.mov("ax", DATA);
  a.mov("ds", "ax");
  a.mov("es", "ax");
  a.mov("ss", "ax");
  a.mov("ebx", 0x32323232);
  // One 2 MiB page from 0.
  a.xor("eax", "eax");
  a.mov("edi", TABLES);
  a.mov("ecx", 0xc00);
  a.cld();
  a.rep();
  a.stosd();
  a.mov(`dword [${TABLES}]`, TABLES + 0x1003);
  a.mov(`dword [${TABLES + 0x1000}]`, TABLES + 0x2003);
  a.mov(`dword [${TABLES + 0x2000}]`, 0x83);
  a.mov("eax", TABLES);
  a.mov("cr3", "eax");
  a.mov("eax", 0x20);
  a.mov("cr4", "eax");
  a.mov("ecx", 0xc0000080);
  a.rdmsr();
  a.or("eax", 0x100);
  a.wrmsr();
  a.mov("eax", "cr0");
  a.or("eax", 0x80000000);
  a.mov("cr0", "eax");
  a.jmp(far(CODE64, "long"));

  a.bits(64);
  a.label("long");
  a.mov("rbx", 0x6464646464646464n);
  a.xor("eax", "eax");
  a.label("again");
  a.inc("rax");
  a.label("store");
  a.mov(`[${COUNTER}]`, "rax");
  a.jmp("again");

  a.align(8);
  a.label("gdt");
  a.dq(0, 0x00cf9b000000ffffn, 0x00cf93000000ffffn, 0x00af9b000000ffffn);
  a.label("gdtr");
  a.dw(31);
  a.dd("gdt");
  a.org(ORIGIN + SECTOR - 2);
  a.dw(0xaa55);
  const image = new Uint8Array(FLOPPY);
  image.set(a.assemble());
  return { image, address: (label) => Number(a.addressOf(label)) };
}
