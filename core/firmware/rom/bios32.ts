import type { Assembler } from "../../assembler/assembler.ts";

const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const ROM_BASE = 0xf0000;
const ROM_LENGTH = 0x10000;
const PCI_SERVICE = 0x49435024;
const PCI_SIGNATURE = 0x20494350;
const PCI_VERSION = 0x0210;

/** Of the service directory's header: its length, and where its checksum is. */
export const directoryHeader = { label: "bios32Header", length: 16, checksum: 10 } as const;

/** Results of the service directory, in AL. [BIOS32] */
const Directory = { found: 0x00, noService: 0x80, noFunction: 0x81 } as const;
/** And of the PCI BIOS, in AH. [PCI2.1], PCI BIOS Specification 2.1 section 2.3 */
const Result = { ok: 0x00, unsupported: 0x81, badVendor: 0x83, notFound: 0x86, badRegister: 0x87 } as const;

/** Where PUSHAD has put registers. */
const SAVED_BX = 16;

/**
 * The 32-bit service directory, and the one service that it knows: PCI configuration, as INT 1Ah AH=B1h has it. Both are
 * far procedures that run wherever the caller's code segment has them.
 */
export function bios32(a: Assembler): void {
  a.align(16);
  a.label(directoryHeader.label);
  a.db("_32_");
  a.dd(`bios32+${ROM_BASE}`);
  a.db(0, directoryHeader.length / 16, 0, 0, 0, 0, 0, 0);
  a.bits(32);

  // EAX service, BL 0: AL result, EBX base, ECX length, EDX entry.
  a.label("bios32");
  a.cmp("bl", 0);
  a.jnz("bios32.noFunction");
  a.cmp("eax", PCI_SERVICE);
  a.jnz("bios32.noService");
  a.mov("al", Directory.found);
  a.mov("ebx", ROM_BASE);
  a.mov("ecx", ROM_LENGTH);
  a.mov("edx", "pciBios32");
  a.retf();
  a.label("bios32.noFunction");
  a.mov("al", Directory.noFunction);
  a.retf();
  a.label("bios32.noService");
  a.mov("al", Directory.noService);
  a.retf();

  pciBios(a);
  a.bits(16);
}

/** AX the function, as for INT 1Ah. */
function pciBios(a: Assembler): void {
  a.label("pciBios32");
  a.cmp("ah", 0xb1);
  a.jnz("pciBios32.unsupported");
  a.cmp("al", 0x01);
  a.jz("pciBios32.present");
  a.cmp("al", 0x02);
  a.jz("pciBios32.findDevice");
  a.cmp("al", 0x03);
  a.jz("pciBios32.findClass");
  a.cmp("al", 0x08);
  a.jb("pciBios32.unsupported");
  a.cmp("al", 0x0d);
  a.jbe("pciBios32.access");
  a.label("pciBios32.unsupported");
  a.mov("ah", Result.unsupported);
  a.stc();
  a.retf();

  a.label("pciBios32.present");
  a.mov("edx", PCI_SIGNATURE);
  a.mov("bx", PCI_VERSION);
  a.mov("cl", 0);
  a.mov("ax", 0x0001);
  a.clc();
  a.retf();

  findFunction(a);
  access(a);
}

/** Functions 02h and 03h: the SI-th function whose register EDI, shifted right by CL, is EBP. */
function findFunction(a: Assembler): void {
  a.label("pciBios32.findDevice");
  a.cmp("dx", 0xffff);
  a.jz("pciBios32.badVendor");
  a.pushad();
  a.shl("ecx", 16);
  a.mov("cx", "dx");
  a.mov("ebp", "ecx");
  a.xor("edi", "edi");
  a.mov("cl", 0);
  a.jmp("pciBios32.find");
  a.label("pciBios32.badVendor");
  a.mov("ah", Result.badVendor);
  a.stc();
  a.retf();

  a.label("pciBios32.findClass");
  a.pushad();
  a.mov("ebp", "ecx");
  a.and("ebp", 0xffffff);
  a.mov("edi", 8);
  a.mov("cl", 8);

  a.label("pciBios32.find");
  a.xor("ebx", "ebx");
  a.movzx("esi", "si");
  a.label("pciBios32.next");
  a.mov("eax", "ebx");
  a.shl("eax", 8);
  a.lea("eax", "[eax+edi-0x80000000]");
  a.mov("edx", CONFIG_ADDRESS);
  a.out("dx", "eax");
  a.mov("dl", CONFIG_DATA & 0xff);
  a.in("eax", "dx");
  a.cmp("eax", -1);
  a.jz("pciBios32.other");
  a.shr("eax", "cl");
  a.cmp("eax", "ebp");
  a.jnz("pciBios32.other");
  a.sub("esi", 1);
  a.jb("pciBios32.found");
  a.label("pciBios32.other");
  a.inc("bl");
  a.jnz("pciBios32.next");
  a.popad();
  a.mov("ah", Result.notFound);
  a.stc();
  a.retf();
  a.label("pciBios32.found");
  a.mov(`[esp+${SAVED_BX}]`, "bx");
  a.popad();
  a.mov("ah", Result.ok);
  a.clc();
  a.retf();
}

/** Functions 08h to 0Dh: reads or writes register DI of the function BX, 1, 2 or 4 bytes in CL, CX or ECX. */
function access(a: Assembler): void {
  a.label("pciBios32.access");
  a.push("edx");
  a.push("eax");
  // The width's alignment as a mask: 0, 1 or 3.
  a.movzx("edx", "al");
  a.sub("edx", 8);
  a.cmp("edx", 3);
  a.jb("pciBios32.width");
  a.sub("edx", 3);
  a.label("pciBios32.width");
  a.cmp("edx", 2);
  a.cmc();
  a.adc("edx", 0);
  a.test("di", "dx");
  a.jnz("pciBios32.badRegister");
  a.cmp("di", 0xff);
  a.ja("pciBios32.badRegister");
  a.movzx("eax", "bx");
  a.shl("eax", 8);
  a.or("eax", 0x80000000);
  a.movzx("edx", "di");
  a.or("eax", "edx");
  a.and("al", 0xfc);
  a.mov("edx", CONFIG_ADDRESS);
  a.out("dx", "eax");
  a.movzx("edx", "di");
  a.and("edx", 3);
  a.add("edx", CONFIG_DATA);
  a.mov("eax", "[esp]");
  a.xchg("eax", "ecx");
  for (const [n, register] of (["al", "ax", "eax"] as const).entries()) {
    a.cmp("cl", 0x08 + n);
    a.jnz(`pciBios32.noRead${n}`);
    a.in(register, "dx");
    a.label(`pciBios32.noRead${n}`);
    a.cmp("cl", 0x0b + n);
    a.jnz(`pciBios32.noWrite${n}`);
    a.out("dx", register);
    a.label(`pciBios32.noWrite${n}`);
  }
  a.mov("ecx", "eax");
  a.pop("eax");
  a.pop("edx");
  a.mov("ah", Result.ok);
  a.clc();
  a.retf();
  a.label("pciBios32.badRegister");
  a.pop("eax");
  a.pop("edx");
  a.mov("ah", Result.badRegister);
  a.stc();
  a.retf();
}
