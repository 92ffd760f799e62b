import type { Line } from "../../board/device.ts";
import type { PhysicalMemory } from "../../board/memory.ts";
import type { IdeDrive } from "./ide-drive.ts";

/** Registers of one channel by offset. [BMIDE] 2.0 */
const COMMAND = 0;
const STATUS = 2;
const PRD_ADDRESS = 4;

const COMMAND_START = 0x01;
/** Set: from the drive to memory. */
const COMMAND_TO_MEMORY = 0x08;
const STATUS_ACTIVE = 0x01;
const STATUS_ERROR = 0x02;
const STATUS_INTERRUPT = 0x04;
/** Drives 0 and 1 can do DMA: for software to write and read. */
const STATUS_CAPABLE = 0x60;

const PRD_END_OF_TABLE = 0x8000_0000;

export interface BusMasterState {
  command: number;
  status: number;
  /** Address of the table of physical region descriptors. */
  table: number;
  /** Where the next descriptor is. */
  next: number;
  /** What is left of the present region. */
  address: number;
  remaining: number;
  /** The present region is the table's last. */
  last: boolean;
}

export const powerOnBusMaster = (): BusMasterState => ({
  command: 0,
  status: 0,
  table: 0,
  next: 0,
  address: 0,
  remaining: 0,
  last: false,
});

/** Bus-master engine of one IDE channel: moves a drive's data by a table of regions in memory. [BMIDE] */
export class BusMaster {
  readonly #state: () => BusMasterState;
  readonly #drive: () => IdeDrive | null;
  readonly #memory: PhysicalMemory;

  /** `drive`: the one selected on the channel. */
  constructor(state: () => BusMasterState, drive: () => IdeDrive | null, memory: PhysicalMemory) {
    this.#state = state;
    this.#drive = drive;
    this.#memory = memory;
  }

  /** The channel's interrupt line as the engine sees it: its rise is latched. */
  readonly interrupt: Line = {
    set: (high) => {
      if (high) this.#state().status |= STATUS_INTERRUPT;
    },
  };

  read(offset: number): number {
    const state = this.#state();
    if (offset >= PRD_ADDRESS) return (state.table >>> (8 * (offset - PRD_ADDRESS))) & 0xff;
    return offset === COMMAND ? state.command : offset === STATUS ? state.status : 0;
  }

  write(offset: number, value: number): void {
    const state = this.#state();
    if (offset >= PRD_ADDRESS) {
      const shift = 8 * (offset - PRD_ADDRESS);
      state.table = ((state.table & ~(0xff << shift)) | (value << shift)) & ~3;
      state.table >>>= 0;
    } else if (offset === COMMAND) {
      this.#writeCommand(value & (COMMAND_START | COMMAND_TO_MEMORY));
    } else if (offset === STATUS) {
      const cleared = value & (STATUS_ERROR | STATUS_INTERRUPT);
      state.status = (state.status & ~cleared & ~STATUS_CAPABLE) | (value & STATUS_CAPABLE);
    }
  }

  /** Moves data as long as the engine is on, the drive asks for it, and the table goes on. */
  run(): void {
    const state = this.#state();
    const drive = this.#drive();
    while (drive && state.status & STATUS_ACTIVE && drive.dmaRequest) {
      // Against the direction programmed nothing can move.
      if ((drive.dmaRequest === "in") !== ((state.command & COMMAND_TO_MEMORY) !== 0)) return;
      if (state.remaining === 0) this.#nextRegion();
      const buffer = drive.dmaBuffer;
      const part = buffer.subarray(0, state.remaining);
      if (drive.dmaRequest === "in") this.#memory.write(state.address, part);
      else this.#memory.read(state.address, part);
      const moved = part.length;
      state.address = (state.address + moved) >>> 0;
      state.remaining -= moved;
      if (state.remaining === 0 && state.last) state.status &= ~STATUS_ACTIVE;
      drive.dmaMoved(moved);
    }
  }

  #writeCommand(value: number): void {
    const state = this.#state();
    const starts = (value & ~state.command & COMMAND_START) !== 0;
    state.command = value;
    if (starts) {
      state.status |= STATUS_ACTIVE;
      state.next = state.table;
      state.remaining = 0;
      state.last = false;
      this.run();
    } else if ((value & COMMAND_START) === 0) {
      state.status &= ~STATUS_ACTIVE;
    }
  }

  #nextRegion(): void {
    const state = this.#state();
    state.address = this.#memory.read32(state.next) & ~1;
    const control = this.#memory.read32((state.next + 4) >>> 0);
    state.address >>>= 0;
    state.remaining = control & 0xfffe || 0x1_0000;
    state.last = (control & PRD_END_OF_TABLE) !== 0;
    state.next = (state.next + 8) >>> 0;
  }
}
