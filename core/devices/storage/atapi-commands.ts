// What each packet command of a CD-ROM drive does. [MMC]

import {
  capacity,
  configuration,
  discInformation,
  fullToc,
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

export const NO_SENSE: Sense = { key: 0, asc: 0, ascq: 0 };
export const NO_MEDIUM: Sense = { key: 2, asc: 0x3a, ascq: 1 };
export const TRAY_OPEN: Sense = { key: 2, asc: 0x3a, ascq: 2 };
export const READ_ERROR: Sense = { key: 3, asc: 0x11, ascq: 0 };
export const INVALID_COMMAND: Sense = { key: 5, asc: 0x20, ascq: 0 };
export const OUT_OF_RANGE: Sense = { key: 5, asc: 0x21, ascq: 0 };
export const INVALID_FIELD: Sense = { key: 5, asc: 0x24, ascq: 0 };
const SAVING_UNSUPPORTED: Sense = { key: 5, asc: 0x39, ascq: 0 };
const REMOVAL_PREVENTED: Sense = { key: 5, asc: 0x53, ascq: 2 };
export const MEDIUM_CHANGED: Sense = { key: 6, asc: 0x28, ascq: 0 };

/** Media events. [MMC] 5.4.3.4 */
export const EVENT_NONE = 0;
export const EVENT_NEW_MEDIA = 2;
export const EVENT_MEDIA_REMOVAL = 3;

/** The state of a packet drive beside that of every IDE drive. */
export interface AtapiState {
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

export type Packet = Uint8Array;

const u16 = (packet: Packet, at: number): number => (packet[at]! << 8) | packet[at + 1]!;
const u24 = (packet: Packet, at: number): number => (packet[at]! << 16) | u16(packet, at + 1);
const u32 = (packet: Packet, at: number): number => ((u16(packet, at) << 16) | u16(packet, at + 2)) >>> 0;

export interface PacketCommand {
  /** Carried out without a look at a pending unit attention. */
  quiet?: boolean;
  /** Needs a medium in a closed tray. */
  needsMedium?: boolean;
  run(drive: PacketHost, packet: Packet): void;
}

/** What a packet command may do to its drive. */
export interface PacketHost {
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
export const PACKET_COMMANDS: ReadonlyMap<number, PacketCommand> = new Map<number, PacketCommand>([
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
