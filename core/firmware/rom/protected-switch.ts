import type { Assembler } from "../../assembler/assembler.ts";

/** Selectors of the table that the caller of INT 15h AH=89h brings. */
const Selector = { gdt: 0x08, idt: 0x10, ds: 0x18, es: 0x20, ss: 0x28, cs: 0x30, bios: 0x38 } as const;
const CONTROL_PORT_A = 0x92;
const A20 = 0x02;
const MASTER = 0x20;
const SLAVE = 0xa0;
/** Edge-triggered, cascaded, with ICW4; the slave is on input 2; 8086 mode. [8259A] */
const Icw = { first: 0x11, masterThird: 0x04, slaveThird: 0x02, fourth: 0x01 } as const;
const ALL_MASKED = 0xff;
const FAILED = 0xff;

function initialise(a: Assembler, pic: number, vector: string, third: number): void {
  a.mov("al", Icw.first);
  a.out(pic, "al");
  for (const value of [vector, third, Icw.fourth, ALL_MASKED]) {
    a.mov("al", value);
    a.out(pic + 1, "al");
  }
}

/**
 * INT 15h AH=89h: returns in protected mode, to the selector 30h of the caller's table at ES:SI, with interrupts off,
 * all of them masked, and their vectors from BH and BL on. The table's descriptor of this code is filled in. [PCAT],
 * BIOS listing, SYSINIT1
 */
export function protectedSwitch(a: Assembler): void {
  a.label("protectedSwitch");
  a.smsw("ax");
  a.test("al", 1);
  a.jnz("protectedSwitch.already");
  a.cli();
  a.in("al", CONTROL_PORT_A);
  a.or("al", A20);
  a.and("al", 0xfe);
  a.out(CONTROL_PORT_A, "al");
  initialise(a, MASTER, "bh", Icw.masterThird);
  initialise(a, SLAVE, "bl", Icw.slaveThird);
  // Limit FFFFh, base F0000h, present code of level 0.
  a.mov(`word [es:si+${Selector.bios}]`, 0xffff);
  a.mov(`word [es:si+${Selector.bios + 2}]`, 0);
  a.mov(`word [es:si+${Selector.bios + 4}]`, 0x9b0f);
  a.mov(`word [es:si+${Selector.bios + 6}]`, 0);
  a.lgdt(`[es:si+${Selector.gdt}]`);
  a.lidt(`[es:si+${Selector.idt}]`);
  a.smsw("ax");
  a.or("al", 1);
  a.lmsw("ax");
  a.db(0xea);
  a.dw("protectedSwitch.protected", Selector.bios);
  a.label("protectedSwitch.protected");
  for (const segment of ["ds", "es", "ss"] as const) {
    a.mov("ax", Selector[segment]);
    a.mov(segment, "ax");
  }
  // The return address is that of real mode: its segment becomes the selector.
  a.push("bp");
  a.mov("bp", "sp");
  a.mov("word [bp+4]", Selector.cs);
  a.pop("bp");
  a.mov("ah", 0);
  a.clc();
  a.retf(2);
  a.label("protectedSwitch.already");
  a.mov("ah", FAILED);
  a.stc();
  a.retf(2);
}
