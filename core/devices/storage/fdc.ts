import type { Alarm, Clock } from "../../board/clock.ts";
import type { BusTarget, Device, Line } from "../../board/device.ts";
import { DATA_RATES, type FloppyLayout, floppyLayout, isReadable, SECTOR_SIZE_CODE } from "./floppy-disk.ts";
import {
  type FloppyDma,
  FloppyTransfer,
  type ResultPhase,
  ST0_ABNORMAL,
  ST1_MISSING_ADDRESS_MARK,
  ST1_NO_DATA,
  ST2_CONTROL_MARK,
  type Transfer,
  type TransferHost,
  type TransferKind,
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

const ST0_INVALID = 0x80;
const ST0_POLLING = 0xc0;
const ST0_SEEK_END = 0x20;
const ST0_EQUIPMENT_CHECK = 0x10;
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
  readonly #clock: Clock;
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
    this.#execution = new FloppyTransfer(this.#host(), wiring.dma, wiring.completion);
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

  /** What a transfer may see and do of the controller. */
  #host(): TransferHost {
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
      medium: (drive) => this.#media[drive],
      layout: (drive) => this.#layout(drive),
      raiseInterrupt: () => this.#raiseInterrupt(),
      onActivity: (drive) => this.onActivity(drive),
      end: (drive, result) => this.#end(drive, result),
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
    const readable = layout && isReadable(layout, this.#rate, drive.cylinder, head);
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
    if (sizeFits) this.#execution.beginRun();
    else this.#execution.fail(ST1_NO_DATA);
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
    if (fits) this.#execution.beginRun();
    else this.#execution.fail(ST1_NO_DATA);
  }

  #begin(transfer: Parameters<FloppyTransfer["begin"]>[0]): void {
    this.state.phase = "execution";
    this.state.lastEndOfTrack = transfer.endOfTrack;
    this.#execution.begin(transfer);
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
