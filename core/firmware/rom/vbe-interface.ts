import type { Assembler } from "../../assembler/assembler.ts";
import { ports } from "../../memory-map.ts";
import { DispiIndex } from "../video/dispi.ts";

const INDEX = ports.vbe.base;
const DATA = INDEX + 1;

function setRegister(a: Assembler, index: number, register: string): void {
  a.push(register);
  a.mov("dx", INDEX);
  a.mov("ax", index);
  a.out("dx", "ax");
  a.inc("dx");
  a.pop("eax");
  a.out("dx", "ax");
}

/**
 * What INT 10h AX=4F0Ah hands out: 32-bit code, copied anywhere and run at any privilege that may use the ports,
 * for set window (5), set display start (7) and set palette (9). [VBE3] section 4.13
 */
export function vbeProtectedMode(a: Assembler): void {
  a.align(4);
  a.label("vbeInterface");
  a.dw(
    "vbeSetWindow-vbeInterface",
    "vbeSetStart-vbeInterface",
    "vbeSetPalette-vbeInterface",
    "vbePorts-vbeInterface",
  );
  a.label("vbePorts");
  a.dw(INDEX, DATA, 0x3c8, 0x3c9, 0x3da, 0xffff, 0xffff);
  a.bits(32);

  // BH 0 set, 1 get; BL window; DX in windows of 64 KiB.
  a.label("vbeSetWindow");
  a.cmp("bx", 0);
  a.jnz("vbeSetWindow.fail");
  a.push("edx");
  a.movzx("ecx", "dx");
  setRegister(a, DispiIndex.bank, "ecx");
  a.pop("edx");
  a.mov("eax", 0x004f);
  a.ret();
  a.label("vbeSetWindow.fail");
  a.mov("eax", 0x014f);
  a.ret();

  // BL 00h set, 80h at the retrace; CX low and DX high word of the start address in units of 4 bytes.
  a.label("vbeSetStart");
  a.pushad();
  a.shl("edx", 16);
  a.mov("dx", "cx");
  a.shl("edx", 2);
  a.mov("esi", "edx");
  // Bytes a line: virtual width times bits a pixel, in bytes.
  a.mov("dx", INDEX);
  a.mov("ax", DispiIndex.virtualWidth);
  a.out("dx", "ax");
  a.inc("edx");
  a.in("ax", "dx");
  a.movzx("edi", "ax");
  a.mov("dx", INDEX);
  a.mov("ax", DispiIndex.bitsPerPixel);
  a.out("dx", "ax");
  a.inc("edx");
  a.in("ax", "dx");
  a.movzx("ecx", "ax");
  a.add("ecx", 7);
  a.shr("ecx", 3);
  a.imul("edi", "ecx");
  a.mov("eax", "esi");
  a.xor("edx", "edx");
  a.div("edi");
  a.mov("ebp", "eax");
  a.mov("eax", "edx");
  a.xor("edx", "edx");
  a.div("ecx");
  a.mov("ebx", "eax");
  setRegister(a, DispiIndex.xOffset, "ebx");
  setRegister(a, DispiIndex.yOffset, "ebp");
  a.popad();
  a.mov("eax", 0x004f);
  a.ret();

  // BL 00h set; CX entries from DX on, at ES:EDI: blue, green, red, unused.
  a.label("vbeSetPalette");
  a.pushad();
  a.mov("al", "dl");
  a.mov("dx", 0x3c8);
  a.out("dx", "al");
  a.inc("edx");
  a.movzx("ecx", "cx");
  a.label("vbeSetPalette.next");
  for (const offset of [2, 1, 0]) {
    a.mov("al", `[es:edi+${offset}]`);
    a.out("dx", "al");
  }
  a.add("edi", 4);
  a.dec("ecx");
  a.jnz("vbeSetPalette.next");
  a.popad();
  a.mov("eax", 0x004f);
  a.ret();
  a.label("vbeInterfaceEnd");
  a.bits(16);
}

/** What INT 10h AX=4F00h and 4F01h point to: the product's name, and set window as a far procedure. */
export function vbeRealMode(a: Assembler): void {
  a.label("vbeName");
  a.db("Twinbox VGA", 0);
  a.label("vbeWindow");
  a.mov("ax", 0x4f05);
  a.int(0x10);
  a.retf();
}
