import { crc32 } from "../base/crc32.ts";
import { TwinboxError } from "../base/errors.ts";
import type { PlainState } from "./device.ts";
import { bytesOf, type PageRuns, piecesOf, scatterPages, usedPages } from "./page-runs.ts";
import { decodePlain, encodePlain } from "./plain-codec.ts";

/** A whole machine, as one file holds it: docs/snapshot-format.md. */
export interface SnapshotParts {
  /** What the machine is (memory size, drives' slots and sizes, firmware's checksum …); compared on load. */
  machine: PlainState;
  /** Of each device, by name. */
  devices: Record<string, { version: number; state: PlainState }>;
  /** Memory regions by name ("ram", "video", "cpu0" …). */
  memory: Record<string, Uint8Array>;
  /** By the drive's slot, the disposable disks. */
  disks: Record<string, DiskPages>;
}

/** A disk whose changes are in memory and nowhere else. */
export interface DiskPages {
  /** Of the disk, in bytes. */
  readonly size: number;
  /** The pages that are not those of its image. */
  changedPages(): PageRuns;
  /** Those pages' bytes, in order, in pieces of less than a mebibyte. */
  changedBytes(): Iterable<Uint8Array>;
  /** The disk has these changes, and no others. Throws corrupt, before anything changes, where it could not have them. */
  restore(runs: PageRuns, bytes: Uint8Array): void;
}

const MAGIC = ascii("TWINBOXS");
/** Raised when the layout of the file changes; the shape of one device's state has a version of its own. */
const VERSION = 2;
/** Magic and version. */
const HEADER_SIZE = MAGIC.length + 4;
const CHECKSUM_SIZE = 4;
/** Bytes whose checksum is one step's work. */
const CHECKED_TOGETHER = 1 << 20;

/** The sections, in their order; each is its four letters, its length as 64 bits, and its content. */
const SECTIONS = ["MACH", "DEVS", "MEMS", "PAGE"].map(ascii);
const SECTION_HEADER_SIZE = 12;

/** Regions of a disk's changes are named by its slot, after this. */
const DISK = "disk ";

/** What the section MEMS says of a memory region. Its pages follow those of the region before it in PAGE. */
interface Region {
  /** In bytes. */
  size: number;
  runs: PageRuns;
}

/** A region and where its pages come from. */
interface Source extends Region {
  pieces: Iterable<Uint8Array>;
}

/**
 * The file, made in steps of some milliseconds each; between two of them the event loop may have its turn, and the
 * memory and disks must stay as they are. Devices' states are all taken in the first step.
 *
 * @throws TwinboxError internal, naming the place, if `machine` or a state is not plain data.
 */
export function* encodeSnapshot(parts: SnapshotParts): Generator<undefined, Uint8Array> {
  const devices = encodePlain(parts.devices);
  const sources: [string, Source][] = [];
  for (const [name, bytes] of Object.entries(parts.memory)) {
    const runs = yield* usedPages(bytes);
    sources.push([name, { size: bytes.length, runs, pieces: piecesOf(bytes, runs) }]);
  }
  for (const [slot, disk] of Object.entries(parts.disks)) {
    const source = { size: disk.size, runs: disk.changedPages(), pieces: disk.changedBytes() };
    sources.push([DISK + slot, source]);
  }
  const directory = Object.fromEntries(
    sources.map(([name, { size, runs }]): [string, Region] => [name, { size, runs }]),
  );
  const plain = [encodePlain(parts.machine), devices, encodePlain(directory)];
  const pages = sources.reduce((total, [, { runs, size }]) => total + bytesOf(runs, size)!, 0);
  const lengths = [...plain.map(({ length }) => length), pages];

  const size = lengths.reduce((total, length) => total + SECTION_HEADER_SIZE + length, HEADER_SIZE);
  const file = new Uint8Array(size + CHECKSUM_SIZE);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint32(MAGIC.length, VERSION, true);
  let offset = HEADER_SIZE;
  for (const [i, id] of SECTIONS.entries()) {
    file.set(id, offset);
    view.setBigUint64(offset + id.length, BigInt(lengths[i]!), true);
    offset += SECTION_HEADER_SIZE;
    const content = plain[i];
    if (content) {
      file.set(content, offset);
      offset += content.length;
    }
  }
  let checksum = crc32(file.subarray(0, offset));
  for (const [, { pieces }] of sources) {
    for (const piece of pieces) {
      file.set(piece, offset);
      // Of the copy: it is in the host's caches now.
      checksum = crc32(file.subarray(offset, offset + piece.length), checksum);
      offset += piece.length;
      yield;
    }
  }
  view.setUint32(size, checksum, true);
  return file;
}

/** A saved state that has been found sound; nothing has been changed by it yet. */
export interface OpenedSnapshot {
  machine: PlainState;
  devices: SnapshotParts["devices"];
  /**
   * Gives memory regions and disks what was saved of them: the same names, each of its saved size; whatever they held
   * before is gone. A disk that the file does not know is left without changes. Works in steps, the first of which
   * does the disks; until the last the machine is neither this nor that.
   *
   * @throws TwinboxError invalid-argument, before anything has changed, if the regions or disks are others.
   */
  restore(into: Pick<SnapshotParts, "memory" | "disks">): Generator<undefined, void>;
}

/**
 * Reads what {@link encodeSnapshot} wrote, in steps like its own.
 *
 * @throws TwinboxError unsupported-format if it is no saved machine, or another version's; corrupt if it is cut short
 *   or damaged.
 */
export function* openSnapshot(file: Uint8Array): Generator<undefined, OpenedSnapshot> {
  checkHeader(file);
  const end = file.length - CHECKSUM_SIZE;
  if (end < HEADER_SIZE) throw damaged("it is cut short");
  let checksum = 0;
  for (let at = 0; at < end; at += CHECKED_TOGETHER) {
    checksum = crc32(file.subarray(at, Math.min(end, at + CHECKED_TOGETHER)), checksum);
    yield;
  }
  if (checksum !== viewOf(file).getUint32(end, true)) {
    throw damaged("its checksum is wrong, or it is cut short");
  }
  const [machine, devices, directory, pages] = splitSections(file.subarray(HEADER_SIZE, end));
  const regions = placePages(decodeDirectory(directory!), pages!);
  return {
    machine: decodeMachine(machine!),
    devices: decodeDevices(devices!),
    *restore({ memory, disks }) {
      checkRegions(regions, memory, disks);
      for (const [slot, disk] of Object.entries(disks)) {
        const saved = regions.get(DISK + slot);
        disk.restore(saved?.runs ?? new Uint32Array(), saved?.stored ?? new Uint8Array());
      }
      for (const [name, bytes] of Object.entries(memory)) {
        const { runs, stored } = regions.get(name)!;
        yield* scatterPages(bytes, runs, stored);
      }
    },
  };
}

/** Before the checksum, which another version may well have elsewhere. */
function checkHeader(file: Uint8Array): void {
  if (MAGIC.some((letter, i) => i < file.length && file[i] !== letter)) {
    throw new TwinboxError("unsupported-format", "The file is not a saved state of a machine.");
  }
  if (file.length < HEADER_SIZE) throw damaged("it is cut short");
  const version = viewOf(file).getUint32(MAGIC.length, true);
  if (version === VERSION) return;
  throw new TwinboxError(
    "unsupported-format",
    `The saved state has format version ${version}; this Twinbox reads version ${VERSION}.`,
    version > VERSION ? { advice: "Open it with the newer Twinbox that saved it." } : {},
  );
}

/** The contents of the sections, which must fill `bytes`. */
function splitSections(bytes: Uint8Array): Uint8Array[] {
  const view = viewOf(bytes);
  let offset = 0;
  const contents = SECTIONS.map((id) => {
    const start = offset + SECTION_HEADER_SIZE;
    if (start > bytes.length || id.some((letter, i) => bytes[offset + i] !== letter)) {
      throw damaged("a section is missing");
    }
    const length = view.getBigUint64(offset + id.length, true);
    if (length > BigInt(bytes.length - start)) throw damaged("a section is too long");
    offset = start + Number(length);
    return bytes.subarray(start, offset);
  });
  if (offset !== bytes.length) throw damaged("something follows its last section");
  return contents;
}

function decodeMachine(section: Uint8Array): PlainState {
  const machine = decodePlain(section);
  if (!isPlainObject(machine)) throw damaged("what it says of the machine is not an object");
  return machine;
}

function decodeDevices(section: Uint8Array): SnapshotParts["devices"] {
  const devices = decodePlain(section);
  if (!isPlainObject(devices)) throw damaged("its list of devices is not an object");
  for (const [name, device] of Object.entries(devices)) {
    if (!isPlainObject(device) || typeof device.version !== "number" || !isPlainObject(device.state)) {
      throw damaged(`the device ${name} has no version or no state`);
    }
  }
  return devices;
}

function decodeDirectory(section: Uint8Array): Map<string, Region> {
  const directory = decodePlain(section);
  if (!isPlainObject(directory)) throw damaged("its list of memory regions is not an object");
  const regions = new Map<string, Region>();
  for (const [name, region] of Object.entries(directory)) {
    const { size, runs } = isPlainObject(region) ? region : {};
    if (!Number.isSafeInteger(size) || size < 0 || !(runs instanceof Uint32Array)) {
      throw damaged(`the memory region ${name} has no size or no pages`);
    }
    regions.set(name, { size, runs });
  }
  return regions;
}

/** Each region with its own pages out of the section that holds those of all, which must come to its length. */
function placePages(directory: Map<string, Region>, pages: Uint8Array) {
  const regions = new Map<string, Region & { stored: Uint8Array }>();
  let offset = 0;
  for (const [name, { size, runs }] of directory) {
    const length = bytesOf(runs, size);
    if (length === undefined || length > pages.length - offset) {
      throw damaged(`the memory region ${name} has pages that cannot be`);
    }
    regions.set(name, { size, runs, stored: pages.subarray(offset, offset + length) });
    offset += length;
  }
  if (offset !== pages.length) throw damaged("it has pages that belong to no memory region");
  return regions;
}

function checkRegions(
  saved: ReadonlyMap<string, Region>,
  memory: SnapshotParts["memory"],
  disks: SnapshotParts["disks"],
): void {
  const sizes = new Map(Object.entries(memory).map(([name, bytes]) => [name, bytes.length]));
  for (const [slot, { size }] of Object.entries(disks)) {
    if (saved.has(DISK + slot)) sizes.set(DISK + slot, size);
  }
  for (const name of new Set([...saved.keys(), ...sizes.keys()])) {
    const there = saved.get(name)?.size;
    const here = sizes.get(name);
    if (there === here) continue;
    const isDisk = name.startsWith(DISK);
    throw new TwinboxError(
      "invalid-argument",
      `The saved state is of another machine: it has ${there ?? "no"} bytes of ${name}, this one ${here ?? "no"}.`,
      {
        subject: name,
        advice: isDisk
          ? "Attach the same image, disposable, as when it was saved."
          : "Give the machine the settings it was saved with.",
      },
    );
  }
}

function isPlainObject(value: unknown): value is PlainState {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const damaged = (what: string): TwinboxError =>
  new TwinboxError("corrupt", `The saved state is damaged: ${what}.`);
