import type { Alarm, Clock } from "../../board/clock.ts";
import type { BusTarget, Device, Line } from "../../board/device.ts";
import {
  CONFIGURE_IMPLIED_SEEK,
  CONFIGURE_POLL_DISABLE,
  type CommandHost,
  commandOf,
  SPECIFY_NON_DMA,
} from "./fdc-commands.ts";
import { CONFIGURE_DEFAULT, type FdcState, newDrive, powerOn } from "./fdc-state.ts";
import { DATA_RATES, type FloppyLayout, floppyLayout, SECTOR_SIZE_CODE } from "./floppy-disk.ts";
import {
  type FloppyDma,
  FloppyTransfer,
  type ResultPhase,
  ST1_MISSING_ADDRESS_MARK,
  type TransferHost,
} from "./floppy-transfer.ts";
import type { Completion, Medium } from "./medium.ts";

/** Registers from 3F0h. [82077AA] table 2-1 */
const DOR = 2;
const TDR = 3;
const MSR_DSR = 4;
const FIFO = 5;

const DOR_SELECT = 0x03;
const DOR_NOT_RESET = 0x04;
const DOR_DMA_GATE = 0x08;

const MSR_RQM = 0x80;
const MSR_DIO = 0x40;
const MSR_NON_DMA = 0x20;
const MSR_BUSY = 0x10;

const DSR_RESET = 0x80;
const DIR_CHANGED = 0x80;

const ST0_POLLING = 0xc0;

const MAX_CYLINDER = 83;
const SEEK_NS = 300_000;

/**
 * 82077AA floppy controller with up to two drives, in AT mode. [82077AA]
 *
 * Departures: seeks take the same short time whatever their length; data moves as fast as DMA or the guest takes it;
 * a drive without a disk answers as one with an unformatted disk, instead of never; deleted data marks are not kept;
 * the SCAN commands are invalid; a motor that is off is no hindrance.
 */
export class Fdc implements Device {
  readonly name = "fdc";
  readonly version = 1;
  state: FdcState = powerOn();
  /** 3F0h to 3F5h. */
  readonly ports: BusTarget = {
    read: (offset) => this.#read(offset),
    write: (offset, value) => this.#write(offset, value),
  };
  /** 3F7h: DIR and CCR. */
  readonly digitalInput: BusTarget = {
    read: () =>
      this.#drivePresent(this.#selected) && !this.state.drives[this.#selected]!.changed ? 0 : DIR_CHANGED,
    write: (_offset, value) => {
      this.state.rate = value & 3;
    },
  };
  /** Called when a drive's disk is read or written. */
  onActivity: (drive: number) => void = () => {};
  readonly #media: (Medium | null | undefined)[];
  readonly #irq: Line;
  readonly #clock: Clock;
  readonly #host: TransferHost & CommandHost;
  readonly #execution: FloppyTransfer;
  readonly #seekEnd: Alarm;

  /** `media`: a disk, null for an empty drive, undefined for none. */
  constructor(
    media: readonly (Medium | null | undefined)[],
    wiring: { irq: Line; dma: FloppyDma; clock: Clock; completion: Completion },
  ) {
    this.#media = [...media];
    this.#irq = wiring.irq;
    this.#clock = wiring.clock;
    this.#host = this.#makeHost();
    this.#execution = new FloppyTransfer(this.#host, wiring.dma, wiring.completion);
    this.#seekEnd = wiring.clock.alarm(() => this.#endSeeks());
  }

  /** Whether a disk is being read or written: what a snapshot waits for. */
  get busy(): boolean {
    return this.#execution.busy;
  }

  /** The person puts another disk into a drive (0 or 1), or takes the one that is there out. */
  insert(drive: number, medium: Medium | null): void {
    this.#media[drive] = medium;
    this.state.drives[drive]!.changed = true;
    const { transfer } = this.state;
    if (this.#execution.busy && transfer?.drive === drive) {
      this.#execution.abandon();
      this.#execution.fail(ST1_MISSING_ADDRESS_MARK);
    }
  }

  /** RESET#: the heads stay where they are, and the drives know of a changed disk as before. */
  reset(): void {
    const drives = this.state.drives.map(({ cylinder, changed }) => ({ ...newDrive(), cylinder, changed }));
    this.#execution.abandon();
    this.#seekEnd.cancel();
    this.state = { ...powerOn(), drives };
    this.#updateIrq();
  }

  afterLoad(): void {
    this.#scheduleSeekEnd();
    this.#execution.resume();
    this.#updateIrq();
  }

  /** What commands and transfers may see and do of the controller. */
  #makeHost(): TransferHost & CommandHost {
    const fdc = this;
    return {
      get state() {
        return fdc.state;
      },
      get rate() {
        return fdc.#rate;
      },
      get nonDma() {
        return fdc.#nonDma;
      },
      get execution() {
        return fdc.#execution;
      },
      medium: (drive) => this.#media[drive],
      drivePresent: (drive) => this.#drivePresent(drive),
      layout: (drive) => this.#layout(drive),
      raiseInterrupt: () => this.#raiseInterrupt(),
      onActivity: (drive) => this.onActivity(drive),
      lowerInterrupt: () => this.#lowerInterrupt(),
      reply: (...bytes) => this.#reply(...bytes),
      end: (drive, result) => this.#end(drive, result),
      startSeek: (drive, cylinder, st0) => this.#startSeek(drive, cylinder, st0),
      step: (drive, cylinder) => this.#step(drive, cylinder),
    };
  }

  /** In kbit/s. */
  get #rate(): number {
    return DATA_RATES[this.state.rate]!;
  }

  get #selected(): number {
    return this.state.dor & DOR_SELECT;
  }

  #drivePresent(drive: number): boolean {
    return this.#media[drive] !== undefined;
  }

  #layout(drive: number): FloppyLayout | null {
    const medium = this.#media[drive];
    return medium ? floppyLayout(medium.size) : null;
  }

  #read(offset: number): number {
    switch (offset) {
      case DOR:
        return this.state.dor;
      case TDR:
        return this.state.tdr;
      case MSR_DSR:
        return this.#mainStatus();
      case FIFO:
        return this.#readFifo();
      default:
        // SRA and SRB do not exist in AT mode.
        return 0xff;
    }
  }

  #write(offset: number, value: number): void {
    switch (offset) {
      case DOR:
        this.#writeDor(value);
        break;
      case TDR:
        this.state.tdr = value & 3;
        break;
      case MSR_DSR:
        this.state.rate = value & 3;
        if (value & DSR_RESET) {
          this.#softReset();
          this.#leaveReset();
        }
        break;
      case FIFO:
        this.#writeFifo(value);
        break;
    }
  }

  #writeDor(value: number): void {
    const before = this.state.dor;
    this.state.dor = value;
    if (before & ~value & DOR_NOT_RESET) this.#softReset();
    else if (value & ~before & DOR_NOT_RESET) this.#leaveReset();
    this.#updateIrq();
  }

  #softReset(): void {
    const { state } = this;
    this.#execution.abandon();
    this.#seekEnd.cancel();
    state.phase = "command";
    state.command = [];
    state.result = [];
    state.transfer = null;
    state.interrupt = false;
    state.perpendicular &= 0x3c;
    if (!state.locked) {
      state.configure = (state.configure & CONFIGURE_IMPLIED_SEEK) | CONFIGURE_DEFAULT;
      state.pretrack = 0;
    }
    for (const drive of state.drives) {
      drive.sense = null;
      drive.seek = null;
    }
    this.#updateIrq();
  }

  /** Polling finds that every drive has become ready: four times SENSE INTERRUPT STATUS tells so. */
  #leaveReset(): void {
    const { state } = this;
    if (state.configure & CONFIGURE_POLL_DISABLE) return;
    state.drives.forEach((drive, i) => {
      drive.sense = ST0_POLLING | i;
    });
    this.#raiseInterrupt();
  }

  #mainStatus(): number {
    const { phase, transfer, drives, command, dor } = this.state;
    if ((dor & DOR_NOT_RESET) === 0) return 0;
    const seeking = drives.reduce((bits, drive, i) => bits | (drive.seek ? 1 << i : 0), 0);
    if (phase === "result") return MSR_RQM | MSR_DIO | MSR_BUSY | seeking;
    if (phase === "command") return MSR_RQM | (command.length > 0 ? MSR_BUSY : 0) | seeking;
    if (!transfer || transfer.accessing || !this.#nonDma) return MSR_BUSY | seeking;
    return MSR_RQM | MSR_NON_DMA | MSR_BUSY | (transfer.kind === "read" ? MSR_DIO : 0) | seeking;
  }

  get #nonDma(): boolean {
    return (this.state.specify[1] & SPECIFY_NON_DMA) !== 0;
  }

  #readFifo(): number {
    const { state } = this;
    if (state.phase === "result") {
      const byte = state.result.shift()!;
      this.#lowerInterrupt();
      if (state.result.length === 0) state.phase = "command";
      return byte;
    }
    const { transfer } = state;
    if (transfer?.kind !== "read" || transfer.accessing || !this.#nonDma) return 0xff;
    this.#lowerInterrupt();
    return this.#execution.readByte();
  }

  #writeFifo(value: number): void {
    const { state } = this;
    if ((state.dor & DOR_NOT_RESET) === 0) return;
    if (state.phase === "command") {
      state.command.push(value);
      const spec = commandOf(state.command[0]!);
      if (state.command.length < spec.length) return;
      const bytes = state.command;
      state.command = [];
      spec.run(this.#host, bytes);
      return;
    }
    const { transfer } = state;
    if (state.phase !== "execution" || !transfer || transfer.accessing || !this.#nonDma) return;
    if (transfer.kind !== "write" && transfer.kind !== "format") return;
    this.#lowerInterrupt();
    this.#execution.writeByte(value);
  }

  #raiseInterrupt(): void {
    this.state.interrupt = true;
    this.#updateIrq();
  }

  #lowerInterrupt(): void {
    this.state.interrupt = false;
    this.#updateIrq();
  }

  #updateIrq(): void {
    this.#irq.set(this.state.interrupt && (this.state.dor & DOR_DMA_GATE) !== 0);
  }

  #reply(...bytes: number[]): void {
    this.state.result = bytes;
    this.state.phase = "result";
  }

  #startSeek(drive: number, cylinder: number, st0: number): void {
    this.state.drives[drive]!.seek = { cylinder, at: this.#clock.now() + SEEK_NS, st0 };
    this.#scheduleSeekEnd();
  }

  #scheduleSeekEnd(): void {
    const next = Math.min(...this.state.drives.map(({ seek }) => seek?.at ?? Number.POSITIVE_INFINITY));
    if (next === Number.POSITIVE_INFINITY) this.#seekEnd.cancel();
    else this.#seekEnd.set(next);
  }

  #endSeeks(): void {
    const now = this.#clock.now();
    this.state.drives.forEach((drive, i) => {
      if (!drive.seek || drive.seek.at > now) return;
      this.#step(i, drive.seek.cylinder);
      drive.sense = drive.seek.st0;
      drive.seek = null;
      this.#raiseInterrupt();
    });
    this.#scheduleSeekEnd();
  }

  /** A step with a disk in the drive resets the change line. */
  #step(index: number, cylinder: number): void {
    const drive = this.state.drives[index]!;
    const target = Math.min(cylinder, MAX_CYLINDER);
    if (target !== drive.cylinder && this.#media[index]) drive.changed = false;
    drive.cylinder = target;
  }

  /** To the result phase: status, `side` of the drive, and the ID that follows. */
  #end(drive: number, at: ResultPhase): void {
    const { st0, st1, st2, side, cylinder, head, sector } = at;
    this.state.transfer = null;
    this.#reply(
      st0 | ((side & 1) << 2) | drive,
      st1,
      st2,
      cylinder & 0xff,
      head,
      sector & 0xff,
      SECTOR_SIZE_CODE,
    );
    this.#raiseInterrupt();
  }
}
