// What each command of the floppy controller does. [82077AA] chapter 5

import type { FdcState } from "./fdc-state.ts";
import { type FloppyLayout, isReadable, SECTOR_SIZE_CODE } from "./floppy-disk.ts";
import {
  type FloppyTransfer,
  type ResultPhase,
  ST0_ABNORMAL,
  ST1_MISSING_ADDRESS_MARK,
  ST1_NO_DATA,
  ST2_CONTROL_MARK,
  type TransferKind,
} from "./floppy-transfer.ts";
import type { Medium } from "./medium.ts";

const ST0_INVALID = 0x80;
const ST0_SEEK_END = 0x20;
const ST0_EQUIPMENT_CHECK = 0x10;
const ST3_WRITE_PROTECTED = 0x40;
const ST3_TRACK_0 = 0x10;
/** Ready and two-sided: both always. */
const ST3_ALWAYS = 0x28;

export const CONFIGURE_IMPLIED_SEEK = 0x40;
export const CONFIGURE_POLL_DISABLE = 0x10;
export const SPECIFY_NON_DMA = 0x01;
const COMMAND_MULTI_TRACK = 0x80;
const LOCK = 0x80;
const PERPENDICULAR_OVERWRITE = 0x80;
const VERIFY_ENABLE_COUNT = 0x80;

const VERSION_82077AA = 0x90;

/** What a command may see and do of the controller. */
export interface CommandHost {
  readonly state: FdcState;
  /** Data rate selected, in kbit/s. */
  readonly rate: number;
  readonly execution: FloppyTransfer;
  medium(drive: number): Medium | null | undefined;
  drivePresent(drive: number): boolean;
  layout(drive: number): FloppyLayout | null;
  /** To the result phase with these bytes. */
  reply(...bytes: number[]): void;
  /** To the result phase of a command that knows of sectors. */
  end(drive: number, result: ResultPhase): void;
  lowerInterrupt(): void;
  /** The head is under way to a cylinder; `st0` is what SENSE INTERRUPT STATUS will tell. */
  startSeek(drive: number, cylinder: number, st0: number): void;
  /** The head is at a cylinder. */
  step(drive: number, cylinder: number): void;
}

export interface CommandSpec {
  /** Bytes with the command's own. */
  length: number;
  run: (host: CommandHost, bytes: number[]) => void;
}

function invalid(host: CommandHost): void {
  host.reply(ST0_INVALID);
}

function specify(host: CommandHost, [, first, second]: number[]): void {
  host.state.specify = [first!, second!];
}

function senseDrive(host: CommandHost, [, select]: number[]): void {
  const drive = select! & 3;
  const protectedBit = host.medium(drive)?.readOnly ? ST3_WRITE_PROTECTED : 0;
  const track0 = host.drivePresent(drive) && host.state.drives[drive]!.cylinder === 0 ? ST3_TRACK_0 : 0;
  host.reply(ST3_ALWAYS | protectedBit | track0 | (select! & 7));
}

function senseInterrupt(host: CommandHost): void {
  const { drives } = host.state;
  const drive = drives.find((one) => one.sense !== null);
  if (!drive) {
    invalid(host);
    return;
  }
  host.reply(drive.sense!, drive.cylinder);
  drive.sense = null;
  host.lowerInterrupt();
}

function recalibrate(host: CommandHost, [, select]: number[]): void {
  // Track 0 of a drive that is not there never comes.
  const missing = host.drivePresent(select! & 3) ? 0 : ST0_ABNORMAL | ST0_EQUIPMENT_CHECK;
  host.startSeek(select! & 3, 0, ST0_SEEK_END | missing | (select! & 3));
}

function seek(host: CommandHost, [, select, cylinder]: number[]): void {
  host.startSeek(select! & 3, cylinder!, ST0_SEEK_END | (select! & 7));
}

/** DIR (bit 6 of the command) set steps towards higher cylinders. */
function relativeSeek(host: CommandHost, [command, select, steps]: number[]): void {
  const drive = host.state.drives[select! & 3]!;
  const target = drive.cylinder + (command! & 0x40 ? steps! : -steps!);
  host.startSeek(select! & 3, Math.max(0, target), ST0_SEEK_END | (select! & 7));
}

function readId(host: CommandHost, [, select]: number[]): void {
  const index = select! & 3;
  const head = (select! >> 2) & 1;
  const drive = host.state.drives[index]!;
  const layout = host.layout(index);
  host.state.phase = "execution";
  const readable = layout && isReadable(layout, host.rate, drive.cylinder, head);
  if (readable) drive.passing = (drive.passing % layout.sectorsPerTrack) + 1;
  host.end(index, {
    st0: readable ? 0 : ST0_ABNORMAL,
    st1: readable ? 0 : ST1_MISSING_ADDRESS_MARK,
    st2: 0,
    side: head,
    cylinder: drive.cylinder,
    head,
    sector: readable ? drive.passing : 1,
  });
}

function dumpRegisters(host: CommandHost): void {
  const { drives, specify, lastEndOfTrack, locked, perpendicular, configure, pretrack } = host.state;
  host.reply(
    ...drives.map(({ cylinder }) => cylinder),
    ...specify,
    lastEndOfTrack,
    (locked ? LOCK : 0) | (perpendicular & 0x7f),
    configure,
    pretrack,
  );
}

function version(host: CommandHost): void {
  host.reply(VERSION_82077AA);
}

function perpendicularMode(host: CommandHost, [, value]: number[]): void {
  const { state } = host;
  // The drives' bits are written with OW only.
  const drives = value! & PERPENDICULAR_OVERWRITE ? value! & 0x3c : state.perpendicular & 0x3c;
  state.perpendicular = drives | (value! & 0x03);
}

function configure(host: CommandHost, [, , value, pretrack]: number[]): void {
  host.state.configure = value! & 0x7f;
  host.state.pretrack = pretrack!;
}

function lock(host: CommandHost, [command]: number[]): void {
  host.state.locked = (command! & LOCK) !== 0;
  host.reply(host.state.locked ? 0x10 : 0);
}

/** READ, WRITE and VERIFY, of a track's rest or, with MT, of both sides'. */
function transfer(
  host: CommandHost,
  kind: TransferKind,
  bytes: number[],
  options: { wholeTrack?: boolean; deleted?: boolean } = {},
): void {
  const [command, select, cylinder, head, sector, , endOfTrack, , dataLength] = bytes as [
    number,
    ...number[],
  ];
  const counts = kind === "verify" && (select! & VERIFY_ENABLE_COUNT) !== 0;
  begin(host, {
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
  if (host.state.configure & CONFIGURE_IMPLIED_SEEK) host.step(select! & 3, cylinder!);
  const sizeFits = bytes[5] === SECTOR_SIZE_CODE && head === ((select! >> 2) & 1);
  if (sizeFits) host.execution.beginRun();
  else host.execution.fail(ST1_NO_DATA);
}

function format(host: CommandHost, [, select, sizeCode, sectors, , filler]: number[]): void {
  const drive = select! & 3;
  begin(host, {
    kind: "format",
    drive,
    multiTrack: false,
    cylinder: host.state.drives[drive]!.cylinder,
    head: (select! >> 2) & 1,
    sector: 1,
    endOfTrack: sectors!,
    remaining: Number.POSITIVE_INFINITY,
    st2: 0,
    filler: filler!,
  });
  const layout = host.layout(drive);
  // An image cannot take another number of sectors, or of other sizes, than it has.
  const fits = sectors! > 0 && sizeCode === SECTOR_SIZE_CODE && sectors! <= (layout?.sectorsPerTrack ?? 255);
  if (fits) host.execution.beginRun();
  else host.execution.fail(ST1_NO_DATA);
}

function begin(host: CommandHost, parameters: Parameters<FloppyTransfer["begin"]>[0]): void {
  host.state.phase = "execution";
  host.state.lastEndOfTrack = parameters.endOfTrack;
  host.execution.begin(parameters);
}

const INVALID: CommandSpec = { length: 1, run: (host) => invalid(host) };

/** By the low five bits of the code; what the upper three say (MT, MFM, SK) is the commands' own. [82077AA] table 5-1 */
const COMMANDS: ReadonlyMap<number, CommandSpec> = new Map<number, CommandSpec>([
  [0x02, { length: 9, run: (host, bytes) => transfer(host, "read", bytes, { wholeTrack: true }) }],
  [0x03, { length: 3, run: (host, bytes) => specify(host, bytes) }],
  [0x04, { length: 2, run: (host, bytes) => senseDrive(host, bytes) }],
  [0x05, { length: 9, run: (host, bytes) => transfer(host, "write", bytes) }],
  [0x06, { length: 9, run: (host, bytes) => transfer(host, "read", bytes) }],
  [0x07, { length: 2, run: (host, bytes) => recalibrate(host, bytes) }],
  [0x08, { length: 1, run: (host) => senseInterrupt(host) }],
  [0x09, { length: 9, run: (host, bytes) => transfer(host, "write", bytes) }],
  [0x0a, { length: 2, run: (host, bytes) => readId(host, bytes) }],
  [0x0c, { length: 9, run: (host, bytes) => transfer(host, "read", bytes, { deleted: true }) }],
  [0x0d, { length: 6, run: (host, bytes) => format(host, bytes) }],
  [0x0e, { length: 1, run: (host) => dumpRegisters(host) }],
  [
    0x0f,
    { length: 3, run: (host, bytes) => (bytes[0]! & 0x80 ? relativeSeek(host, bytes) : seek(host, bytes)) },
  ],
  [0x10, { length: 1, run: (host) => version(host) }],
  [0x12, { length: 2, run: (host, bytes) => perpendicularMode(host, bytes) }],
  [0x13, { length: 4, run: (host, bytes) => configure(host, bytes) }],
  [0x14, { length: 1, run: (host, bytes) => lock(host, bytes) }],
  [0x16, { length: 9, run: (host, bytes) => transfer(host, "verify", bytes) }],
]);

/** Of the first byte of a command. */
export const commandOf = (code: number): CommandSpec => COMMANDS.get(code & 0x1f) ?? INVALID;
