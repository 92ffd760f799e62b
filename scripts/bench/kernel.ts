// Multiboot kernels that do a fixed piece of work and say on COM1 when it begins, when it ends, and what came out.

import { Assembler } from "../../core/assembler/assembler.ts";

/** Sent right before the work, and nothing else before it. */
export const BEGIN = /BEGIN\r\n/;
/** Sent right after the work; the group is its checksum. */
export const END = /END ([0-9A-F]{8})\r\n/;

const MIB = 0x10_0000;
const LOAD = MIB;
/** Memory for the work, zero at first. */
export const WORK = 2 * MIB;
const WORK_END = 4 * MIB;
const STACK_BYTES = 0x1000;

const HEADER_MAGIC = 0x1bad_b002;
/** The header holds the addresses. [MULTIBOOT] 3.1.2 */
const HEADER_ADDRESSES = 1 << 16;

/** COM1's registers. [16550] */
const Com1 = { data: 0x3f8, interruptEnable: 0x3f9, lineControl: 0x3fb, lineStatus: 0x3fd } as const;
const LCR_DIVISOR = 0x80;
const LCR_8N1 = 0x03;
const LSR_THR_EMPTY = 0x20;

function writePort(a: Assembler, port: number, value: number): void {
  a.mov("edx", port);
  a.mov("al", value);
  a.out("dx", "al");
}

/** `send`: AL goes to COM1; `sendText`: the zero-terminated text at ESI; `sendHex`: EBX in eight digits. */
function serialRoutines(a: Assembler): void {
  a.label("send");
  a.mov("ah", "al");
  a.mov("edx", Com1.lineStatus);
  a.label("sendWait");
  a.in("al", "dx");
  a.test("al", LSR_THR_EMPTY);
  a.jz("sendWait");
  a.mov("edx", Com1.data);
  a.mov("al", "ah");
  a.out("dx", "al");
  a.ret();

  a.label("sendText");
  a.mov("al", "[esi]");
  a.test("al", "al");
  a.jz("sendTextEnd");
  a.call("send");
  a.inc("esi");
  a.jmp("sendText");
  a.label("sendTextEnd");
  a.ret();

  a.label("sendHex");
  a.mov("ecx", 8);
  a.label("sendDigit");
  a.rol("ebx", 4);
  a.mov("eax", "ebx");
  a.and("eax", 15);
  a.mov("al", "[digits+eax]");
  a.call("send");
  a.dec("ecx");
  a.jnz("sendDigit");
  a.ret();
  a.label("digits");
  a.db("0123456789ABCDEF");
}

/**
 * A kernel around a piece of work: 32-bit code that may use every register but ESP and the memory from `WORK` up to
 * 4 MiB, and leaves its checksum in EBX. Interrupts and paging are off.
 */
export function makeKernel(work: (a: Assembler) => void): Uint8Array {
  const a = new Assembler({ bits: 32, origin: LOAD });
  a.label("header");
  a.dd(HEADER_MAGIC, HEADER_ADDRESSES, -(HEADER_MAGIC + HEADER_ADDRESSES));
  a.dd("header", LOAD, "end", WORK_END, "entry");
  a.label("entry");
  a.cli();
  a.mov("esp", WORK);
  writePort(a, Com1.interruptEnable, 0);
  writePort(a, Com1.lineControl, LCR_DIVISOR | LCR_8N1);
  writePort(a, Com1.data, 1);
  writePort(a, Com1.interruptEnable, 0);
  writePort(a, Com1.lineControl, LCR_8N1);
  a.mov("esi", "beginText");
  a.call("sendText");
  work(a);
  a.mov("esi", "endText");
  a.call("sendText");
  a.call("sendHex");
  a.mov("esi", "lineEnd");
  a.call("sendText");
  a.label("halt");
  a.hlt();
  a.jmp("halt");
  serialRoutines(a);
  a.label("beginText");
  a.db("BEGIN\r\n\0");
  a.label("endText");
  a.db("END \0");
  a.label("lineEnd");
  a.db("\r\n\0");
  a.label("end");
  const image = a.assemble();
  if (LOAD + image.length > WORK - STACK_BYTES) throw new RangeError("the kernel reaches into its stack");
  return image;
}
