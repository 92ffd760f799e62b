import { defaultGeometry, type Geometry, identifyAta } from "./ata-identify.ts";
import { DEVICE_LBA, ErrorBits, IdeDrive, Status } from "./ide-drive.ts";
import type { Completion, Medium, Outcome } from "./medium.ts";

const SECTOR = 512;
/** Sectors moved from or to the medium at once: all of an LBA28 request, a mebibyte of an LBA48 one. */
const CHUNK_SECTORS = 2048;
const MAX_MULTIPLE = 16;

/** SET FEATURES' subcommands. [ATA] 8.46 */
const ENABLE_WRITE_CACHE = 0x02;
const SET_TRANSFER_MODE = 0x03;
const DISABLE_LOOK_AHEAD = 0x55;
const DISABLE_REVERTING = 0x66;
const DISABLE_WRITE_CACHE = 0x82;
const ENABLE_LOOK_AHEAD = 0xaa;
const ENABLE_REVERTING = 0xcc;

const POWER_ACTIVE = 0xff;

type Transfer = "read" | "write" | "verify";

interface Request {
  transfer: Transfer;
  dma: boolean;
  /** 48-bit addresses. */
  ext: boolean;
  /** Where the chunk under way begins. */
  sector: number;
  /** Sectors from there on. */
  remaining: number;
  /** Sectors of a DRQ block. */
  block: number;
}

interface AtaState {
  geometry: Geometry;
  multiple: number;
  transferMode: number;
  writeCache: boolean;
  lookAhead: boolean;
  request: Request | null;
  /** What is under way at the medium. */
  accessing: "load" | "store" | "flush" | null;
}

/** What a command does. A method's name; those with data also tell how. */
type Command =
  | { run: "transfer"; transfer: Transfer; ext?: boolean; dma?: boolean; multiple?: boolean }
  | { run: "abort" | "initializeParameters" | "setMultiple" | "checkPower" | "flush" }
  | { run: "identify" | "setFeatures" | "succeed" }
  | { run: "readNativeMax"; ext?: boolean };

const transfer = (
  kind: Transfer,
  options: { ext?: boolean; dma?: boolean; multiple?: boolean } = {},
): Command => ({
  run: "transfer",
  transfer: kind,
  ...options,
});

/** Commands by their code; those not here are aborted. [ATA] chapter 8 and annexes of its forerunners */
const COMMANDS: ReadonlyMap<number, Command> = new Map<number, Command>([
  [0x00, { run: "abort" }], // NOP always aborts
  [0x20, transfer("read")],
  [0x21, transfer("read")],
  [0x24, transfer("read", { ext: true })],
  [0x25, transfer("read", { ext: true, dma: true })],
  [0x27, { run: "readNativeMax", ext: true }],
  [0x29, transfer("read", { ext: true, multiple: true })],
  [0x30, transfer("write")],
  [0x31, transfer("write")],
  [0x34, transfer("write", { ext: true })],
  [0x35, transfer("write", { ext: true, dma: true })],
  [0x39, transfer("write", { ext: true, multiple: true })],
  [0x40, transfer("verify")],
  [0x41, transfer("verify")],
  [0x42, transfer("verify", { ext: true })],
  [0x91, { run: "initializeParameters" }],
  [0xc4, transfer("read", { multiple: true })],
  [0xc5, transfer("write", { multiple: true })],
  [0xc6, { run: "setMultiple" }],
  [0xc8, transfer("read", { dma: true })],
  [0xc9, transfer("read", { dma: true })],
  [0xca, transfer("write", { dma: true })],
  [0xcb, transfer("write", { dma: true })],
  // STANDBY IMMEDIATE, IDLE IMMEDIATE, STANDBY, IDLE, CHECK POWER MODE, SLEEP, by their old and new codes.
  [0x94, { run: "succeed" }],
  [0x95, { run: "succeed" }],
  [0x96, { run: "succeed" }],
  [0x97, { run: "succeed" }],
  [0x98, { run: "checkPower" }],
  [0x99, { run: "succeed" }],
  [0xe0, { run: "succeed" }],
  [0xe1, { run: "succeed" }],
  [0xe2, { run: "succeed" }],
  [0xe3, { run: "succeed" }],
  [0xe5, { run: "checkPower" }],
  [0xe6, { run: "succeed" }],
  [0xe7, { run: "flush" }],
  [0xea, { run: "flush" }],
  [0xec, { run: "identify" }],
  [0xef, { run: "setFeatures" }],
  [0xf8, { run: "readNativeMax" }],
]);

/** RECALIBRATE and SEEK take the low four bits of their code as a step rate of old. */
const RECALIBRATE = 0x10;
const SEEK = 0x70;

/**
 * ATA hard disk: CHS, LBA28 and LBA48; PIO, multiple and DMA. [ATA]
 *
 * Departures: power modes change nothing, the drive is always active; what is written goes to the medium at once,
 * with the write cache on too; a host's failure to read shows as UNC at the first sector of the part that failed, a
 * failure to write as a device fault, and a write to a read-only medium is aborted.
 */
export class AtaDrive extends IdeDrive<AtaState> {
  override readonly version = 1;
  readonly #medium: Medium;
  readonly #sectors: number;
  readonly #serial: string;

  constructor(name: string, medium: Medium, completion: Completion) {
    const sectors = Math.floor(medium.size / SECTOR);
    super(name, completion, () => ({
      geometry: defaultGeometry(sectors),
      multiple: 0,
      transferMode: 0,
      writeCache: true,
      lookAhead: true,
      request: null,
      accessing: null,
    }));
    this.#medium = medium;
    this.#sectors = sectors;
    this.#serial = `TB-${name.toUpperCase()}`;
  }

  protected override get signature() {
    return { lbaMid: 0, lbaHigh: 0, status: Status.DRDY | Status.DSC };
  }

  protected override execute(code: number): void {
    const command = COMMANDS.get(code);
    if (!command) {
      if ((code & 0xf0) === RECALIBRATE) this.#succeed();
      else if ((code & 0xf0) === SEEK) this.#seek();
      else this.#fail(ErrorBits.ABRT);
      return;
    }
    switch (command.run) {
      case "transfer":
        this.#begin(command);
        break;
      case "readNativeMax":
        this.#putAddress(this.#sectors - 1, command.ext ?? false);
        this.#succeed();
        break;
      case "initializeParameters":
        this.#initializeParameters();
        break;
      case "setMultiple":
        this.#setMultiple();
        break;
      case "checkPower":
        this.state.task.sectorCount = POWER_ACTIVE;
        this.#succeed();
        break;
      case "flush":
        this.#flush();
        break;
      case "identify":
        this.#identify();
        break;
      case "setFeatures":
        this.#setFeatures();
        break;
      case "succeed":
        this.#succeed();
        break;
      case "abort":
        this.#fail(ErrorBits.ABRT);
        break;
    }
  }

  protected override transferred(): void {
    const { state } = this;
    const { request } = state;
    if (!request) {
      // IDENTIFY's data has been read.
      this.#finish();
    } else if (!request.dma && state.position < state.buffer.length) {
      this.openBlock(request.transfer === "write" ? "out" : "in", request.block * SECTOR);
      this.raiseInterrupt();
    } else if (request.transfer === "write") {
      this.#store();
    } else {
      // A PIO read has interrupted for its last block already.
      this.#loadMore(request.dma);
    }
  }

  protected override resumeAccess(): void {
    const { accessing } = this.state;
    if (accessing === "load") this.#load();
    else if (accessing === "store") this.#store();
    else if (accessing === "flush") this.#flush();
  }

  protected override abandonCommand(): void {
    this.state.request = null;
    this.state.accessing = null;
  }

  #succeed(): void {
    this.state.status = Status.DRDY | Status.DSC;
    this.raiseInterrupt();
  }

  #fail(error: number, fault = 0): void {
    this.abandonCommand();
    this.endTransfer();
    this.state.error = error;
    this.state.status = Status.DRDY | Status.DSC | Status.ERR | fault;
    this.raiseInterrupt();
  }

  /** The command is over, its data moved. */
  #finish(): void {
    this.abandonCommand();
    this.endTransfer();
    this.state.status = Status.DRDY | Status.DSC;
  }

  #begin(command: Command & { run: "transfer" }): void {
    const { transfer: kind, ext = false, dma = false, multiple = false } = command;
    const { state } = this;
    if (multiple && state.multiple === 0) {
      this.#fail(ErrorBits.ABRT);
      return;
    }
    const sector = this.#address(ext);
    const remaining = this.#count(ext);
    if (sector < 0 || sector + remaining > this.#sectors) {
      this.#fail(ErrorBits.IDNF);
      return;
    }
    if (kind === "write" && this.#medium.readOnly) {
      this.#fail(ErrorBits.ABRT);
      return;
    }
    const block = multiple ? state.multiple : 1;
    state.request = { transfer: kind, dma, ext, sector, remaining, block };
    if (kind === "write") this.#collect(false);
    else this.#load();
  }

  /** The sector addressed by the registers, -1 for a CHS address that does not exist. */
  #address(ext: boolean): number {
    const { task, previous, device, geometry } = this.state;
    if (ext) {
      const low = task.lbaLow + task.lbaMid * 0x100 + task.lbaHigh * 0x1_0000;
      const high = previous.lbaLow + previous.lbaMid * 0x100 + previous.lbaHigh * 0x1_0000;
      return high * 0x100_0000 + low;
    }
    const head = device & 0x0f;
    if (device & DEVICE_LBA)
      return head * 0x100_0000 + task.lbaHigh * 0x1_0000 + task.lbaMid * 0x100 + task.lbaLow;
    const { heads, sectorsPerTrack } = geometry;
    if (task.lbaLow === 0 || task.lbaLow > sectorsPerTrack || head >= heads) return -1;
    const cylinder = task.lbaHigh * 0x100 + task.lbaMid;
    return (cylinder * heads + head) * sectorsPerTrack + task.lbaLow - 1;
  }

  #putAddress(sector: number, ext: boolean): void {
    const { task, previous, geometry } = this.state;
    if (!ext && (this.state.device & DEVICE_LBA) === 0) {
      const { heads, sectorsPerTrack } = geometry;
      const track = Math.floor(sector / sectorsPerTrack);
      const cylinder = Math.floor(track / heads);
      task.lbaLow = (sector % sectorsPerTrack) + 1;
      task.lbaMid = cylinder & 0xff;
      task.lbaHigh = (cylinder >> 8) & 0xff;
      this.state.device = (this.state.device & 0xf0) | (track % heads);
      return;
    }
    const limited = ext ? sector : Math.min(sector, 0x0fff_ffff);
    task.lbaLow = limited & 0xff;
    task.lbaMid = (limited >>> 8) & 0xff;
    task.lbaHigh = (limited >>> 16) & 0xff;
    const high = Math.floor(limited / 0x100_0000);
    if (ext) {
      previous.lbaLow = high & 0xff;
      previous.lbaMid = (high >>> 8) & 0xff;
      previous.lbaHigh = (high >>> 16) & 0xff;
    } else {
      this.state.device = (this.state.device & 0xf0) | high;
    }
  }

  #count(ext: boolean): number {
    const { task, previous } = this.state;
    return ext ? previous.sectorCount * 0x100 + task.sectorCount || 0x1_0000 : task.sectorCount || 0x100;
  }

  /** Reads the next chunk from the medium. */
  #load(): void {
    const { state } = this;
    const request = state.request!;
    const sectors = Math.min(request.remaining, CHUNK_SECTORS);
    const buffer = new Uint8Array(sectors * SECTOR);
    state.accessing = "load";
    state.direction = "none";
    this.beginAccess(
      () => this.#medium.read(request.sector * SECTOR, buffer),
      (outcome) => this.#loaded(request, buffer, outcome),
    );
  }

  #loaded(request: Request, buffer: Uint8Array, outcome: Outcome): void {
    const { state } = this;
    state.accessing = null;
    if (outcome === "failed") {
      this.#putAddress(request.sector, request.ext);
      this.#fail(ErrorBits.UNC);
      return;
    }
    state.buffer = buffer;
    state.position = 0;
    if (request.transfer === "verify") {
      this.#loadMore(true);
    } else if (request.dma) {
      this.requestDma("in");
    } else {
      this.openBlock("in", request.block * SECTOR);
      this.raiseInterrupt();
    }
  }

  /** The chunk in the buffer has been read: goes on to the next, or ends the command. */
  #loadMore(interruptAtEnd: boolean): void {
    this.#advance();
    if (this.state.request!.remaining > 0) {
      this.#load();
    } else {
      this.#finish();
      if (interruptAtEnd) this.raiseInterrupt();
    }
  }

  /** Asks the host for the next chunk to write. */
  #collect(interrupt: boolean): void {
    const { state } = this;
    const request = state.request!;
    state.buffer = new Uint8Array(Math.min(request.remaining, CHUNK_SECTORS) * SECTOR);
    state.position = 0;
    if (request.dma) {
      this.requestDma("out");
      return;
    }
    this.openBlock("out", request.block * SECTOR);
    if (interrupt) this.raiseInterrupt();
  }

  /** Writes the chunk to the medium. */
  #store(): void {
    const { state } = this;
    const request = state.request!;
    const { buffer } = state;
    state.accessing = "store";
    state.direction = "none";
    this.beginAccess(
      () => this.#medium.write(request.sector * SECTOR, buffer),
      (outcome) => {
        state.accessing = null;
        if (outcome === "failed") {
          this.#putAddress(request.sector, request.ext);
          this.#fail(ErrorBits.ABRT, Status.DF);
          return;
        }
        this.#advance();
        if (request.remaining > 0) {
          this.#collect(true);
        } else {
          this.#finish();
          this.raiseInterrupt();
        }
      },
    );
  }

  /** The chunk in the buffer is done. The registers then show the last sector, and how many are left. */
  #advance(): void {
    const { state } = this;
    const request = state.request!;
    const sectors = state.buffer.length / SECTOR;
    request.sector += sectors;
    request.remaining -= sectors;
    this.#putAddress(request.sector - 1, request.ext);
    state.task.sectorCount = request.remaining & 0xff;
    if (request.ext) state.previous.sectorCount = (request.remaining >> 8) & 0xff;
  }

  #flush(): void {
    this.state.accessing = "flush";
    this.beginAccess(
      () => this.#medium.flush(),
      (outcome) => {
        this.state.accessing = null;
        if (outcome === "failed") this.#fail(ErrorBits.ABRT, Status.DF);
        else this.#succeed();
      },
    );
  }

  #seek(): void {
    const sector = this.#address(false);
    if (sector < 0 || sector >= this.#sectors) this.#fail(ErrorBits.IDNF);
    else this.#succeed();
  }

  #initializeParameters(): void {
    const { task, device } = this.state;
    const heads = (device & 0x0f) + 1;
    const sectorsPerTrack = task.sectorCount;
    if (sectorsPerTrack === 0 || sectorsPerTrack > 63) {
      this.#fail(ErrorBits.ABRT);
      return;
    }
    const cylinders = Math.min(65_535, Math.max(1, Math.floor(this.#sectors / (heads * sectorsPerTrack))));
    this.state.geometry = { cylinders, heads, sectorsPerTrack };
    this.#succeed();
  }

  #setMultiple(): void {
    const count = this.state.task.sectorCount;
    const isPowerOfTwo = (count & (count - 1)) === 0;
    if (count > MAX_MULTIPLE || !isPowerOfTwo) {
      this.#fail(ErrorBits.ABRT);
      return;
    }
    this.state.multiple = count;
    this.#succeed();
  }

  #identify(): void {
    const { state } = this;
    state.buffer = identifyAta({
      ...state,
      serial: this.#serial,
      model: "TWINBOX HARDDISK",
      sectors: this.#sectors,
      maxMultiple: MAX_MULTIPLE,
    });
    state.position = 0;
    this.openBlock("in", SECTOR);
    this.raiseInterrupt();
  }

  #setFeatures(): void {
    const { state } = this;
    switch (state.task.features) {
      case ENABLE_WRITE_CACHE:
      case DISABLE_WRITE_CACHE:
        state.writeCache = state.task.features === ENABLE_WRITE_CACHE;
        break;
      case ENABLE_LOOK_AHEAD:
      case DISABLE_LOOK_AHEAD:
        state.lookAhead = state.task.features === ENABLE_LOOK_AHEAD;
        break;
      case ENABLE_REVERTING:
      case DISABLE_REVERTING:
        break;
      case SET_TRANSFER_MODE: {
        const mode = state.task.sectorCount;
        const known =
          mode <= 1 ||
          (mode & 0xf8) === 0x08 ||
          (mode >= 0x20 && mode <= 0x22) ||
          (mode >= 0x40 && mode <= 0x45);
        if (!known) {
          this.#fail(ErrorBits.ABRT);
          return;
        }
        state.transferMode = mode;
        break;
      }
      default:
        this.#fail(ErrorBits.ABRT);
        return;
    }
    this.#succeed();
  }
}
