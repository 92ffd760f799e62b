import { type FloppyLayout, isReadable, SECTOR_SIZE } from "./floppy-disk.ts";
import { type Completion, type Medium, MediumAccess } from "./medium.ts";

/** Status registers 0 to 2 of the result phase. [82077AA] chapter 6 */
export const ST0_ABNORMAL = 0x40;
export const ST1_MISSING_ADDRESS_MARK = 0x01;
export const ST1_NO_DATA = 0x04;
const ST1_END_OF_CYLINDER = 0x80;
const ST1_DATA_ERROR = 0x20;
const ST1_NOT_WRITABLE = 0x02;
export const ST2_CONTROL_MARK = 0x40;
const ST2_DATA_ERROR = 0x20;
const ST2_WRONG_CYLINDER = 0x10;

/** The floppy controller's view of its DMA channel. Counts in bytes. */
export interface FloppyDma {
  /** Moves `from` to memory; returns how many bytes were taken, 0 while the channel is not ready. */
  write(from: Uint8Array): number;
  /** Fills `into` from memory; returns how many bytes were given. */
  read(into: Uint8Array): number;
  /** Whether the last transfer ended the channel's count. */
  readonly terminalCount: boolean;
  /** Called when a channel that was not ready may have become so. */
  onReady: () => void;
}

export type TransferKind = "read" | "write" | "verify" | "format";

/** A command in its execution phase, and the run of sectors of one track that is being moved. */
export interface Transfer {
  kind: TransferKind;
  drive: number;
  multiTrack: boolean;
  cylinder: number;
  head: number;
  /** First sector of the run. */
  sector: number;
  endOfTrack: number;
  /** VERIFY: sectors left to look at; Infinity where EOT ends it. */
  remaining: number;
  st2: number;
  buffer: Uint8Array;
  position: number;
  /** TC came while the buffer was filled. */
  terminal: boolean;
  /** What is under way at the medium. */
  accessing: "load" | "store" | null;
  /** FORMAT: the byte that fills the sectors. */
  filler: number;
}

/** What a transfer's end tells: status, `side` of the drive, and the sector ID that follows. */
export interface ResultPhase {
  st0: number;
  st1: number;
  st2: number;
  side: number;
  cylinder: number;
  head: number;
  sector: number;
}

/** The controller around a transfer. */
export interface TransferHost {
  readonly state: { transfer: Transfer | null; readonly drives: readonly { readonly cylinder: number }[] };
  /** Data rate selected, in kbit/s. */
  readonly rate: number;
  /** Data goes through the FIFO register instead of by DMA. */
  readonly nonDma: boolean;
  medium(drive: number): Medium | null | undefined;
  layout(drive: number): FloppyLayout | null;
  raiseInterrupt(): void;
  onActivity(drive: number): void;
  /** To the result phase. */
  end(drive: number, result: ResultPhase): void;
}

/** The execution phase of the commands that move data: run after run, between a disk and DMA or FIFO. */
export class FloppyTransfer {
  readonly #host: TransferHost;
  readonly #dma: FloppyDma;
  readonly #access: MediumAccess;

  constructor(host: TransferHost, dma: FloppyDma, completion: Completion) {
    this.#host = host;
    this.#dma = dma;
    this.#access = new MediumAccess(completion);
    dma.onReady = () => this.#move();
  }

  /** Whether a disk is being read or written. */
  get busy(): boolean {
    return this.#access.busy;
  }

  /** A reset: what the disk answers is no longer heard of. */
  abandon(): void {
    this.#access.abandon();
  }

  /** Starts anew the access that was under way when a state was saved. */
  resume(): void {
    this.#access.abandon();
    const accessing = this.#host.state.transfer?.accessing;
    if (accessing === "load") this.#load();
    else if (accessing === "store") this.#store();
  }

  /** Takes a command's parameters; {@link beginRun} or {@link fail} follows. */
  begin(transfer: Omit<Transfer, "buffer" | "position" | "terminal" | "accessing">): void {
    const buffer = new Uint8Array(0);
    this.#host.state.transfer = { ...transfer, buffer, position: 0, terminal: false, accessing: null };
  }

  /** The next byte of a read without DMA. */
  readByte(): number {
    const transfer = this.#transfer;
    const byte = transfer.buffer[transfer.position++]!;
    if (transfer.position >= transfer.buffer.length) this.#endRun();
    return byte;
  }

  /** The next byte of a write or format without DMA. */
  writeByte(value: number): void {
    const transfer = this.#transfer;
    transfer.buffer[transfer.position++] = value;
    if (transfer.position >= transfer.buffer.length) this.#store();
  }

  get #transfer(): Transfer {
    return this.#host.state.transfer!;
  }

  /** The rest of one track's side, as far as the disk and EOT go. */
  beginRun(): void {
    const transfer = this.#transfer;
    const medium = this.#host.medium(transfer.drive);
    const layout = this.#host.layout(transfer.drive);
    const position = this.#host.state.drives[transfer.drive]!.cylinder;
    if (!medium || !layout || !isReadable(layout, this.#host.rate, position, transfer.head)) {
      this.fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    if (transfer.cylinder !== position) {
      this.fail(ST1_NO_DATA, ST2_WRONG_CYLINDER);
      return;
    }
    if (medium.readOnly && (transfer.kind === "write" || transfer.kind === "format")) {
      this.fail(ST1_NOT_WRITABLE);
      return;
    }
    const last = Math.min(transfer.endOfTrack, layout.sectorsPerTrack);
    const sectors = Math.min(last - transfer.sector + 1, transfer.remaining);
    if (transfer.sector === 0 || sectors <= 0) {
      this.fail(ST1_NO_DATA);
      return;
    }
    transfer.position = 0;
    // A format's data is an ID of four bytes for each sector.
    transfer.buffer = new Uint8Array(sectors * (transfer.kind === "format" ? 4 : SECTOR_SIZE));
    if (transfer.kind === "read" || transfer.kind === "verify") this.#load();
    else this.#startMoving();
  }

  #offset({ drive, cylinder, head }: Transfer, sector: number): number {
    const { heads, sectorsPerTrack } = this.#host.layout(drive)!;
    return ((cylinder * heads + head) * sectorsPerTrack + sector - 1) * SECTOR_SIZE;
  }

  #load(): void {
    const transfer = this.#transfer;
    const medium = this.#host.medium(transfer.drive);
    if (!medium) {
      this.fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    const buffer = new Uint8Array(transfer.buffer.length);
    transfer.accessing = "load";
    this.#host.onActivity(transfer.drive);
    this.#access.begin(
      () => this.#readRun(transfer, medium, buffer),
      (outcome) => {
        transfer.accessing = null;
        if (outcome === "failed") {
          this.fail(ST1_DATA_ERROR, ST2_DATA_ERROR);
        } else if (transfer.kind === "verify") {
          transfer.position = buffer.length;
          this.#endRun();
        } else {
          transfer.buffer = buffer;
          this.#startMoving();
        }
      },
    );
  }

  /** An image that ends before the disk, as one that an assembler wrote, has zeros from there on. */
  async #readRun(transfer: Transfer, medium: Medium, into: Uint8Array): Promise<void> {
    const offset = this.#offset(transfer, transfer.sector);
    const there = Math.min(into.length, medium.size - offset);
    if (there > 0) await medium.read(offset, into.subarray(0, there));
  }

  #store(): void {
    const transfer = this.#transfer;
    const medium = this.#host.medium(transfer.drive);
    if (!medium) {
      this.fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    transfer.accessing = "store";
    this.#host.onActivity(transfer.drive);
    this.#access.begin(
      () =>
        transfer.kind === "format" ? this.#formatTrack(transfer, medium) : this.#writeRun(transfer, medium),
      (outcome) => {
        transfer.accessing = null;
        if (outcome === "failed") this.fail(ST1_DATA_ERROR, ST2_DATA_ERROR);
        else if (transfer.terminal) this.#succeed();
        else this.#endRun();
      },
    );
  }

  /** The sector in which TC came is filled up with zeros. */
  #writeRun(transfer: Transfer, medium: Medium): Promise<void> {
    const length = Math.ceil(transfer.position / SECTOR_SIZE) * SECTOR_SIZE;
    return medium.write(this.#offset(transfer, transfer.sector), transfer.buffer.subarray(0, length));
  }

  async #formatTrack(transfer: Transfer, medium: Medium): Promise<void> {
    const { buffer, position, endOfTrack } = transfer;
    for (let at = 0; at + 4 <= position; at += 4) {
      const sector = buffer[at + 2]!;
      if (sector === 0 || sector > endOfTrack) continue;
      await medium.write(this.#offset(transfer, sector), new Uint8Array(SECTOR_SIZE).fill(transfer.filler));
    }
  }

  #startMoving(): void {
    // Without DMA each byte is asked for by interrupt and main status.
    if (this.#host.nonDma) this.#host.raiseInterrupt();
    else this.#move();
  }

  /** Lets DMA move what it takes. */
  #move(): void {
    const transfer = this.#host.state.transfer;
    if (!transfer || transfer.accessing || transfer.kind === "verify" || this.#host.nonDma) return;
    const rest = transfer.buffer.subarray(transfer.position);
    const moved = transfer.kind === "read" ? this.#dma.write(rest) : this.#dma.read(rest);
    if (moved === 0) return;
    transfer.position += moved;
    transfer.terminal = this.#dma.terminalCount;
    const full = transfer.position >= transfer.buffer.length;
    if (!transfer.terminal && !full) return;
    if (transfer.kind !== "read") this.#store();
    else if (transfer.terminal) this.#succeed();
    else this.#endRun();
  }

  /** The run is over and TC has not come: the other side, or the end of the cylinder. */
  #endRun(): void {
    const transfer = this.#transfer;
    const { kind, drive, head, endOfTrack, multiTrack } = transfer;
    if (kind === "format") {
      this.#succeed();
      return;
    }
    const sectors = transfer.buffer.length / SECTOR_SIZE;
    transfer.remaining -= sectors;
    const last = transfer.sector + sectors - 1;
    const counted = kind === "verify" && transfer.remaining <= 0;
    if (last < endOfTrack && !counted) {
      transfer.sector = last + 1;
      this.fail(ST1_NO_DATA);
    } else if (multiTrack && head === 0 && !counted && this.#host.layout(drive)?.heads === 2) {
      transfer.head = 1;
      transfer.sector = 1;
      this.beginRun();
    } else if (kind === "verify") {
      this.#succeed();
    } else {
      this.#finish(ST0_ABNORMAL, ST1_END_OF_CYLINDER, 0);
    }
  }

  #succeed(): void {
    this.#finish(0, 0, 0);
  }

  /** The run's sectors were moved: the result shows where the next one would be. [82077AA] table 6-6 */
  #finish(st0: number, st1: number, st2: number): void {
    const transfer = this.#transfer;
    const { kind, multiTrack, endOfTrack } = transfer;
    let { cylinder, head } = transfer;
    const side = head;
    const unit = kind === "format" ? 4 : SECTOR_SIZE;
    const last = transfer.sector + Math.max(1, Math.ceil(transfer.position / unit)) - 1;
    let sector = last + 1;
    if (last >= endOfTrack) {
      sector = 1;
      if (!multiTrack || head === 1) cylinder++;
      if (multiTrack) head ^= 1;
    }
    this.#host.end(transfer.drive, { st0, st1, st2: st2 | transfer.st2, side, cylinder, head, sector });
  }

  /** Ends the command abnormally at the run's first sector. */
  fail(st1: number, st2 = 0): void {
    const { drive, cylinder, head, sector } = this.#transfer;
    this.#host.end(drive, { st0: ST0_ABNORMAL, st1, st2, side: head, cylinder, head, sector });
  }
}
