import { Assembler } from "../assembler/assembler.ts";
import { far } from "../assembler/operands.ts";
import type { KernelOptions } from "../pc-options.ts";

const MULTIBOOT = 0x1badb002;
const WITH_ADDRESSES = 0x10000;
const MIB = 0x10_0000;
/** Where {@link catchInterrupt} puts its tables, and what LGDT and LIDT load. */
const DESCRIPTORS = 0x1000;
const VECTORS = 0x2000;

/** A multiboot kernel, at 1 MiB. */
export function multibootKernel(code: (a: Assembler) => void): KernelOptions {
  const a = new Assembler({ bits: 32, origin: MIB });
  a.label("header");
  a.dd(MULTIBOOT, WITH_ADDRESSES, -(MULTIBOOT + WITH_ADDRESSES));
  a.dd("header", MIB, 0, 0, "entry");
  a.label("entry");
  code(a);
  return { image: a.assemble(), commandLine: "" };
}

/** Has such a kernel go on with flat code as selector 8, and an interrupt table whose entry for a vector is at a label. */
export function catchInterrupt(a: Assembler, vector: number, label: string): void {
  a.mov(`dword [${DESCRIPTORS + 8}]`, 0x0000ffff);
  a.mov(`dword [${DESCRIPTORS + 12}]`, 0x00cf9b00);
  a.mov(`word [${DESCRIPTORS - 6}]`, 15);
  a.mov(`dword [${DESCRIPTORS - 4}]`, DESCRIPTORS);
  a.lgdt(`[${DESCRIPTORS - 6}]`);
  a.mov("eax", label);
  a.mov("edx", "eax");
  a.and("eax", 0xffff);
  a.or("eax", 0x80000);
  a.mov(`[${VECTORS + vector * 8}]`, "eax");
  a.and("edx", 0xffff0000);
  a.or("edx", 0x8e00);
  a.mov(`[${VECTORS + vector * 8 + 4}]`, "edx");
  a.mov(`word [${VECTORS - 6}]`, 0x7ff);
  a.mov(`dword [${VECTORS - 4}]`, VECTORS);
  a.lidt(`[${VECTORS - 6}]`);
  a.jmp(far(8, "flat"));
  a.label("flat");
}
