import {
  CD_BLOCK,
  capacity,
  configuration,
  discInformation,
  fullToc,
  identifyPacket,
  inquiry,
  mechanismStatus,
  mediaEvent,
  modePages,
  modeSense6,
  modeSense10,
  type Sense,
  senseData,
  sessionToc,
  subChannel,
  trackInformation,
  trackToc,
} from "./atapi-replies.ts";
import { ErrorBits, IdeDrive, Status } from "./ide-drive.ts";
import type { Completion, Medium } from "./medium.ts";

/** Commands of the ATA register interface that a packet drive knows. [ATA] */
const PACKET = 0xa0;
const IDENTIFY_PACKET_DEVICE = 0xa1;
const SET_FEATURES = 0xef;
const SET_TRANSFER_MODE = 0x03;
/** IDLE IMMEDIATE, STANDBY IMMEDIATE, SLEEP. */
const POWER_COMMANDS = [0xe0, 0xe1, 0xe6];
const CHECK_POWER_MODE = 0xe5;
const POWER_ACTIVE = 0xff;
/** Commands for disks: a packet drive aborts them and shows its signature. */
const DISK_COMMANDS = [0x20, 0x21, 0x24, 0xec];

const FEATURE_DMA = 0x01;
/** Interrupt reason, in the sector count register. */
const REASON_COMMAND = 0x01;
const REASON_TO_HOST = 0x02;

const PACKET_LENGTH = 12;
/** Blocks read from the medium at once. */
const CHUNK_BLOCKS = 256;
const MAX_BYTE_COUNT = 0xfffe;

const NO_SENSE: Sense = { key: 0, asc: 0, ascq: 0 };
const NO_MEDIUM: Sense = { key: 2, asc: 0x3a, ascq: 1 };
const TRAY_OPEN: Sense = { key: 2, asc: 0x3a, ascq: 2 };
const READ_ERROR: Sense = { key: 3, asc: 0x11, ascq: 0 };
const INVALID_COMMAND: Sense = { key: 5, asc: 0x20, ascq: 0 };
const OUT_OF_RANGE: Sense = { key: 5, asc: 0x21, ascq: 0 };
const INVALID_FIELD: Sense = { key: 5, asc: 0x24, ascq: 0 };
const SAVING_UNSUPPORTED: Sense = { key: 5, asc: 0x39, ascq: 0 };
const REMOVAL_PREVENTED: Sense = { key: 5, asc: 0x53, ascq: 2 };
const MEDIUM_CHANGED: Sense = { key: 6, asc: 0x28, ascq: 0 };

/** Media events. [MMC] 5.4.3.4 */
const EVENT_NONE = 0;
const EVENT_NEW_MEDIA = 2;
const EVENT_MEDIA_REMOVAL = 3;

interface AtapiState {
  transferMode: number;
  /** What the buffer holds: the packet being written by the host, or data for it. */
  phase: "packet" | "identify" | "data" | null;
  /** The data of the present packet goes by DMA. */
  packetDma: boolean;
  /** Most bytes of a DRQ block, as the host has set it. */
  byteCount: number;
  /** Blocks still to be read from the medium. */
  reading: { block: number; remaining: number } | null;
  accessing: boolean;
  sense: Sense;
  /** A new medium the host has not been told of yet. */
  attention: boolean;
  event: number;
  trayOpen: boolean;
  locked: boolean;
}

const powerOn = (): AtapiState => ({
  transferMode: 0,
  phase: null,
  packetDma: false,
  byteCount: 0,
  reading: null,
  accessing: false,
  sense: NO_SENSE,
  attention: false,
  event: EVENT_NONE,
  trayOpen: false,
  locked: false,
});

type Packet = Uint8Array;

const u16 = (packet: Packet, at: number): number => (packet[at]! << 8) | packet[at + 1]!;
const u24 = (packet: Packet, at: number): number => (packet[at]! << 16) | u16(packet, at + 1);
const u32 = (packet: Packet, at: number): number => ((u16(packet, at) << 16) | u16(packet, at + 2)) >>> 0;

interface PacketCommand {
  /** Carried out without a look at a pending unit attention. */
  quiet?: boolean;
  /** Needs a medium in a closed tray. */
  needsMedium?: boolean;
  run(drive: PacketHost, packet: Packet): void;
}

/** What a packet command may do to its drive. */
interface PacketHost {
  state: AtapiState;
  /** Blocks of the medium; null while none is ready. */
  readonly blocks: number | null;
  /** Sends data, `allocation` bytes at most. */
  reply(data: number[] | null, allocation: number): void;
  succeed(): void;
  check(sense: Sense): void;
  read(block: number, count: number): void;
  openTray(): void;
  closeTray(): void;
}

const medium = (host: PacketHost) =>
  host.blocks !== null ? "present" : host.state.trayOpen ? "open" : "empty";

function modeSense(host: PacketHost, packet: Packet, six: boolean): void {
  if (packet[2]! >> 6 === 3) {
    host.check(SAVING_UNSUPPORTED);
    return;
  }
  const pages = modePages(packet[2]! & 0x3f, host.state.locked);
  const build = six ? modeSense6 : modeSense10;
  host.reply(pages && build(pages, medium(host)), six ? packet[4]! : u16(packet, 7));
}

function startStop(host: PacketHost, packet: Packet): void {
  const loadEject = (packet[4]! & 2) !== 0;
  const start = (packet[4]! & 1) !== 0;
  if (loadEject && !start) {
    if (host.state.locked) {
      host.check(REMOVAL_PREVENTED);
      return;
    }
    host.openTray();
  } else if (loadEject) {
    host.closeTray();
  }
  host.succeed();
}

function readToc(host: PacketHost, packet: Packet): void {
  const asMsf = (packet[1]! & 2) !== 0;
  // Old packet drives had the format in the last byte.
  const format = packet[2]! & 0x0f || packet[9]! >> 6;
  const blocks = host.blocks!;
  const toc =
    format === 0
      ? trackToc(packet[6]!, asMsf, blocks)
      : format === 1
        ? sessionToc(asMsf)
        : format === 2
          ? fullToc(blocks)
          : null;
  host.reply(toc, u16(packet, 7));
}

/** Only user data can be asked for: the medium holds nothing else of a sector. */
function readCd(host: PacketHost, packet: Packet): void {
  const sectorType = (packet[1]! >> 2) & 7;
  const fields = packet[9]! & 0xf8;
  const subChannels = packet[10]! & 7;
  if (fields === 0 && subChannels === 0) host.succeed();
  else if (fields !== 0x10 || subChannels !== 0 || (sectorType !== 0 && sectorType !== 2))
    host.check(INVALID_FIELD);
  else host.read(u32(packet, 2), u24(packet, 6));
}

function getConfiguration(host: PacketHost, packet: Packet): void {
  const kind = packet[1]! & 3;
  const request = kind === 0 ? "all" : kind === 1 ? "current" : kind === 2 ? "only" : null;
  host.reply(request && configuration(u16(packet, 2), request, host.blocks), u16(packet, 7));
}

function getEventStatus(host: PacketHost, packet: Packet): void {
  const { state } = host;
  if ((packet[1]! & 1) === 0) {
    // Asynchronous notification does not exist here.
    host.check(INVALID_FIELD);
    return;
  }
  const wanted = (packet[4]! & 0x10) !== 0;
  const reply = mediaEvent(wanted, state.event, host.blocks !== null, state.trayOpen);
  if (wanted) state.event = EVENT_NONE;
  host.reply(reply, u16(packet, 7));
}

/** By operation code. [MMC] chapter 5 */
const PACKET_COMMANDS: ReadonlyMap<number, PacketCommand> = new Map<number, PacketCommand>([
  // TEST UNIT READY
  [0x00, { needsMedium: true, run: (host) => host.succeed() }],
  // REQUEST SENSE
  [
    0x03,
    {
      quiet: true,
      run(host, packet) {
        const { state } = host;
        const pending = state.sense.key === 0 && state.attention;
        if (pending) state.attention = false;
        host.reply(senseData(pending ? MEDIUM_CHANGED : state.sense), packet[4]!);
        state.sense = NO_SENSE;
      },
    },
  ],
  // INQUIRY; no vital product data
  [0x12, { quiet: true, run: (host, packet) => host.reply(packet[1]! & 1 ? null : inquiry(), packet[4]!) }],
  // MODE SENSE (6)
  [0x1a, { run: (host, packet) => modeSense(host, packet, true) }],
  // START STOP UNIT
  [0x1b, { run: startStop }],
  // PREVENT ALLOW MEDIUM REMOVAL
  [
    0x1e,
    {
      run(host, packet) {
        host.state.locked = (packet[4]! & 1) !== 0;
        host.succeed();
      },
    },
  ],
  // READ CAPACITY
  [0x25, { needsMedium: true, run: (host) => host.reply(capacity(host.blocks!), 8) }],
  // READ (10)
  [0x28, { needsMedium: true, run: (host, packet) => host.read(u32(packet, 2), u16(packet, 7)) }],
  // SEEK
  [
    0x2b,
    {
      needsMedium: true,
      run: (host, packet) => (u32(packet, 2) < host.blocks! ? host.succeed() : host.check(OUT_OF_RANGE)),
    },
  ],
  // READ SUB-CHANNEL
  [
    0x42,
    {
      needsMedium: true,
      run: (host, packet) =>
        host.reply(
          subChannel(packet[3]!, (packet[2]! & 0x40) !== 0, 0, (packet[1]! & 2) !== 0),
          u16(packet, 7),
        ),
    },
  ],
  // READ TOC/PMA/ATIP
  [0x43, { needsMedium: true, run: readToc }],
  // GET CONFIGURATION
  [0x46, { quiet: true, run: getConfiguration }],
  // GET EVENT STATUS NOTIFICATION
  [0x4a, { quiet: true, run: getEventStatus }],
  // READ DISC INFORMATION
  [0x51, { needsMedium: true, run: (host, packet) => host.reply(discInformation(), u16(packet, 7)) }],
  // READ TRACK INFORMATION
  [
    0x52,
    {
      needsMedium: true,
      run(host, packet) {
        const byTrack = (packet[1]! & 3) === 1;
        const exists = byTrack ? u32(packet, 2) === 1 : u32(packet, 2) < host.blocks!;
        host.reply(exists ? trackInformation(host.blocks!) : null, u16(packet, 7));
      },
    },
  ],
  // MODE SENSE (10)
  [0x5a, { run: (host, packet) => modeSense(host, packet, false) }],
  // READ (12)
  [0xa8, { needsMedium: true, run: (host, packet) => host.read(u32(packet, 2), u32(packet, 6)) }],
  // SET CD SPEED
  [0xbb, { run: (host) => host.succeed() }],
  // MECHANISM STATUS
  [0xbd, { run: (host, packet) => host.reply(mechanismStatus(host.state.trayOpen), u16(packet, 8)) }],
  // READ CD
  [0xbe, { needsMedium: true, run: readCd }],
]);

/**
 * ATAPI CD-ROM drive with a tray, for media of 2048-byte blocks: one session, one data track. [ATA] [MMC]
 *
 * Departures: commands take no time but that of the medium; READ CD gives user data only.
 */
export class AtapiDrive extends IdeDrive<AtapiState> {
  override readonly version = 1;
  /** Called when the guest opens the tray. */
  onEject: () => void = () => {};
  #medium: Medium | null;
  readonly #serial: string;

  constructor(name: string, medium: Medium | null, completion: Completion) {
    super(name, completion, powerOn);
    this.#medium = medium;
    this.#serial = `TB-${name.toUpperCase()}`;
  }

  /** The person puts another medium into the drive, or takes the one that is there out. */
  insert(medium: Medium | null): void {
    this.#medium = medium;
    this.state.trayOpen = false;
    this.state.attention = medium !== null;
    this.state.event = medium ? EVENT_NEW_MEDIA : EVENT_MEDIA_REMOVAL;
    // What was being read is no longer there.
    if (this.state.accessing) {
      this.access.abandon();
      this.#check(medium ? MEDIUM_CHANGED : NO_MEDIUM);
    }
  }

  override deviceReset(): void {
    this.diagnose();
    this.state.interrupt = false;
    this.onChange();
  }

  /** A reset of the bus leaves tray, lock and what there is to tell of the medium. */
  override reset(): void {
    const { trayOpen, attention, event } = this.state;
    super.reset();
    Object.assign(this.state, { trayOpen, attention, event });
  }

  protected override get signature() {
    return { lbaMid: 0x14, lbaHigh: 0xeb, status: 0 };
  }

  protected override execute(command: number): void {
    const { state } = this;
    if (command === PACKET) {
      this.#beginPacket();
    } else if (command === IDENTIFY_PACKET_DEVICE) {
      state.phase = "identify";
      state.buffer = identifyPacket(this.#serial, state.transferMode);
      state.position = 0;
      this.openBlock("in", state.buffer.length);
      this.raiseInterrupt();
    } else if (command === SET_FEATURES && state.task.features === SET_TRANSFER_MODE) {
      state.transferMode = state.task.sectorCount;
      this.#finish(Status.DRDY | Status.DSC);
    } else if (command === CHECK_POWER_MODE) {
      state.task.sectorCount = POWER_ACTIVE;
      this.#finish(Status.DRDY | Status.DSC);
    } else if (POWER_COMMANDS.includes(command)) {
      this.#finish(Status.DRDY | Status.DSC);
    } else {
      if (DISK_COMMANDS.includes(command)) this.postSignature();
      state.error = ErrorBits.ABRT;
      this.#finish(Status.DRDY | Status.ERR);
    }
  }

  protected override transferred(): void {
    const { state } = this;
    if (state.phase === "packet") {
      const packet = state.buffer;
      this.endTransfer();
      state.phase = null;
      this.#run(packet);
    } else if (state.phase === "identify") {
      this.endTransfer();
      state.phase = null;
      state.status = Status.DRDY | Status.DSC;
    } else if (state.position < state.buffer.length) {
      this.#offer();
    } else if (state.reading && state.reading.remaining > 0) {
      this.#load();
    } else {
      this.#succeed();
    }
  }

  protected override resumeAccess(): void {
    if (this.state.accessing) this.#load();
  }

  protected override abandonCommand(): void {
    const { state } = this;
    state.phase = null;
    state.reading = null;
    state.accessing = false;
  }

  get #blocks(): number | null {
    if (!this.#medium || this.state.trayOpen) return null;
    return Math.floor(this.#medium.size / CD_BLOCK);
  }

  #beginPacket(): void {
    const { state } = this;
    const { task } = state;
    state.packetDma = (task.features & FEATURE_DMA) !== 0;
    state.byteCount = task.lbaMid | (task.lbaHigh << 8);
    state.phase = "packet";
    state.buffer = new Uint8Array(PACKET_LENGTH);
    state.position = 0;
    task.sectorCount = REASON_COMMAND;
    this.openBlock("out", PACKET_LENGTH);
  }

  #run(packet: Packet): void {
    const { state } = this;
    const command = PACKET_COMMANDS.get(packet[0]!);
    if (!command) {
      this.#check(INVALID_COMMAND);
      return;
    }
    if (!command.quiet) {
      state.sense = NO_SENSE;
      if (state.attention) {
        state.attention = false;
        this.#check(MEDIUM_CHANGED);
        return;
      }
    }
    if (command.needsMedium && this.#blocks === null) {
      this.#check(state.trayOpen ? TRAY_OPEN : NO_MEDIUM);
      return;
    }
    command.run(
      {
        state,
        blocks: this.#blocks,
        reply: (data, allocation) => this.#reply(data, allocation),
        succeed: () => this.#succeed(),
        check: (sense) => this.#check(sense),
        read: (block, count) => this.#read(block, count),
        openTray: () => this.#openTray(),
        closeTray: () => this.#closeTray(),
      },
      packet,
    );
  }

  #openTray(): void {
    if (this.state.trayOpen) return;
    this.state.trayOpen = true;
    this.state.event = EVENT_MEDIA_REMOVAL;
    this.onEject();
  }

  #closeTray(): void {
    if (!this.state.trayOpen) return;
    this.state.trayOpen = false;
    if (!this.#medium) return;
    this.state.attention = true;
    this.state.event = EVENT_NEW_MEDIA;
  }

  #reply(data: number[] | null, allocation: number): void {
    if (!data) {
      this.#check(INVALID_FIELD);
      return;
    }
    const { state } = this;
    state.buffer = Uint8Array.from(data.slice(0, allocation));
    state.position = 0;
    if (state.buffer.length === 0) this.#succeed();
    else this.#offer();
  }

  #read(block: number, count: number): void {
    const blocks = this.#blocks!;
    if (block + count > blocks) {
      this.#check(OUT_OF_RANGE);
    } else if (count === 0) {
      this.#succeed();
    } else {
      this.state.reading = { block, remaining: count };
      this.#load();
    }
  }

  /** Reads the next chunk from the medium. */
  #load(): void {
    const { state } = this;
    const medium = this.#medium;
    const reading = state.reading!;
    if (!medium) {
      this.#check(NO_MEDIUM);
      return;
    }
    const blocks = Math.min(reading.remaining, CHUNK_BLOCKS);
    const buffer = new Uint8Array(blocks * CD_BLOCK);
    state.accessing = true;
    state.direction = "none";
    this.beginAccess(
      () => medium.read(reading.block * CD_BLOCK, buffer),
      (outcome) => {
        state.accessing = false;
        if (outcome === "failed") {
          this.#check(READ_ERROR);
          return;
        }
        reading.block += blocks;
        reading.remaining -= blocks;
        state.buffer = buffer;
        state.position = 0;
        this.#offer();
      },
    );
  }

  /** Lets the host take what is in the buffer: all of it by DMA, or the next block of the size it has asked for. */
  #offer(): void {
    const { state } = this;
    state.phase = "data";
    state.task.sectorCount = REASON_TO_HOST;
    if (state.packetDma) {
      this.requestDma("in");
      return;
    }
    const left = state.buffer.length - state.position;
    let length = Math.min(state.byteCount || MAX_BYTE_COUNT, MAX_BYTE_COUNT, left);
    // Only the last block may be odd.
    if (length < left && length > 1) length &= ~1;
    state.task.lbaMid = length & 0xff;
    state.task.lbaHigh = length >> 8;
    this.openBlock("in", length);
    this.raiseInterrupt();
  }

  #succeed(): void {
    this.#end(Status.DRDY | Status.DSC);
  }

  #check(sense: Sense): void {
    this.state.sense = sense;
    this.state.error = (sense.key << 4) | ErrorBits.ABRT;
    this.#end(Status.DRDY | Status.ERR);
  }

  /** The end of a packet command. */
  #end(status: number): void {
    this.state.task.sectorCount = REASON_COMMAND | REASON_TO_HOST;
    this.#finish(status);
  }

  #finish(status: number): void {
    this.abandonCommand();
    this.endTransfer();
    this.state.status = status;
    this.raiseInterrupt();
  }
}
