import type { Bus } from "../board/bus.ts";
import type { PhysicalMemory } from "../board/memory.ts";
import type { BlockDevice } from "../disk/block-device.ts";
import type { BootDevice, DriveKind, DriveSlot, KernelOptions } from "../pc-options.ts";
import type { ProcessorView } from "./processor-view.ts";

/** A drive as the firmware sees it; `device` follows the medium. */
export interface FirmwareDrive {
  readonly slot: DriveSlot;
  readonly kind: DriveKind;
  readonly device: BlockDevice | null;
}

/** What the firmware is told about the machine instead of finding out. */
export interface FirmwareConfig {
  /** 1 to 3072. */
  memoryMib: number;
  bootOrder: readonly BootDevice[];
  kernel?: KernelOptions;
  /** How long POST waits for the key of the boot menu, in timer ticks of 55 ms; 9 by default. */
  menuTicks?: number;
}

/** What the firmware drives. */
export interface FirmwareHardware {
  readonly ports: Bus;
  readonly memory: PhysicalMemory;
  /** Memory-mapped registers, by physical address. */
  readonly registers: Bus;
  readonly drives: readonly FirmwareDrive[];
  readonly processor: ProcessorView;
  /** Makes the processor stop after the OUT that it executes; the board then calls `Firmware.serve`. */
  stopProcessor(): void;
  /** Ends the processor's HLT as an interrupt would, but without one: a disk transfer has finished. */
  wake(): void;
  /** A drive is being accessed. */
  activity(slot: DriveSlot): void;
}

/** Port access in the words of the processor. */
export class Ports {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  inb(port: number): number {
    return this.#bus.read(port, 1);
  }

  inw(port: number): number {
    return this.#bus.read(port, 2);
  }

  inl(port: number): number {
    return this.#bus.read(port, 4);
  }

  outb(port: number, value: number): void {
    this.#bus.write(port, value & 0xff, 1);
  }

  outw(port: number, value: number): void {
    this.#bus.write(port, value & 0xffff, 2);
  }

  outl(port: number, value: number): void {
    this.#bus.write(port, value >>> 0, 4);
  }

  /** Writes `value` to the register `index` of an index and data pair of ports. */
  indexed(port: number, index: number, value: number): void {
    this.outb(port, index);
    this.outb(port + 1, value);
  }

  readIndexed(port: number, index: number): number {
    this.outb(port, index);
    return this.inb(port + 1);
  }

  cmos(index: number): number {
    return this.readIndexed(0x70, index);
  }

  setCmos(index: number, value: number): void {
    this.indexed(0x70, index, value);
  }
}
