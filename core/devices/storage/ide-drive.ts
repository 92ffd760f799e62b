import type { Device, PlainState } from "../../board/device.ts";
import { type Completion, MediumAccess, type Outcome } from "./medium.ts";

/** Status register. [ATA] 7.15 */
export const Status = { BSY: 0x80, DRDY: 0x40, DF: 0x20, DSC: 0x10, DRQ: 0x08, ERR: 0x01 } as const;
/** Error register. [ATA] 7.9 */
export const ErrorBits = { UNC: 0x40, IDNF: 0x10, ABRT: 0x04 } as const;
/** Command block registers by offset; error and features, status and command share theirs. */
export const Register = {
  error: 1,
  features: 1,
  sectorCount: 2,
  lbaLow: 3,
  lbaMid: 4,
  lbaHigh: 5,
  device: 6,
  status: 7,
  command: 7,
} as const;

/** Device register: the drive meant, and LBA rather than CHS. */
export const DEVICE_DEV = 0x10;
export const DEVICE_LBA = 0x40;
const DEVICE_RESET = 0x08;
/** Bits of the device register that always read as ones. */
const DEVICE_OBSOLETE = 0xa0;
/** What the error register holds once a diagnostic has passed. */
const DIAGNOSTIC_PASSED = 0x01;

export interface TaskFile {
  features: number;
  sectorCount: number;
  lbaLow: number;
  lbaMid: number;
  lbaHigh: number;
}

const emptyTaskFile = (): TaskFile => ({ features: 0, sectorCount: 0, lbaLow: 0, lbaMid: 0, lbaHigh: 0 });

/** The state common to ATA and ATAPI drives. */
export interface IdeDriveState {
  task: TaskFile;
  /** What the registers held before they were last written: the high half of 48-bit parameters. */
  previous: TaskFile;
  device: number;
  status: number;
  error: number;
  /** Interrupt pending (INTRQ before nIEN). */
  interrupt: boolean;
  /** Which way data goes through the data port or by DMA, if any does. */
  direction: "none" | "in" | "out";
  dma: boolean;
  /** The data under way, and where in it the next byte goes. */
  buffer: Uint8Array;
  position: number;
  /** End of the present DRQ block in `buffer`. */
  blockEnd: number;
}

export const powerOnDrive = (): IdeDriveState => ({
  task: emptyTaskFile(),
  previous: emptyTaskFile(),
  device: 0,
  status: 0,
  error: DIAGNOSTIC_PASSED,
  interrupt: false,
  direction: "none",
  dma: false,
  buffer: new Uint8Array(0),
  position: 0,
  blockEnd: 0,
});

const NO_DATA = new Uint8Array(0);

/**
 * What ATA and ATAPI drives have in common: command block registers, the data port's DRQ blocks, the drive's side of
 * DMA, signatures. [ATA]
 */
export abstract class IdeDrive<Own extends PlainState = PlainState> implements Device {
  readonly name: string;
  abstract readonly version: number;
  state: IdeDriveState & Own;
  /** Set by the channel: told when {@link interrupt} or {@link dmaRequest} may have changed. */
  onChange: () => void = () => {};
  /** Set by the channel: told that a state was loaded, whose interrupt is no news to anyone. */
  onLoad: () => void = () => {};
  /** Called when a medium is read or written. */
  onActivity: () => void = () => {};
  protected readonly access: MediumAccess;
  readonly #ownState: () => Own;

  constructor(name: string, completion: Completion, ownState: () => Own) {
    this.name = name;
    this.access = new MediumAccess(completion);
    this.#ownState = ownState;
    this.state = { ...powerOnDrive(), ...ownState() };
    this.postSignature();
  }

  /** LBA mid and high after a reset, and the status that goes with them. */
  protected abstract readonly signature: { lbaMid: number; lbaHigh: number; status: number };
  protected abstract execute(command: number): void;
  /** The present block of the data port, or all of the buffer by DMA, has been moved. */
  protected abstract transferred(): void;
  /** Starts anew the access that was under way when a state was saved. */
  protected abstract resumeAccess(): void;
  /** Forgets the command under way. */
  protected abstract abandonCommand(): void;

  /** Hardware reset. */
  reset(): void {
    this.access.abandon();
    this.state = { ...powerOnDrive(), ...this.#ownState() };
    this.postSignature();
    this.onChange();
  }

  afterLoad(): void {
    this.access.abandon();
    this.resumeAccess();
    this.onLoad();
  }

  /** SRST set: whatever goes on ends. */
  beginSoftReset(): void {
    this.access.abandon();
    this.abandonCommand();
    this.endTransfer();
    this.state.status = Status.BSY;
    this.state.interrupt = false;
    this.onChange();
  }

  /** SRST cleared. */
  endSoftReset(): void {
    this.postSignature();
    this.onChange();
  }

  /** EXECUTE DEVICE DIAGNOSTIC, which both drives of a channel obey. */
  diagnose(): void {
    this.access.abandon();
    this.abandonCommand();
    this.endTransfer();
    this.postSignature();
  }

  /** DEVICE RESET, a command of packet drives that even a busy one obeys; others take it as any unknown one. */
  deviceReset(): void {
    this.writeCommand(DEVICE_RESET);
  }

  get interrupt(): boolean {
    return this.state.interrupt;
  }

  raiseInterrupt(): void {
    this.state.interrupt = true;
    this.onChange();
  }

  /** Whether a transfer from or to the medium is under way. */
  get busy(): boolean {
    return this.access.busy;
  }

  /** DMARQ, and which way: `in` is from the drive to memory. */
  get dmaRequest(): "in" | "out" | null {
    const { dma, direction } = this.state;
    return dma && direction !== "none" ? direction : null;
  }

  /** The part of the buffer that DMA is to move next. */
  get dmaBuffer(): Uint8Array {
    return this.state.buffer.subarray(this.state.position);
  }

  /** DMA has moved the first `length` bytes of {@link dmaBuffer}. */
  dmaMoved(length: number): void {
    this.state.position += length;
    if (this.state.position >= this.state.buffer.length) this.transferred();
  }

  /** Reads a command block register but the data port. `previous`: the HOB bit, to see what 48-bit commands leave. */
  readRegister(offset: number, previous: boolean): number {
    const state = this.state;
    const task = previous ? state.previous : state.task;
    switch (offset) {
      case Register.error:
        return state.error;
      case Register.sectorCount:
        return task.sectorCount;
      case Register.lbaLow:
        return task.lbaLow;
      case Register.lbaMid:
        return task.lbaMid;
      case Register.lbaHigh:
        return task.lbaHigh;
      case Register.device:
        return state.device | DEVICE_OBSOLETE;
      default:
        state.interrupt = false;
        this.onChange();
        return state.status;
    }
  }

  /** Status without acknowledging the interrupt. */
  get alternateStatus(): number {
    return this.state.status;
  }

  /** Writes a command block register but the data port and the command; a busy drive takes none. */
  writeRegister(offset: number, value: number): void {
    const state = this.state;
    if (state.status & Status.BSY) return;
    const latch = (register: keyof TaskFile) => {
      state.previous[register] = state.task[register];
      state.task[register] = value;
    };
    switch (offset) {
      case Register.features:
        latch("features");
        break;
      case Register.sectorCount:
        latch("sectorCount");
        break;
      case Register.lbaLow:
        latch("lbaLow");
        break;
      case Register.lbaMid:
        latch("lbaMid");
        break;
      case Register.lbaHigh:
        latch("lbaHigh");
        break;
      case Register.device:
        state.device = value;
        break;
    }
  }

  writeCommand(command: number): void {
    const state = this.state;
    if (state.status & Status.BSY) return;
    this.abandonCommand();
    this.endTransfer();
    state.interrupt = false;
    this.onChange();
    state.error = 0;
    this.execute(command);
    this.onChange();
  }

  /** The data port, `width` bytes at once; all ones when no data is due. */
  readData(width: number): number {
    const state = this.state;
    if (state.direction !== "in" || state.dma) return 2 ** (8 * width) - 1;
    let value = 0;
    for (let i = 0; i < width && state.position < state.blockEnd; i++) {
      value |= state.buffer[state.position++]! << (8 * i);
    }
    if (state.position >= state.blockEnd) this.transferred();
    return value >>> 0;
  }

  writeData(value: number, width: number): void {
    const state = this.state;
    if (state.direction !== "out" || state.dma) return;
    for (let i = 0; i < width && state.position < state.blockEnd; i++) {
      state.buffer[state.position++] = value >>> (8 * i);
    }
    if (state.position >= state.blockEnd) this.transferred();
  }

  /** Many reads of the data port at once: fills `into` while data is due, and returns how many bytes that were. */
  readBlock(into: Uint8Array): number {
    let done = 0;
    while (done < into.length && this.state.direction === "in" && !this.state.dma) {
      const { buffer, position, blockEnd } = this.state;
      const part = buffer.subarray(position, Math.min(blockEnd, position + into.length - done));
      into.set(part, done);
      done += part.length;
      this.state.position += part.length;
      if (this.state.position >= blockEnd) this.transferred();
    }
    return done;
  }

  /** Many writes to the data port at once: takes from `from` while data is wanted, and returns how many bytes. */
  writeBlock(from: Uint8Array): number {
    let done = 0;
    while (done < from.length && this.state.direction === "out" && !this.state.dma) {
      const { buffer, position, blockEnd } = this.state;
      const part = from.subarray(done, done + blockEnd - position);
      buffer.set(part, position);
      done += part.length;
      this.state.position += part.length;
      if (this.state.position >= blockEnd) this.transferred();
    }
    return done;
  }

  /** The registers tell what kind of drive this is. [ATA] 9.12 */
  protected postSignature(): void {
    const { lbaMid, lbaHigh, status } = this.signature;
    const { state } = this;
    state.task = { features: 0, sectorCount: 1, lbaLow: 1, lbaMid, lbaHigh };
    state.previous = emptyTaskFile();
    state.device = 0;
    state.error = DIAGNOSTIC_PASSED;
    state.status = status;
  }

  /** Starts an access to the medium; the drive is busy meanwhile. */
  protected beginAccess(access: () => Promise<void>, end: (outcome: Outcome) => void): void {
    this.state.status = Status.BSY;
    this.onActivity();
    this.access.begin(access, (outcome) => {
      end(outcome);
      this.onChange();
    });
  }

  protected endTransfer(): void {
    const { state } = this;
    state.direction = "none";
    state.dma = false;
    state.buffer = NO_DATA;
    state.position = 0;
    state.blockEnd = 0;
  }

  /** Offers or asks for the next DRQ block, `length` bytes at most, of the buffer. */
  protected openBlock(direction: "in" | "out", length: number): void {
    const { state } = this;
    state.direction = direction;
    state.dma = false;
    state.blockEnd = Math.min(state.position + length, state.buffer.length);
    state.status = Status.DRDY | Status.DSC | Status.DRQ;
  }

  /** Asks for the whole buffer to be moved by DMA. */
  protected requestDma(direction: "in" | "out"): void {
    const { state } = this;
    state.direction = direction;
    state.dma = true;
    state.status = Status.DRDY | Status.DSC | Status.DRQ;
    this.onChange();
  }
}
