import type { BusTarget, Device } from "../../board/device.ts";
import type { PhysicalMemory } from "../../board/memory.ts";

/** Registers of one 8237A, after its eight address and count registers. */
const Register = {
  command: 0x8,
  request: 0x9,
  singleMask: 0xa,
  mode: 0xb,
  clearFlipFlop: 0xc,
  masterClear: 0xd,
  clearMask: 0xe,
  allMasks: 0xf,
} as const;

const COMMAND_DISABLE = 0x04;
/** Mode register, without its channel field. */
const Mode = {
  typeMask: 0x0c,
  write: 0x04,
  read: 0x08,
  autoInitialize: 0x10,
  decrement: 0x20,
  cascade: 0xc0,
};

/** Page register of each channel, as offset from port 0x81. [82371] DMA low page registers */
const PAGE_OF_CHANNEL = [0x6, 0x2, 0x0, 0x1, 0xe, 0xa, 0x8, 0x9] as const;

/** What a device on the ISA bus sees of its DMA channel. Counts are in bytes; even on channels 5 to 7. */
export interface DmaChannel {
  /**
   * Moves `from` into memory (a write transfer) and returns how many bytes were taken: fewer if the terminal count
   * came first, none while the channel is masked, disabled or set to another direction.
   */
  write(from: Uint8Array): number;
  /** Fills `into` from memory (a read transfer) and returns how many bytes were given, as `write` does. */
  read(into: Uint8Array): number;
  /** Whether the last transfer reached the terminal count (the TC pulse). */
  readonly terminalCount: boolean;
  /** Called when a channel that was not ready may have become so. Set by the device. */
  onReady: () => void;
}

const newChannel = () => ({ mode: 0, baseAddress: 0, baseCount: 0, address: 0, count: 0 });

const newController = () => ({
  command: 0,
  /** Channels (by bit) that have reached their terminal count since the last read of the status. */
  terminal: 0,
  /** Channels whose device waits, and those asked for by software. */
  requests: 0,
  mask: 0x0f,
  /** Whether the next access to an address or count register is to its high byte. */
  highByte: false,
  channels: [newChannel(), newChannel(), newChannel(), newChannel()],
});

const powerOn = () => ({ controllers: [newController(), newController()], pages: new Uint8Array(15) });

type Controller = ReturnType<typeof newController>;
type ChannelState = ReturnType<typeof newChannel>;

/**
 * The two 8237A DMA controllers of a PC with their page registers: channels 0 to 3 move bytes, 5 to 7 words. A device
 * moves as many bytes as it has at once, whether the mode is single, demand or block, which differ only in how the
 * bus is shared. Departures: no memory-to-memory transfers, and the cascade through channel 4 is always open. [8237A]
 */
export class Dma implements Device {
  readonly name = "dma";
  readonly version = 1;
  state = powerOn();
  /** 16 ports: channels 0 to 3. */
  readonly ports1: BusTarget = this.#portsOf(0, 0);
  /** 32 ports: channels 4 to 7, a register at every second port. */
  readonly ports2: BusTarget = this.#portsOf(1, 1);
  /** 15 ports: the page registers from 0x81. */
  readonly pagePorts: BusTarget = {
    read: (offset) => this.state.pages[offset]!,
    write: (offset, value) => {
      this.state.pages[offset] = value;
    },
  };

  readonly #memory: PhysicalMemory;
  readonly #channels: Channel[];

  constructor(memory: PhysicalMemory) {
    this.#memory = memory;
    this.#channels = Array.from(
      { length: 8 },
      (_, n) => new Channel((bytes, type) => this.#move(n, bytes, type)),
    );
  }

  /** A device's side of channel `n`: 0 to 3, or 5 to 7. */
  channel(n: number): DmaChannel {
    return this.#channels[n]!;
  }

  reset(): void {
    this.state = { ...powerOn(), pages: this.state.pages };
  }

  #portsOf(controller: number, shift: number): BusTarget {
    return {
      read: (offset) => this.#read(this.state.controllers[controller]!, offset >> shift),
      write: (offset, value) => this.#write(controller, offset >> shift, value),
    };
  }

  #read(controller: Controller, register: number): number {
    if (register < Register.command) {
      const channel = controller.channels[register >> 1]!;
      const value = register & 1 ? channel.count : channel.address;
      controller.highByte = !controller.highByte;
      return controller.highByte ? value & 0xff : value >>> 8;
    }
    if (register === Register.command) {
      const status = controller.terminal | (controller.requests << 4);
      controller.terminal = 0;
      return status;
    }
    if (register === Register.masterClear) return 0;
    if (register === Register.allMasks) return 0xf0 | controller.mask;
    return 0xff;
  }

  #write(index: number, register: number, value: number): void {
    const controller = this.state.controllers[index]!;
    const bit = 1 << (value & 3);
    switch (register) {
      case Register.command:
        controller.command = value;
        break;
      case Register.request:
        controller.requests = value & 4 ? controller.requests | bit : controller.requests & ~bit;
        break;
      case Register.singleMask:
        controller.mask = value & 4 ? controller.mask | bit : controller.mask & ~bit;
        break;
      case Register.mode:
        controller.channels[value & 3]!.mode = value & 0xfc;
        break;
      case Register.clearFlipFlop:
        controller.highByte = false;
        return;
      case Register.masterClear:
        Object.assign(controller, newController(), { channels: controller.channels });
        return;
      case Register.clearMask:
        controller.mask = 0;
        break;
      case Register.allMasks:
        controller.mask = value & 0x0f;
        break;
      default:
        writeWord(controller, register, value);
        return;
    }
    this.#wake(index);
  }

  /** Tells the devices that wait on a controller's channels that one may be ready now. */
  #wake(index: number): void {
    const controller = this.state.controllers[index]!;
    if (controller.command & COMMAND_DISABLE) return;
    for (let n = 0; n < 4; n++) {
      if (controller.requests & ~controller.mask & (1 << n)) this.#channels[4 * index + n]!.onReady();
    }
  }

  #move(n: number, bytes: Uint8Array, type: number): { moved: number; terminalCount: boolean } {
    const controller = this.state.controllers[n >> 2]!;
    const channel = controller.channels[n & 3]!;
    const bit = 1 << (n & 3);
    const shift = n < 4 ? 0 : 1;
    const programmed = channel.mode & Mode.typeMask;
    const ready =
      !(controller.mask & bit) &&
      !(controller.command & COMMAND_DISABLE) &&
      (channel.mode & Mode.cascade) !== Mode.cascade &&
      (programmed === type || programmed === 0);
    const units = Math.min(bytes.length >> shift, channel.count + 1);
    if (!ready || units === 0) {
      if (!ready) controller.requests |= bit;
      return { moved: 0, terminalCount: false };
    }
    controller.requests &= ~bit;
    const moved = units << shift;
    // A verify transfer counts and addresses, but moves nothing.
    if (programmed !== 0) this.#copy(n, channel, bytes.subarray(0, moved), type);
    const step = channel.mode & Mode.decrement ? -units : units;
    channel.address = (channel.address + step) & 0xffff;
    channel.count = (channel.count - units) & 0xffff;
    const terminalCount = channel.count === 0xffff;
    if (terminalCount) {
      controller.terminal |= bit;
      if (channel.mode & Mode.autoInitialize) {
        channel.address = channel.baseAddress;
        channel.count = channel.baseCount;
      } else controller.mask |= bit;
    }
    return { moved, terminalCount };
  }

  /** Moves whole bytes or words; the 16-bit address wraps within its page. */
  #copy(n: number, channel: ChannelState, bytes: Uint8Array, type: number): void {
    const page = this.state.pages[PAGE_OF_CHANNEL[n]!]!;
    const size = n < 4 ? 1 : 2;
    const base = n < 4 ? page << 16 : (page & 0xfe) << 16;
    const transfer = (unit: number, part: Uint8Array) => {
      const address = base + (unit & 0xffff) * size;
      if (type === Mode.write) this.#memory.write(address, part);
      else this.#memory.read(address, part);
    };
    if (channel.mode & Mode.decrement) {
      for (let i = 0; i < bytes.length; i += size) {
        transfer(channel.address - i / size, bytes.subarray(i, i + size));
      }
      return;
    }
    const untilWrap = (0x1_0000 - channel.address) * size;
    transfer(channel.address, bytes.subarray(0, untilWrap));
    if (bytes.length > untilWrap) transfer(0, bytes.subarray(untilWrap));
  }
}

type Move = (bytes: Uint8Array, type: number) => { moved: number; terminalCount: boolean };

class Channel implements DmaChannel {
  terminalCount = false;
  onReady: () => void = () => {};
  readonly #move: Move;

  constructor(move: Move) {
    this.#move = move;
  }

  write(from: Uint8Array): number {
    return this.#transfer(from, Mode.write);
  }

  read(into: Uint8Array): number {
    return this.#transfer(into, Mode.read);
  }

  #transfer(bytes: Uint8Array, type: number): number {
    const { moved, terminalCount } = this.#move(bytes, type);
    this.terminalCount = terminalCount;
    return moved;
  }
}

/** A byte of an address or count register: both the base and the current one are written. */
function writeWord(controller: Controller, register: number, byte: number): void {
  const channel = controller.channels[register >> 1]!;
  const merge = (old: number) => (controller.highByte ? (old & 0xff) | (byte << 8) : (old & 0xff00) | byte);
  if (register & 1) channel.count = channel.baseCount = merge(channel.baseCount);
  else channel.address = channel.baseAddress = merge(channel.baseAddress);
  controller.highByte = !controller.highByte;
}
