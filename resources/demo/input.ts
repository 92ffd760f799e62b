import type { Assembler } from "../../core/assembler/assembler.ts";

const COM1 = 0x3f8;
const LINE_STATUS = COM1 + 5;

/** Serial port, mouse and a line of typed characters: what both screens share. */
export function inputRoutines(a: Assembler): void {
  serialPort(a);
  mouse(a);
  typedLine(a);
}

function serialPort(a: Assembler): void {
  a.label("startSerial");
  // 9600 baud, 8 bits, no parity, 1 stop bit.
  a.mov("ax", 0x00e3);
  a.xor("dx", "dx");
  a.int(0x14);
  a.mov("si", "greeting");
  a.label("sendText");
  a.lodsb();
  a.test("al", "al");
  a.jz("sendText.done");
  a.call("send");
  a.jmp("sendText");
  a.label("sendText.done");
  a.ret();
  a.label("greeting");
  a.db("Hello from the Twinbox demo on COM1. What you type here appears on its screen.\r\n", 0);

  // AL to the serial port, a line feed after a carriage return.
  a.label("send");
  a.push("dx");
  a.push("ax");
  a.mov("dx", LINE_STATUS);
  a.label("send.busy");
  a.in("al", "dx");
  a.test("al", 0x20);
  a.jz("send.busy");
  a.pop("ax");
  a.mov("dx", COM1);
  a.out("dx", "al");
  a.pop("dx");
  a.cmp("al", 13);
  a.jnz("send.done");
  a.mov("al", 10);
  a.call("send");
  a.mov("al", 13);
  a.label("send.done");
  a.ret();

  // The next character from the keyboard or the serial port in AL, which is sent back; ZF set if there is none.
  a.label("nextCharacter");
  a.mov("ah", 1);
  a.int(0x16);
  a.jz("nextCharacter.serial");
  a.mov("ah", 0);
  a.int(0x16);
  a.cmp("al", 27);
  a.jz("nextCharacter.got");
  a.test("al", "al");
  a.jz("nextCharacter.serial");
  a.call("send");
  a.jmp("nextCharacter.got");
  a.label("nextCharacter.serial");
  a.mov("dx", LINE_STATUS);
  a.in("al", "dx");
  a.test("al", 1);
  a.jz("nextCharacter.none");
  a.mov("dx", COM1);
  a.in("al", "dx");
  a.call("send");
  a.label("nextCharacter.got");
  a.or("dx", 1);
  a.label("nextCharacter.none");
  a.ret();
}

function mouse(a: Assembler): void {
  a.label("startMouse");
  a.push("cs");
  a.pop("es");
  a.mov("ax", 0xc205);
  a.mov("bh", 3);
  a.int(0x15);
  a.jc("startMouse.none");
  a.mov("ax", 0xc207);
  a.mov("bx", "mouseMoved");
  a.int(0x15);
  a.mov("ax", 0xc200);
  a.mov("bh", 1);
  a.int(0x15);
  a.label("startMouse.none");
  a.ret();

  // Called by the BIOS; on the stack status, x, y, z, and where to return to.
  a.label("mouseMoved");
  a.push("bp");
  a.mov("bp", "sp");
  a.pusha();
  a.push("ds");
  a.push("cs");
  a.pop("ds");
  a.mov("cl", "[bp+12]");
  a.mov("al", "cl");
  a.and("al", 7);
  a.mov("[buttons]", "al");
  // The counts are 9 bits wide, the ninth in the status.
  a.movzx("ax", "byte [bp+10]");
  a.test("cl", 0x10);
  a.jz("mouseMoved.right");
  a.mov("ah", 0xff);
  a.label("mouseMoved.right");
  a.add("ax", "[mouseX]");
  a.mov("bx", 319);
  a.call("clamp");
  a.mov("[mouseX]", "ax");
  a.movzx("ax", "byte [bp+8]");
  a.test("cl", 0x20);
  a.jz("mouseMoved.up");
  a.mov("ah", 0xff);
  a.label("mouseMoved.up");
  a.neg("ax");
  a.add("ax", "[mouseY]");
  a.mov("bx", 199);
  a.call("clamp");
  a.mov("[mouseY]", "ax");
  a.pop("ds");
  a.popa();
  a.pop("bp");
  a.retf();

  // AX into 0 to BX.
  a.label("clamp");
  a.test("ax", "ax");
  a.jns("clamp.positive");
  a.xor("ax", "ax");
  a.label("clamp.positive");
  a.cmp("ax", "bx");
  a.jle("clamp.done");
  a.mov("ax", "bx");
  a.label("clamp.done");
  a.ret();

  a.align(2);
  a.label("mouseX");
  a.dw(160);
  a.label("mouseY");
  a.dw(100);
  a.label("buttons");
  a.db(0);
}

/** Characters of {@link typedLine}. */
export const LINE_LENGTH = 38;

/** The last characters typed, for the graphics screen. */
function typedLine(a: Assembler): void {
  // Adds AL, or takes the last one away (backspace), or begins anew (Enter).
  a.label("typed");
  a.movzx("bx", "byte [lineLength]");
  a.cmp("al", 8);
  a.jz("typed.back");
  a.cmp("al", 13);
  a.jz("typed.clear");
  a.cmp("al", 32);
  a.jb("typed.done");
  a.cmp("bx", LINE_LENGTH);
  a.jb("typed.room");
  a.push("ds");
  a.pop("es");
  a.mov("si", "line+1");
  a.mov("di", "line");
  a.mov("cx", LINE_LENGTH - 1);
  a.rep();
  a.movsb();
  a.dec("bx");
  a.label("typed.room");
  a.mov("[bx+line]", "al");
  a.inc("bx");
  a.jmp("typed.store");
  a.label("typed.back");
  a.test("bx", "bx");
  a.jz("typed.done");
  a.dec("bx");
  a.jmp("typed.store");
  a.label("typed.clear");
  a.xor("bx", "bx");
  a.label("typed.store");
  a.mov("[lineLength]", "bl");
  a.mov("byte [bx+line]", 0);
  a.label("typed.done");
  a.ret();
  a.label("lineLength");
  a.db(0);
  a.label("line");
  a.fill(LINE_LENGTH + 1);
}
