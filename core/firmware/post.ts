import type { Bus } from "../board/bus.ts";
import { addresses, ports } from "../memory-map.ts";
import { bda, ebda, ebdaSegment, VECTOR_IRQ0, VECTOR_IRQ8 } from "./bda.ts";
import type { BiosDrive } from "./disk/drives.ts";
import { floppyDriveType } from "./disk/geometry.ts";
import type { FirmwareConfig, FirmwareHardware, Ports } from "./hardware.ts";
import { CODE_SEGMENT, type Rom } from "./rom/rom.ts";
import { type ClockBios, Rtc } from "./system/clock.ts";
import { memoryTypes } from "./system/memory-types.ts";
import { configurePci } from "./system/pci-setup.ts";
import { facs } from "./tables/acpi.ts";
import { IO_APIC_ID } from "./tables/apic-ids.ts";

const PIC1 = ports.pic1.base;
const PIC2 = ports.pic2.base;
/** Timer, keyboard, cascade, floppy; clock, mouse, coprocessor, both disks. A set bit masks. */
const PIC1_MASK = 0xb8;
const PIC2_MASK = 0x0e;
const BASE_MEMORY_KIB = 639;
const KEYBOARD_BUFFER_LENGTH = 0x20;

const Equipment = { floppy: 0x01, coprocessor: 0x02, mouse: 0x04, color80: 0x20, serial2: 2 << 9 } as const;

/** CMOS bytes that the BIOS of a PC/AT keeps. */
const Cmos = {
  shutdown: 0x0f,
  floppies: 0x10,
  disks: 0x12,
  equipment: 0x14,
  baseLow: 0x15,
  baseHigh: 0x16,
  extendedLow: 0x17,
  extendedHigh: 0x18,
  checksumHigh: 0x2e,
  checksumLow: 0x2f,
  extendedLow2: 0x30,
  extendedHigh2: 0x31,
  above16Low: 0x34,
  above16High: 0x35,
} as const;

function setUpInterruptControllers(io: Ports): void {
  for (const [pic, vector, cascade, mask] of [
    [PIC1, VECTOR_IRQ0, 0x04, PIC1_MASK],
    [PIC2, VECTOR_IRQ8, 0x02, PIC2_MASK],
  ] as const) {
    io.outb(pic, 0x11);
    io.outb(pic + 1, vector);
    io.outb(pic + 1, cascade);
    io.outb(pic + 1, 0x01);
    io.outb(pic + 1, mask);
  }
}

/** Kernels compare its ID with the tables'. [IOAPIC] 3.1 and 3.2.1 */
function identifyIoApic(registers: Bus): void {
  const { base } = addresses.ioApic;
  registers.write(base, 0x00, 4);
  registers.write(base + 0x10, IO_APIC_ID << 24, 4);
}

/** 18.2 interrupts a second on channel 0, refresh on 1, the speaker silent on 2. */
function setUpTimers(io: Ports): void {
  const pit = ports.pit.base;
  io.outb(pit + 3, 0x36);
  io.outb(pit, 0);
  io.outb(pit, 0);
  io.outb(pit + 3, 0x54);
  io.outb(pit + 1, 0x12);
  io.outb(pit + 3, 0xb6);
  io.outb(pit + 2, 0x33);
  io.outb(pit + 2, 0x05);
}

function setUpDma(io: Ports): void {
  io.outb(ports.dma1.base + 0x0d, 0);
  io.outb(ports.dma2.base + 0x1a, 0);
  // Channel 4 passes on the requests of the first controller.
  io.outb(ports.dma2.base + 0x16, 0xc0);
  io.outb(ports.dma2.base + 0x14, 0x00);
}

function setUpClock(io: Ports): void {
  io.setCmos(Rtc.a, 0x26);
  io.setCmos(Rtc.b, 0x02);
  io.cmos(Rtc.c);
  io.cmos(Rtc.d);
}

function describeInCmos(io: Ports, config: FirmwareConfig, drives: BiosDrive[], equipment: number): void {
  const extended = Math.min((config.memoryMib - 1) * 1024, 0xffff);
  const above16 = Math.max(0, config.memoryMib - 16) * 16;
  const floppies = drives.filter((drive) => drive.kind === "floppy");
  const type = (index: number) => (floppies[index] ? floppyDriveType(floppies[index].geometry) : 0);
  const disks = drives.filter((drive) => drive.kind === "disk").length;
  const values: [number, number][] = [
    [Cmos.shutdown, 0],
    [Cmos.floppies, (type(0) << 4) | type(1)],
    [Cmos.disks, (disks > 0 ? 0xf0 : 0) | (disks > 1 ? 0x0f : 0)],
    [Cmos.equipment, equipment],
    [Cmos.baseLow, 640 & 0xff],
    [Cmos.baseHigh, 640 >> 8],
    [Cmos.extendedLow, extended],
    [Cmos.extendedHigh, extended >> 8],
    [Cmos.extendedLow2, extended],
    [Cmos.extendedHigh2, extended >> 8],
    [Cmos.above16Low, above16],
    [Cmos.above16High, above16 >> 8],
  ];
  for (const [index, value] of values) io.setCmos(index, value);
  let sum = 0;
  for (let index = 0x10; index <= 0x2d; index++) sum += io.cmos(index);
  io.setCmos(Cmos.checksumHigh, sum >> 8);
  io.setCmos(Cmos.checksumLow, sum);
}

function setUpKeyboardController(io: Ports): void {
  const data = ports.keyboardData.base;
  const command = ports.keyboardCommand.base;
  if (io.inb(command) & 1) io.inb(data);
  io.outb(command, 0xaa);
  io.inb(data);
  // Translated scan codes, keyboard interrupt, mouse off until INT 15h AH=C2h.
  io.outb(command, 0x60);
  io.outb(data, 0x65);
}

function writeVectors(hardware: FirmwareHardware, rom: Rom): void {
  const { memory } = hardware;
  memory.write(0, new Uint8Array(0x400));
  for (const [vector, offset] of rom.vectors) {
    memory.write16(4 * vector, offset);
    memory.write16(4 * vector + 2, CODE_SEGMENT);
  }
}

function writeDataAreas(hardware: FirmwareHardware, equipment: number, ticks: number, disks: number): void {
  const { memory } = hardware;
  const warm = memory.read16(bda.resetFlag) === 0x1234 ? 0x1234 : 0;
  memory.write(0x400, new Uint8Array(0x200));
  memory.write(ebdaSegment * 16, new Uint8Array(0x400));
  memory.write16(bda.com, ports.com1.base);
  memory.write16(bda.com + 2, ports.com2.base);
  memory.write16(bda.ebdaSegment, ebdaSegment);
  memory.write16(bda.equipment, equipment);
  memory.write16(bda.memorySize, BASE_MEMORY_KIB);
  memory.write16(bda.resetFlag, warm);
  const buffer = bda.keyboardBuffer - 0x400;
  for (const field of [bda.keyboardHead, bda.keyboardTail, bda.keyboardStart]) memory.write16(field, buffer);
  memory.write16(bda.keyboardEnd, buffer + KEYBOARD_BUFFER_LENGTH);
  memory.write8(bda.keyboardMode, 0x10);
  memory.write32(bda.timerTicks, ticks);
  memory.write8(bda.diskCount, disks);
  for (let i = 0; i < 4; i++) {
    memory.write8(bda.comTimeout + i, 1);
    memory.write8(bda.lptTimeout + i, 0x14);
  }
  // VGA with 256 KiB, on a colour monitor, 400 lines in text modes.
  memory.write8(bda.videoControl, 0x60);
  memory.write8(bda.videoSwitches, 0xf9);
  memory.write8(bda.vgaControl, 0x51);
  memory.write8(bda.displayCombination, 0x08);
  memory.write8(ebdaSegment * 16 + ebda.size, 1);
  memory.write(ebdaSegment * 16 + ebda.facs, facs());
}

/**
 * Power-on self test without the tests: every chip as programs expect to find it, vectors and data areas. The screen
 * is left to the caller.
 */
export function powerOnSelfTest(
  hardware: FirmwareHardware,
  io: Ports,
  config: FirmwareConfig,
  rom: Rom,
  drives: BiosDrive[],
  clock: ClockBios,
): void {
  const floppies = drives.filter((drive) => drive.kind === "floppy").length;
  const disks = drives.filter((drive) => drive.kind === "disk").length;
  const floppyBits = floppies > 0 ? Equipment.floppy | ((floppies - 1) << 6) : 0;
  const equipment =
    floppyBits | Equipment.coprocessor | Equipment.mouse | Equipment.color80 | Equipment.serial2;
  // Opens the A20 gate; bit 0 tells programs of a fast reset.
  io.outb(ports.systemControlA.base, io.inb(ports.systemControlA.base) | 0x02);
  for (const [register, value] of memoryTypes()) hardware.processor.writeMsr(register, value);
  setUpInterruptControllers(io);
  identifyIoApic(hardware.registers);
  setUpTimers(io);
  setUpDma(io);
  setUpClock(io);
  configurePci(io);
  describeInCmos(io, config, drives, equipment);
  writeVectors(hardware, rom);
  writeDataAreas(hardware, equipment, clock.ticksNow(), disks);
  setUpKeyboardController(io);
}
