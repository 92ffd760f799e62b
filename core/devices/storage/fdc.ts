import type { Alarm, Clock } from "../../board/clock.ts";
import type { BusTarget, Device, Line } from "../../board/device.ts";
import { DATA_RATES, type FloppyLayout, floppyLayout, SECTOR_SIZE, SECTOR_SIZE_CODE } from "./floppy-disk.ts";
import { type Completion, type Medium, MediumAccess } from "./medium.ts";

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

const ST0_ABNORMAL = 0x40;
const ST0_INVALID = 0x80;
const ST0_POLLING = 0xc0;
const ST0_SEEK_END = 0x20;
const ST0_EQUIPMENT_CHECK = 0x10;
const ST1_END_OF_CYLINDER = 0x80;
const ST1_DATA_ERROR = 0x20;
const ST1_NO_DATA = 0x04;
const ST1_NOT_WRITABLE = 0x02;
const ST1_MISSING_ADDRESS_MARK = 0x01;
const ST2_CONTROL_MARK = 0x40;
const ST2_DATA_ERROR = 0x20;
const ST2_WRONG_CYLINDER = 0x10;
const ST3_WRITE_PROTECTED = 0x40;
const ST3_TRACK_0 = 0x10;
/** Ready and two-sided: both always. */
const ST3_ALWAYS = 0x28;

const CONFIGURE_IMPLIED_SEEK = 0x40;
const CONFIGURE_POLL_DISABLE = 0x10;
const CONFIGURE_DEFAULT = 0x20;
const SPECIFY_NON_DMA = 0x01;
const COMMAND_MULTI_TRACK = 0x80;
const LOCK = 0x80;
const PERPENDICULAR_OVERWRITE = 0x80;
const VERIFY_ENABLE_COUNT = 0x80;

const VERSION_82077AA = 0x90;
const DRIVES = 4;
const MAX_CYLINDER = 83;
const SEEK_NS = 300_000;

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

type TransferKind = "read" | "write" | "verify" | "format";

/** A command in its execution phase, and the run of sectors of one track that is being moved. */
interface Transfer {
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

interface DriveState {
  cylinder: number;
  /** DSKCHG: the disk has been out since the last step. */
  changed: boolean;
  /** The sector that READ ID last saw pass. */
  passing: number;
  /** ST0 that SENSE INTERRUPT STATUS will tell of this drive. */
  sense: number | null;
  /** Where a seek ends, and when, in nanoseconds. */
  seek: { cylinder: number; at: number; st0: number } | null;
}

const newDrive = (): DriveState => ({ cylinder: 0, changed: true, passing: 0, sense: null, seek: null });

const powerOn = () => ({
  dor: 0,
  tdr: 0,
  /** Bits 0 and 1: index to the data rates. */
  rate: 2,
  phase: "command" as "command" | "execution" | "result",
  /** Bytes of the command so far. */
  command: [] as number[],
  result: [] as number[],
  interrupt: false,
  specify: [0, 0] as [number, number],
  configure: CONFIGURE_DEFAULT,
  pretrack: 0,
  locked: false,
  perpendicular: 0,
  /** SC or EOT of the last command, for DUMPREG. */
  lastEndOfTrack: 0,
  transfer: null as Transfer | null,
  drives: Array.from({ length: DRIVES }, newDrive),
});

type FdcState = ReturnType<typeof powerOn>;

interface ResultPhase {
  st0: number;
  st1: number;
  st2: number;
  side: number;
  cylinder: number;
  head: number;
  sector: number;
}

interface CommandSpec {
  /** Bytes with the command's own. */
  length: number;
  run: (fdc: Fdc, bytes: number[]) => void;
}

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
  readonly #dma: FloppyDma;
  readonly #clock: Clock;
  readonly #access: MediumAccess;
  readonly #seekEnd: Alarm;

  /** `media`: a disk, or null for an empty drive, for each drive there is. */
  constructor(
    media: readonly (Medium | null)[],
    wiring: { irq: Line; dma: FloppyDma; clock: Clock; completion: Completion },
  ) {
    this.#media = [...media];
    this.#irq = wiring.irq;
    this.#dma = wiring.dma;
    this.#clock = wiring.clock;
    this.#access = new MediumAccess(wiring.completion);
    this.#seekEnd = wiring.clock.alarm(() => this.#endSeeks());
    wiring.dma.onReady = () => this.#move();
  }

  /** Whether a disk is being read or written: what a snapshot waits for. */
  get busy(): boolean {
    return this.#access.busy;
  }

  /** The person puts another disk into a drive (0 or 1), or takes the one that is there out. */
  insert(drive: number, medium: Medium | null): void {
    this.#media[drive] = medium;
    this.state.drives[drive]!.changed = true;
    const { transfer } = this.state;
    if (this.#access.busy && transfer?.drive === drive) {
      this.#access.abandon();
      this.#fail(ST1_MISSING_ADDRESS_MARK);
    }
  }

  /** RESET#: the heads stay where they are, and the drives know of a changed disk as before. */
  reset(): void {
    const drives = this.state.drives.map(({ cylinder, changed }) => ({ ...newDrive(), cylinder, changed }));
    this.#access.abandon();
    this.#seekEnd.cancel();
    this.state = { ...powerOn(), drives };
    this.#updateIrq();
  }

  afterLoad(): void {
    this.#access.abandon();
    this.#scheduleSeekEnd();
    const { transfer } = this.state;
    if (transfer?.accessing === "load") this.#load();
    else if (transfer?.accessing === "store") this.#store();
    this.#updateIrq();
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
    this.#access.abandon();
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
    const byte = transfer.buffer[transfer.position++]!;
    if (transfer.position >= transfer.buffer.length) this.#endRun();
    return byte;
  }

  #writeFifo(value: number): void {
    const { state } = this;
    if ((state.dor & DOR_NOT_RESET) === 0) return;
    if (state.phase === "command") {
      state.command.push(value);
      const spec = Fdc.#commandOf(state.command[0]!);
      if (state.command.length < spec.length) return;
      const bytes = state.command;
      state.command = [];
      spec.run(this, bytes);
      return;
    }
    const { transfer } = state;
    if (state.phase !== "execution" || !transfer || transfer.accessing || !this.#nonDma) return;
    if (transfer.kind !== "write" && transfer.kind !== "format") return;
    this.#lowerInterrupt();
    transfer.buffer[transfer.position++] = value;
    if (transfer.position >= transfer.buffer.length) this.#store();
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

  #invalid(): void {
    this.#reply(ST0_INVALID);
  }

  #specify([, first, second]: number[]): void {
    this.state.specify = [first!, second!];
  }

  #senseDrive([, select]: number[]): void {
    const drive = select! & 3;
    const protectedBit = this.#media[drive]?.readOnly ? ST3_WRITE_PROTECTED : 0;
    const track0 = this.#drivePresent(drive) && this.state.drives[drive]!.cylinder === 0 ? ST3_TRACK_0 : 0;
    this.#reply(ST3_ALWAYS | protectedBit | track0 | (select! & 7));
  }

  #senseInterrupt(): void {
    const { drives } = this.state;
    const drive = drives.find((one) => one.sense !== null);
    if (!drive) {
      this.#invalid();
      return;
    }
    this.#reply(drive.sense!, drive.cylinder);
    drive.sense = null;
    this.#lowerInterrupt();
  }

  #recalibrate([, select]: number[]): void {
    // Track 0 of a drive that is not there never comes.
    const missing = this.#drivePresent(select! & 3) ? 0 : ST0_ABNORMAL | ST0_EQUIPMENT_CHECK;
    this.#startSeek(select! & 3, 0, ST0_SEEK_END | missing | (select! & 3));
  }

  #seek([, select, cylinder]: number[]): void {
    this.#startSeek(select! & 3, cylinder!, ST0_SEEK_END | (select! & 7));
  }

  /** DIR (bit 6 of the command) set steps towards higher cylinders. */
  #relativeSeek([command, select, steps]: number[]): void {
    const drive = this.state.drives[select! & 3]!;
    const target = drive.cylinder + (command! & 0x40 ? steps! : -steps!);
    this.#startSeek(select! & 3, Math.max(0, target), ST0_SEEK_END | (select! & 7));
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

  #readId([, select]: number[]): void {
    const index = select! & 3;
    const head = (select! >> 2) & 1;
    const drive = this.state.drives[index]!;
    const layout = this.#layout(index);
    this.state.phase = "execution";
    const readable = layout && this.#isReadable(layout, drive.cylinder, head);
    if (readable) drive.passing = (drive.passing % layout.sectorsPerTrack) + 1;
    this.#end(index, {
      st0: readable ? 0 : ST0_ABNORMAL,
      st1: readable ? 0 : ST1_MISSING_ADDRESS_MARK,
      st2: 0,
      side: head,
      cylinder: drive.cylinder,
      head,
      sector: readable ? drive.passing : 1,
    });
  }

  #dumpRegisters(): void {
    const { drives, specify, lastEndOfTrack, locked, perpendicular, configure, pretrack } = this.state;
    this.#reply(
      ...drives.map(({ cylinder }) => cylinder),
      ...specify,
      lastEndOfTrack,
      (locked ? LOCK : 0) | (perpendicular & 0x7f),
      configure,
      pretrack,
    );
  }

  #version(): void {
    this.#reply(VERSION_82077AA);
  }

  #perpendicularMode([, value]: number[]): void {
    const { state } = this;
    // The drives' bits are written with OW only.
    const drives = value! & PERPENDICULAR_OVERWRITE ? value! & 0x3c : state.perpendicular & 0x3c;
    state.perpendicular = drives | (value! & 0x03);
  }

  #configure([, , value, pretrack]: number[]): void {
    this.state.configure = value! & 0x7f;
    this.state.pretrack = pretrack!;
  }

  #lock([command]: number[]): void {
    this.state.locked = (command! & LOCK) !== 0;
    this.#reply(this.state.locked ? 0x10 : 0);
  }

  /** READ, WRITE and VERIFY, of a track's rest or, with MT, of both sides'. */
  #transfer(
    kind: TransferKind,
    bytes: number[],
    options: { wholeTrack?: boolean; deleted?: boolean } = {},
  ): void {
    const [command, select, cylinder, head, sector, , endOfTrack, , dataLength] = bytes as [
      number,
      ...number[],
    ];
    const counts = kind === "verify" && (select! & VERIFY_ENABLE_COUNT) !== 0;
    this.#begin({
      kind,
      drive: select! & 3,
      multiTrack: (command & COMMAND_MULTI_TRACK) !== 0 && !options.wholeTrack,
      cylinder: cylinder!,
      head: head!,
      sector: options.wholeTrack ? 1 : sector!,
      endOfTrack: endOfTrack!,
      remaining: counts ? dataLength || 256 : Number.POSITIVE_INFINITY,
      st2: options.deleted ? ST2_CONTROL_MARK : 0,
      filler: 0,
    });
    if (this.state.configure & CONFIGURE_IMPLIED_SEEK) this.#step(select! & 3, cylinder!);
    const sizeFits = bytes[5] === SECTOR_SIZE_CODE && head === ((select! >> 2) & 1);
    if (sizeFits) this.#beginRun();
    else this.#fail(ST1_NO_DATA);
  }

  #format([, select, sizeCode, sectors, , filler]: number[]): void {
    const drive = select! & 3;
    this.#begin({
      kind: "format",
      drive,
      multiTrack: false,
      cylinder: this.state.drives[drive]!.cylinder,
      head: (select! >> 2) & 1,
      sector: 1,
      endOfTrack: sectors!,
      remaining: Number.POSITIVE_INFINITY,
      st2: 0,
      filler: filler!,
    });
    const layout = this.#layout(drive);
    // An image cannot take another number of sectors, or of other sizes, than it has.
    const fits =
      sectors! > 0 && sizeCode === SECTOR_SIZE_CODE && sectors! <= (layout?.sectorsPerTrack ?? 255);
    if (fits) this.#beginRun();
    else this.#fail(ST1_NO_DATA);
  }

  #begin(transfer: Omit<Transfer, "buffer" | "position" | "terminal" | "accessing">): void {
    const { state } = this;
    state.phase = "execution";
    state.lastEndOfTrack = transfer.endOfTrack;
    state.transfer = {
      ...transfer,
      buffer: new Uint8Array(0),
      position: 0,
      terminal: false,
      accessing: null,
    };
  }

  #isReadable(layout: FloppyLayout, cylinder: number, head: number): boolean {
    const rate = DATA_RATES[this.state.rate]!;
    return layout.rates.includes(rate) && cylinder < layout.cylinders && head < layout.heads;
  }

  /** The rest of one track's side, as far as the disk and EOT go. */
  #beginRun(): void {
    const { state } = this;
    const transfer = state.transfer!;
    const medium = this.#media[transfer.drive];
    const layout = this.#layout(transfer.drive);
    const position = state.drives[transfer.drive]!.cylinder;
    if (!medium || !layout || !this.#isReadable(layout, position, transfer.head)) {
      this.#fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    if (transfer.cylinder !== position) {
      this.#fail(ST1_NO_DATA, ST2_WRONG_CYLINDER);
      return;
    }
    if (medium.readOnly && (transfer.kind === "write" || transfer.kind === "format")) {
      this.#fail(ST1_NOT_WRITABLE);
      return;
    }
    const last = Math.min(transfer.endOfTrack, layout.sectorsPerTrack);
    const sectors = Math.min(last - transfer.sector + 1, transfer.remaining);
    if (transfer.sector === 0 || sectors <= 0) {
      this.#fail(ST1_NO_DATA);
      return;
    }
    transfer.position = 0;
    // A format's data is an ID of four bytes for each sector.
    transfer.buffer = new Uint8Array(sectors * (transfer.kind === "format" ? 4 : SECTOR_SIZE));
    if (transfer.kind === "read" || transfer.kind === "verify") this.#load();
    else this.#startMoving();
  }

  #offset({ drive, cylinder, head }: Transfer, sector: number): number {
    const { heads, sectorsPerTrack } = this.#layout(drive)!;
    return ((cylinder * heads + head) * sectorsPerTrack + sector - 1) * SECTOR_SIZE;
  }

  #load(): void {
    const transfer = this.state.transfer!;
    const medium = this.#media[transfer.drive];
    if (!medium) {
      this.#fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    const buffer = new Uint8Array(transfer.buffer.length);
    transfer.accessing = "load";
    this.onActivity(transfer.drive);
    this.#access.begin(
      () => medium.read(this.#offset(transfer, transfer.sector), buffer),
      (outcome) => {
        transfer.accessing = null;
        if (outcome === "failed") {
          this.#fail(ST1_DATA_ERROR, ST2_DATA_ERROR);
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

  #store(): void {
    const transfer = this.state.transfer!;
    const medium = this.#media[transfer.drive];
    if (!medium) {
      this.#fail(ST1_MISSING_ADDRESS_MARK);
      return;
    }
    transfer.accessing = "store";
    this.onActivity(transfer.drive);
    this.#access.begin(
      () =>
        transfer.kind === "format" ? this.#formatTrack(transfer, medium) : this.#writeRun(transfer, medium),
      (outcome) => {
        transfer.accessing = null;
        if (outcome === "failed") this.#fail(ST1_DATA_ERROR, ST2_DATA_ERROR);
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
    if (this.#nonDma) this.#raiseInterrupt();
    else this.#move();
  }

  /** Lets DMA move what it takes. */
  #move(): void {
    const { transfer } = this.state;
    if (!transfer || transfer.accessing || transfer.kind === "verify" || this.#nonDma) return;
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
    const transfer = this.state.transfer!;
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
      this.#fail(ST1_NO_DATA);
    } else if (multiTrack && head === 0 && !counted && this.#layout(drive)?.heads === 2) {
      transfer.head = 1;
      transfer.sector = 1;
      this.#beginRun();
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
    const transfer = this.state.transfer!;
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
    this.#end(transfer.drive, { st0, st1, st2: st2 | transfer.st2, side, cylinder, head, sector });
  }

  #fail(st1: number, st2 = 0): void {
    const { drive, cylinder, head, sector } = this.state.transfer!;
    this.#end(drive, { st0: ST0_ABNORMAL, st1, st2, side: head, cylinder, head, sector });
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

  static readonly #INVALID: CommandSpec = { length: 1, run: (fdc) => fdc.#invalid() };

  /** By the low five bits of the code; what the upper three say (MT, MFM, SK) is the commands' own. [82077AA] table 5-1 */
  static readonly #COMMANDS: ReadonlyMap<number, CommandSpec> = new Map<number, CommandSpec>([
    [0x02, { length: 9, run: (fdc, bytes) => fdc.#transfer("read", bytes, { wholeTrack: true }) }],
    [0x03, { length: 3, run: (fdc, bytes) => fdc.#specify(bytes) }],
    [0x04, { length: 2, run: (fdc, bytes) => fdc.#senseDrive(bytes) }],
    [0x05, { length: 9, run: (fdc, bytes) => fdc.#transfer("write", bytes) }],
    [0x06, { length: 9, run: (fdc, bytes) => fdc.#transfer("read", bytes) }],
    [0x07, { length: 2, run: (fdc, bytes) => fdc.#recalibrate(bytes) }],
    [0x08, { length: 1, run: (fdc) => fdc.#senseInterrupt() }],
    [0x09, { length: 9, run: (fdc, bytes) => fdc.#transfer("write", bytes) }],
    [0x0a, { length: 2, run: (fdc, bytes) => fdc.#readId(bytes) }],
    [0x0c, { length: 9, run: (fdc, bytes) => fdc.#transfer("read", bytes, { deleted: true }) }],
    [0x0d, { length: 6, run: (fdc, bytes) => fdc.#format(bytes) }],
    [0x0e, { length: 1, run: (fdc) => fdc.#dumpRegisters() }],
    [
      0x0f,
      { length: 3, run: (fdc, bytes) => (bytes[0]! & 0x80 ? fdc.#relativeSeek(bytes) : fdc.#seek(bytes)) },
    ],
    [0x10, { length: 1, run: (fdc) => fdc.#version() }],
    [0x12, { length: 2, run: (fdc, bytes) => fdc.#perpendicularMode(bytes) }],
    [0x13, { length: 4, run: (fdc, bytes) => fdc.#configure(bytes) }],
    [0x14, { length: 1, run: (fdc, bytes) => fdc.#lock(bytes) }],
    [0x16, { length: 9, run: (fdc, bytes) => fdc.#transfer("verify", bytes) }],
  ]);

  static #commandOf(code: number): CommandSpec {
    return Fdc.#COMMANDS.get(code & 0x1f) ?? Fdc.#INVALID;
  }
}
