import { addressOf, countOf, putAddress } from "./ata-address.ts";
import { type Command, commandOf, type Transfer } from "./ata-commands.ts";
import { defaultGeometry, type Geometry, identifyAta } from "./ata-identify.ts";
import { ErrorBits, IdeDrive, Status } from "./ide-drive.ts";
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

interface Request {
  transfer: Transfer;
  dma: boolean;
  /** 48-bit addresses. */
  ext: boolean;
  /** Where the chunk under way begins. */
  sector: number;
  /** Sectors from there on, as far as the disk goes. */
  remaining: number;
  /** How many more were asked for, beyond the disk's end. */
  beyond: number;
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
    const command = commandOf(code);
    switch (command.run) {
      case "transfer":
        this.#begin(command);
        break;
      case "seek":
        this.#seek();
        break;
      case "readNativeMax":
        putAddress(this.state, this.#sectors - 1, command.ext ?? false);
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
    const sector = addressOf(this.state, ext);
    const remaining = countOf(this.state, ext);
    const there = Math.min(remaining, this.#sectors - sector);
    const beyond = remaining - there;
    // By PIO what there is has been moved when the drive meets the end.
    if (sector < 0 || there <= 0 || (beyond > 0 && (dma || kind === "verify"))) {
      this.#fail(ErrorBits.IDNF);
      return;
    }
    if (kind === "write" && this.#medium.readOnly) {
      this.#fail(ErrorBits.ABRT);
      return;
    }
    const block = multiple ? state.multiple : 1;
    state.request = { transfer: kind, dma, ext, sector, remaining: there, beyond, block };
    if (kind === "write") this.#collect(false);
    else this.#load();
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
      putAddress(this.state, request.sector, request.ext);
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
    const { remaining, beyond } = this.state.request!;
    if (remaining > 0) {
      this.#load();
    } else if (beyond) {
      this.#meetEnd();
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
          putAddress(this.state, request.sector, request.ext);
          this.#fail(ErrorBits.ABRT, Status.DF);
          return;
        }
        this.#advance();
        if (request.remaining > 0) {
          this.#collect(true);
        } else if (request.beyond) {
          this.#meetEnd();
        } else {
          this.#finish();
          this.raiseInterrupt();
        }
      },
    );
  }

  /** The registers show the first sector that is not there, and how many are left. */
  #meetEnd(): void {
    const { ext, beyond } = this.state.request!;
    putAddress(this.state, this.#sectors, ext);
    this.#showLeft(beyond, ext);
    this.#fail(ErrorBits.IDNF);
  }

  #showLeft(sectors: number, ext: boolean): void {
    const { task, previous } = this.state;
    task.sectorCount = sectors & 0xff;
    if (ext) previous.sectorCount = (sectors >> 8) & 0xff;
  }

  /** The chunk in the buffer is done. The registers then show the last sector, and how many are left. */
  #advance(): void {
    const { state } = this;
    const request = state.request!;
    const sectors = state.buffer.length / SECTOR;
    request.sector += sectors;
    request.remaining -= sectors;
    putAddress(this.state, request.sector - 1, request.ext);
    this.#showLeft(request.remaining, request.ext);
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
    const sector = addressOf(this.state, false);
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
