import {
  type AtapiState,
  EVENT_MEDIA_REMOVAL,
  EVENT_NEW_MEDIA,
  EVENT_NONE,
  INVALID_COMMAND,
  INVALID_FIELD,
  MEDIUM_CHANGED,
  NO_MEDIUM,
  NO_SENSE,
  OUT_OF_RANGE,
  PACKET_COMMANDS,
  type Packet,
  READ_ERROR,
  TRAY_OPEN,
} from "./atapi-commands.ts";
import { CD_BLOCK, identifyPacket, type Sense } from "./atapi-replies.ts";
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
