import type { Assembler } from "../../assembler/assembler.ts";
import { ports } from "../../memory-map.ts";
import { bda } from "../bda.ts";
import { protectedSwitch } from "./protected-switch.ts";

/** Services that real-mode code reaches by an interrupt, in the order of their vectors. */
export const interruptServices = {
  int10: 0x10,
  int11: 0x11,
  int12: 0x12,
  int13: 0x13,
  int14: 0x14,
  int15: 0x15,
  int16: 0x16,
  int17: 0x17,
  int1a: 0x1a,
} as const;

/** Services that only ROM code calls. */
export const internalServices = ["post", "greet", "boot", "next", "key", "mouse", "rtc"] as const;

export type ServiceName = keyof typeof interruptServices | (typeof internalServices)[number];

const CALL_PORT = ports.firmwareCall.base;
const EOI = 0x20;
/** 80 × 25 characters in colour. */
const TEXT_MODE = 3;
/** Status of the keyboard controller: its self test has passed since power-on. */
const SYSTEM_FLAG = 4;
/** Index of the shutdown code in CMOS. */
const SHUTDOWN_CODE = 0x0f;
/** CR0 without CD and NW, and without EM and TS, with which FNINIT does not work. */
const CR0_KEPT = 0x9ffffff3;
const BDA_SEGMENT = 0x40;
/** Between two looks of a service that waits without interrupts: some ten microseconds. */
const SPIN_LOOPS = 500;

/** Offset of a field of the BIOS data area from segment 0040h. */
const field = (address: number): string => `0x${(address - 0x400).toString(16)}`;

/**
 * Calls a service. It takes DX off the stack itself and goes on at `NAME.return` or where it wants. Interrupts wait,
 * so that none comes between the OUT and the service.
 */
function callService(a: Assembler, name: ServiceName): void {
  a.cli();
  a.push("dx");
  a.mov("dx", CALL_PORT);
  a.out("dx", "al");
  a.label(`${name}.return`);
}

/**
 * A service that may have to wait: it then goes on at `NAME.wait`, or at `NAME.spin` where HLT is not allowed
 * (virtual-8086 mode), and is called again.
 */
function waitingService(
  a: Assembler,
  name: ServiceName,
  after: () => void,
  before: () => void = () => {},
): void {
  a.label(name);
  before();
  callService(a, name);
  after();
  a.label(`${name}.wait`);
  a.sti();
  a.hlt();
  a.jmp(name);
  a.label(`${name}.spin`);
  a.sti();
  a.push("cx");
  a.mov("cx", SPIN_LOOPS);
  a.loop("$");
  a.pop("cx");
  a.jmp(name);
}

function endOfInterrupt(a: Assembler, irq: number): void {
  a.mov("al", EOI);
  if (irq >= 8) a.out(0xa0, "al");
  a.out(0x20, "al");
}

/** IRQ 0: counts the day's ticks, stops the floppy motor, and calls INT 1Ch. */
function timerInterrupt(a: Assembler): void {
  a.label("irq0");
  a.sti();
  a.push("ds");
  a.push("eax");
  a.push("dx");
  a.mov("ax", BDA_SEGMENT);
  a.mov("ds", "ax");
  a.mov("eax", `[${field(bda.timerTicks)}]`);
  a.inc("eax");
  a.cmp("eax", 0x1800b0);
  a.jb("irq0.sameDay");
  a.xor("eax", "eax");
  a.inc(`byte [${field(bda.timerMidnight)}]`);
  a.label("irq0.sameDay");
  a.mov(`[${field(bda.timerTicks)}]`, "eax");
  a.cmp(`byte [${field(bda.floppyMotorTimeout)}]`, 0);
  a.jz("irq0.motorDone");
  a.dec(`byte [${field(bda.floppyMotorTimeout)}]`);
  a.jnz("irq0.motorDone");
  a.mov("dx", 0x3f2);
  a.mov("al", 0x0c);
  a.out("dx", "al");
  a.and(`byte [${field(bda.floppyMotor)}]`, 0xf0);
  a.label("irq0.motorDone");
  a.int(0x1c);
  a.cli();
  endOfInterrupt(a, 0);
  a.pop("dx");
  a.pop("eax");
  a.pop("ds");
  a.iret();
}

/**
 * IRQ 1: asks INT 15h AH=4Fh what to make of the scan code, then the service puts the key into the buffer. Programs
 * that hook INT 15h find DS at the BIOS data area, as IBM's listing leaves it.
 */
function keyboardInterrupt(a: Assembler): void {
  a.label("irq1");
  a.push("ds");
  a.push("ax");
  a.mov("ax", BDA_SEGMENT);
  a.mov("ds", "ax");
  a.in("al", 0x60);
  a.mov("ah", 0x4f);
  a.stc();
  a.int(0x15);
  a.jnc("irq1.done");
  a.label("key");
  callService(a, "key");
  a.label("irq1.done");
  a.cli();
  endOfInterrupt(a, 1);
  a.pop("ax");
  a.pop("ds");
  a.iret();
  for (const [name, vector] of [
    ["break", 0x1b],
    ["print", 0x05],
  ] as const) {
    a.label(`key.${name}`);
    a.cli();
    endOfInterrupt(a, 1);
    a.int(vector);
    a.pop("ax");
    a.pop("ds");
    a.iret();
  }
  a.label("key.sysrq");
  a.push("ax");
  a.cli();
  endOfInterrupt(a, 1);
  a.pop("ax");
  a.mov("ah", 0x85);
  a.int(0x15);
  a.pop("ax");
  a.pop("ds");
  a.iret();
  a.label("key.pause");
  a.cli();
  endOfInterrupt(a, 1);
  a.label("key.paused");
  a.sti();
  a.hlt();
  a.test(`byte [${field(bda.shiftFlags2)}]`, 8);
  a.jnz("key.paused");
  a.pop("ax");
  a.pop("ds");
  a.iret();
}

/**
 * IRQ 12: the service collects packets of the pointing device; with a whole one it goes on at `mouse.report`, the
 * packet's words in AX, BX, CX, DX and the program's handler in ES:DI.
 */
function mouseInterrupt(a: Assembler): void {
  a.label("irq12");
  a.push("ds");
  a.push("es");
  a.pushad();
  a.label("mouse");
  callService(a, "mouse");
  a.jmp("irq12.done");
  a.label("mouse.report");
  for (const register of ["ax", "bx", "cx", "dx"]) a.push(register);
  a.push("cs");
  a.push("mouse.reported");
  a.push("es");
  a.push("di");
  a.retf();
  a.label("mouse.reported");
  a.add("sp", 8);
  a.label("irq12.done");
  a.cli();
  endOfInterrupt(a, 12);
  a.popad();
  a.pop("es");
  a.pop("ds");
  a.iret();
}

/** IRQ 8: the service counts down a wait of INT 15h; the alarm goes to INT 4Ah. */
function clockInterrupt(a: Assembler): void {
  a.label("irq8");
  a.pushad();
  a.label("rtc");
  callService(a, "rtc");
  a.jmp("irq8.done");
  a.label("rtc.alarm");
  a.int(0x4a);
  a.label("irq8.done");
  a.cli();
  endOfInterrupt(a, 8);
  a.popad();
  a.iret();
}

function diskInterrupts(a: Assembler): void {
  for (const [irq, address, bits] of [
    [6, bda.floppyRecalibrate, 0x80],
    [14, bda.diskInterrupt, 0xff],
  ] as const) {
    a.label(`irq${irq}`);
    a.push("ds");
    a.push("ax");
    a.mov("ax", BDA_SEGMENT);
    a.mov("ds", "ax");
    a.or(`byte [${field(address)}]`, bits);
    endOfInterrupt(a, irq);
    a.pop("ax");
    a.pop("ds");
    a.iret();
  }
}

function otherInterrupts(a: Assembler): void {
  a.label("irq13");
  a.push("ax");
  a.xor("al", "al");
  a.out(0xf0, "al");
  endOfInterrupt(a, 13);
  a.pop("ax");
  a.int(2);
  a.iret();
  for (const [label, irq] of [
    ["irqMaster", 7],
    ["irqSlave", 15],
  ] as const) {
    a.label(label);
    a.push("ax");
    endOfInterrupt(a, irq);
    a.pop("ax");
    a.iret();
  }
}

/**
 * After an INIT of the processor alone, which the system flag of the keyboard controller outlives, a program of the
 * PC/AT may go on: the shutdown code in CMOS says so, and the double word at 0040:0067 where. 5 wants the interrupt
 * controllers to hear the end of an interrupt, 0Ah does not.
 */
function resumeAfterShutdown(a: Assembler): void {
  a.in("al", ports.keyboardCommand.base);
  a.test("al", SYSTEM_FLAG);
  a.jz("cold");
  a.mov("al", SHUTDOWN_CODE);
  a.out(ports.rtc.base, "al");
  a.in("al", ports.rtc.base + 1);
  a.mov("ah", "al");
  a.mov("al", SHUTDOWN_CODE);
  a.out(ports.rtc.base, "al");
  a.xor("al", "al");
  a.out(ports.rtc.base + 1, "al");
  a.mov("bx", BDA_SEGMENT);
  a.mov("ds", "bx");
  a.cmp("ah", 0x0a);
  a.jz("resume");
  a.cmp("ah", 5);
  a.jnz("cold");
  endOfInterrupt(a, 8);
  a.label("resume");
  a.jmp("far [0x67]");
  a.label("cold");
}

/** A stack below the boot sector's place, and data segments of 0. */
function freshStack(a: Assembler): void {
  a.xor("ax", "ax");
  a.mov("ds", "ax");
  a.mov("es", "ax");
  a.mov("ss", "ax");
  a.mov("sp", 0x7c00);
}

/**
 * Power-on: the caches on (CD and NW clear, as programs find them that toggle CD), the coprocessor with empty registers
 * and its exceptions masked, a stack, the services that do the rest, each in a turn of the host's, then INT 19h.
 *
 * RESET# leaves the coprocessor's registers full and its exceptions unmasked, and programs that a BIOS has started do
 * not expect to have to change that. [SDM] vol. 3A, table 10-1
 */
function powerOn(a: Assembler): void {
  a.label("start");
  a.cli();
  a.cld();
  resumeAfterShutdown(a);
  a.mov("eax", "cr0");
  a.and("eax", CR0_KEPT);
  a.mov("cr0", "eax");
  a.fninit();
  freshStack(a);
  a.label("post");
  callService(a, "post");
  a.mov("ax", TEXT_MODE);
  a.int(0x10);
  callService(a, "greet");
  a.int(0x19);

  // INT 18h: BASIC once, and since then how a boot sector or a loader says that it cannot go on. [BBS]
  a.label("bootFailed");
  a.cli();
  freshStack(a);
  callService(a, "next");
  a.label("bootstrap");
  a.cli();
  freshStack(a);
  a.sti();
  waitingService(a, "boot", () => a.jmp("boot.wait"));
}

/** Protected mode with flat segments at EDX, EAX and EBX as they are: what a multiboot kernel expects. */
function flatEntry(a: Assembler): void {
  a.label("enterFlat");
  a.cli();
  a.lgdtd("[cs:flatGdtr]");
  a.mov("ecx", "cr0");
  a.or("cl", 1);
  a.mov("cr0", "ecx");
  a.db(0x66, 0xea);
  a.dd("enterFlat.flat+0xf0000");
  a.dw(0x08);
  a.bits(32);
  a.label("enterFlat.flat");
  a.mov("ecx", 0x10);
  for (const segment of ["ds", "es", "fs", "gs", "ss"]) a.mov(segment, "ecx");
  a.jmp("edx");
  a.bits(16);
  a.align(8);
  a.label("flatGdt");
  a.dq(0, 0x00cf9b000000ffffn, 0x00cf93000000ffffn);
  a.label("flatGdtr");
  a.dw("flatGdtr-flatGdt-1");
  a.dd("flatGdt+0xf0000");
}

/** Lets interrupts that wait in: programs ask for ticks and keys in loops without any, as IBM's services allow them. */
function letIn(a: Assembler): void {
  a.sti();
  a.nop();
}

function interruptEntries(a: Assembler): void {
  const promptService = (name: ServiceName, before: () => void = () => {}): void => {
    a.label(name);
    before();
    callService(a, name);
    a.iret();
  };
  for (const name of ["int10", "int11", "int12", "int17"] as const) promptService(name);
  promptService("int1a", () => letIn(a));
  const after = () => a.iret();
  for (const name of ["int13", "int14"] as const) waitingService(a, name, after);
  waitingService(a, "int16", after, () => letIn(a));
  waitingService(a, "int15", after, () => {
    a.cmp("ah", 0x89);
    a.jz("protectedSwitch");
  });
  protectedSwitch(a);
}

/** Print screen: each character of the text page to the first printer. */
function printScreen(a: Assembler): void {
  a.label("printScreen");
  a.push("ds");
  a.push("ax");
  a.push("bx");
  a.push("cx");
  a.push("dx");
  a.mov("ax", 0x50);
  a.mov("ds", "ax");
  a.cmp("byte [0]", 1);
  a.jz("printScreen.end");
  a.mov("byte [0]", 1);
  a.sti();
  a.mov("ah", 0x0f);
  a.int(0x10);
  a.mov("ch", "ah");
  a.mov("ah", 3);
  a.int(0x10);
  a.push("dx");
  a.xor("dx", "dx");
  a.label("printScreen.next");
  a.mov("ah", 2);
  a.int(0x10);
  a.mov("ah", 8);
  a.int(0x10);
  a.push("dx");
  a.xor("dx", "dx");
  a.mov("ah", 0);
  a.int(0x17);
  a.pop("dx");
  a.test("ah", 0x29);
  a.jnz("printScreen.stop");
  a.inc("dl");
  a.cmp("dl", "ch");
  a.jb("printScreen.next");
  a.mov("dl", 0);
  a.inc("dh");
  a.cmp("dh", 25);
  a.jb("printScreen.next");
  a.label("printScreen.stop");
  a.pop("dx");
  a.mov("ah", 2);
  a.int(0x10);
  a.mov("byte [0]", 0);
  a.label("printScreen.end");
  a.pop("dx");
  a.pop("cx");
  a.pop("bx");
  a.pop("ax");
  a.pop("ds");
  a.iret();
}

/** All real-mode code of the ROM, in segment F000h. */
export function realModeCode(a: Assembler): void {
  powerOn(a);
  interruptEntries(a);
  timerInterrupt(a);
  keyboardInterrupt(a);
  clockInterrupt(a);
  mouseInterrupt(a);
  diskInterrupts(a);
  otherInterrupts(a);
  printScreen(a);
  flatEntry(a);
}
