import type { BusTarget, Device, Line, Width } from "../../board/device.ts";
import type { PhysicalMemory } from "../../board/memory.ts";
import { BusMaster, type BusMasterState, powerOnBusMaster } from "./bus-master.ts";
import { DEVICE_DEV, type IdeDrive, Register } from "./ide-drive.ts";

/** Device control register. [ATA] 7.8 */
const CONTROL_NIEN = 0x02;
const CONTROL_SRST = 0x04;
const CONTROL_HOB = 0x80;

const EXECUTE_DEVICE_DIAGNOSTIC = 0x90;
const DEVICE_RESET = 0x08;

const BUS_MASTER_CHANNEL = 8;

/** A channel's command block: beside single accesses it moves many data words at once, for REP INS and REP OUTS. */
export interface CommandBlock extends BusTarget {
  /** As reads of the data port (offset 0) would fill `into`, as far as data is due. Returns the number of bytes. */
  readBlock(into: Uint8Array): number;
  /** As writes of `from` to the data port, as far as data is wanted. Returns the number of bytes. */
  writeBlock(from: Uint8Array): number;
}

interface ChannelState {
  /** Drive 0 or 1. */
  selected: number;
  control: number;
  busMaster: BusMasterState;
}

const powerOnChannel = (): ChannelState => ({ selected: 0, control: 0, busMaster: powerOnBusMaster() });

/** The drives of a channel: 0 (master) and 1 (slave). */
export type ChannelDrives = readonly [IdeDrive | null, IdeDrive | null];

/** One cable: its registers, its drives and its interrupt. */
class Channel {
  readonly commandBlock: CommandBlock;
  /** Device control and alternate status. */
  readonly controlBlock: BusTarget;
  readonly busMaster: BusMaster;
  readonly #state: () => ChannelState;
  readonly #drives: ChannelDrives;
  readonly #irq: Line;
  #irqLevel = false;

  constructor(state: () => ChannelState, drives: ChannelDrives, irq: Line, memory: PhysicalMemory) {
    this.#state = state;
    this.#drives = drives;
    this.#irq = irq;
    this.busMaster = new BusMaster(
      () => state().busMaster,
      () => this.#drive,
      memory,
    );
    this.commandBlock = {
      read: (offset, width) => this.#read(offset, width),
      write: (offset, value, width) => this.#write(offset, value, width),
      readBlock: (into) => this.#drive?.readBlock(into) ?? 0,
      writeBlock: (from) => this.#drive?.writeBlock(from) ?? 0,
    };
    this.controlBlock = {
      read: () => this.#drive?.alternateStatus ?? 0,
      write: (_offset, value) => this.#writeControl(value),
    };
    for (const drive of drives) {
      if (!drive) continue;
      drive.onChange = () => this.update();
      drive.onLoad = () => this.restore();
    }
  }

  get busy(): boolean {
    return this.#drives.some((drive) => drive?.busy);
  }

  /** A drive's interrupt or its request for DMA may have changed. */
  update(): void {
    this.busMaster.run();
    const level = this.#level;
    if (level === this.#irqLevel) return;
    this.#irqLevel = level;
    this.busMaster.interrupt.set(level);
    this.#irq.set(level);
  }

  /**
   * Drives the line to the level that a state just loaded implies. The bus master, which has seen that level before,
   * latches nothing; nor does it move data, for the states of channel and drives are loaded one after the other.
   */
  restore(): void {
    this.#irqLevel = this.#level;
    this.#irq.set(this.#irqLevel);
  }

  get #level(): boolean {
    return (this.#state().control & CONTROL_NIEN) === 0 && (this.#drive?.interrupt ?? false);
  }

  get #drive(): IdeDrive | null {
    return this.#drives[this.#state().selected] ?? null;
  }

  #read(offset: number, width: Width): number {
    const drive = this.#drive;
    if (offset === 0) return drive?.readData(width) ?? 0;
    const previous = (this.#state().control & CONTROL_HOB) !== 0;
    let value = 0;
    // A wider access to the other registers is that many byte accesses.
    for (let i = 0; i < width; i++) value |= (drive?.readRegister(offset + i, previous) ?? 0) << (8 * i);
    return value >>> 0;
  }

  #write(offset: number, value: number, width: Width): void {
    if (offset === 0) {
      this.#drive?.writeData(value, width);
      return;
    }
    for (let i = 0; i < width; i++) this.#writeRegister(offset + i, (value >>> (8 * i)) & 0xff);
  }

  /** Both drives latch what is written; the one selected obeys a command. */
  #writeRegister(offset: number, value: number): void {
    const state = this.#state();
    state.control &= ~CONTROL_HOB;
    if (offset === Register.command) {
      this.#command(value);
      return;
    }
    if (offset === Register.device) state.selected = value & DEVICE_DEV ? 1 : 0;
    for (const drive of this.#drives) drive?.writeRegister(offset, value);
    if (offset === Register.device) this.update();
  }

  #command(command: number): void {
    if (command === EXECUTE_DEVICE_DIAGNOSTIC) {
      for (const drive of this.#drives) drive?.diagnose();
      this.#state().selected = 0;
      this.#drive?.raiseInterrupt();
    } else if (command === DEVICE_RESET) {
      this.#drive?.deviceReset();
    } else {
      this.#drive?.writeCommand(command);
    }
  }

  #writeControl(value: number): void {
    const state = this.#state();
    const before = state.control;
    state.control = value & (CONTROL_NIEN | CONTROL_SRST | CONTROL_HOB);
    if (value & ~before & CONTROL_SRST) {
      for (const drive of this.#drives) drive?.beginSoftReset();
    } else if (before & ~value & CONTROL_SRST) {
      state.selected = 0;
      for (const drive of this.#drives) drive?.endSoftReset();
    }
    this.update();
  }
}

export interface IdeWiring {
  primary: ChannelDrives;
  secondary: ChannelDrives;
  /** Interrupt requests of the two channels. */
  irqs: readonly [Line, Line];
  memory: PhysicalMemory;
}

/**
 * The IDE interface of the PIIX3: two channels at their legacy ports, each with a bus-master engine. The drives are
 * devices of their own. [82371] [BMIDE]
 *
 * A drive that is absent reads as zeros.
 */
export class IdeController implements Device {
  readonly name = "ide";
  readonly version = 1;
  state: { channels: [ChannelState, ChannelState] } = { channels: [powerOnChannel(), powerOnChannel()] };
  /** 1F0h and 170h: eight ports each, four bytes wide at offset 0. */
  readonly commandBlocks: readonly [CommandBlock, CommandBlock];
  /** 3F6h and 376h: one port each. */
  readonly controlBlocks: readonly [BusTarget, BusTarget];
  /** The sixteen bus-master registers, one byte wide. */
  readonly busMaster: BusTarget;
  readonly #channels: readonly [Channel, Channel];

  constructor({ primary, secondary, irqs, memory }: IdeWiring) {
    this.#channels = [
      new Channel(() => this.state.channels[0], primary, irqs[0], memory),
      new Channel(() => this.state.channels[1], secondary, irqs[1], memory),
    ];
    const [first, second] = this.#channels;
    this.commandBlocks = [first.commandBlock, second.commandBlock];
    this.controlBlocks = [first.controlBlock, second.controlBlock];
    const engineAt = (offset: number) => (offset < BUS_MASTER_CHANNEL ? first : second).busMaster;
    this.busMaster = {
      read: (offset) => engineAt(offset).read(offset % BUS_MASTER_CHANNEL),
      write: (offset, value) => engineAt(offset).write(offset % BUS_MASTER_CHANNEL, value),
    };
  }

  /** Whether a drive is reading or writing its medium: what a snapshot waits for. */
  get busy(): boolean {
    return this.#channels.some((channel) => channel.busy);
  }

  reset(): void {
    this.state = { channels: [powerOnChannel(), powerOnChannel()] };
    for (const channel of this.#channels) channel.update();
  }

  afterLoad(): void {
    for (const channel of this.#channels) channel.restore();
  }
}

/**
 * The controller's PCI function, but for its place on a bus: the header of 8086:7010, the bus-master registers at
 * base address 4, and the timing registers, whose IDE decode enables are on from the start. [82371] 2.3
 */
export const piix3IdeHeader = (placeBusMaster: (base: number | null) => void) => ({
  vendor: 0x8086,
  device: 0x7010,
  classCode: 0x01_01_80,
  multiFunction: false,
  bars: [
    undefined,
    undefined,
    undefined,
    undefined,
    { kind: "io" as const, size: 16, place: placeBusMaster },
  ],
  registers: [
    // IDETIM of both channels, and SIDETIM.
    { offset: 0x40, width: 2 as const, reset: 0x8000, writable: 0xffff },
    { offset: 0x42, width: 2 as const, reset: 0x8000, writable: 0xffff },
    { offset: 0x44, width: 1 as const, writable: 0xff },
  ],
});
