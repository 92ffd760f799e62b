import { crc32 } from "../base/crc32.ts";
import { TwinboxError } from "../base/errors.ts";
import type { PlainState } from "./device.ts";
import { bytesOf, gatherPages, type PageRuns, scatterPages, usedPages } from "./page-runs.ts";
import { decodePlain, encodePlain } from "./plain-codec.ts";

/** A whole machine, as one file holds it: docs/snapshot-format.md. */
export interface SnapshotParts {
  /** What the machine is (memory size, drives' slots and sizes, firmware's checksum …); compared on load. */
  machine: PlainState;
  /** Of each device, by name. */
  devices: Record<string, { version: number; state: PlainState }>;
  /** Memory regions by name ("ram", "video", "cpu0" …). */
  memory: Record<string, Uint8Array>;
}

const MAGIC = ascii("TWINBOXS");
/** Raised when the layout of the file changes; the shape of one device's state has a version of its own. */
const VERSION = 1;
/** Magic and version. */
const HEADER_SIZE = MAGIC.length + 4;
const CHECKSUM_SIZE = 4;

/** The sections, in their order; each is its four letters, its length as 64 bits, and its content. */
const SECTIONS = ["MACH", "DEVS", "MEMS", "PAGE"].map(ascii);
const SECTION_HEADER_SIZE = 12;

/** What the section MEMS says of a memory region. Its pages follow those of the region before it in PAGE. */
interface Region {
  /** In bytes. */
  size: number;
  runs: PageRuns;
}

/** @throws TwinboxError internal, naming the place, if `machine` or a state is not plain data. */
export function encodeSnapshot({ machine, devices, memory }: SnapshotParts): Uint8Array {
  const regions = Object.entries(memory).map(([name, bytes]) => {
    const runs = usedPages(bytes);
    return { name, bytes, runs, stored: bytesOf(runs, bytes.length)! };
  });
  const directory = Object.fromEntries(
    regions.map(({ name, bytes, runs }): [string, Region] => [name, { size: bytes.length, runs }]),
  );
  const plain = [machine, devices, directory].map(encodePlain);
  const lengths = [
    ...plain.map(({ length }) => length),
    regions.reduce((total, { stored }) => total + stored, 0),
  ];

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
  for (const { bytes, runs, stored } of regions) {
    gatherPages(bytes, runs, file.subarray(offset, offset + stored));
    offset += stored;
  }
  view.setUint32(size, crc32(file.subarray(0, size)), true);
  return file;
}

/**
 * Reads what {@link encodeSnapshot} wrote. `into` receives the memory regions: the same names, each of its saved
 * size; whatever they held before is gone. Nothing in `into` changes unless all of the file is sound.
 *
 * @throws TwinboxError unsupported-format if it is no saved machine, or a newer version's; corrupt if it is cut short
 *   or damaged; invalid-argument if `into` has other regions.
 */
export function decodeSnapshot(
  file: Uint8Array,
  into: Record<string, Uint8Array>,
): { machine: PlainState; devices: SnapshotParts["devices"] } {
  checkHeader(file);
  const end = file.length - CHECKSUM_SIZE;
  if (end < HEADER_SIZE) throw damaged("it is cut short");
  if (crc32(file.subarray(0, end)) !== viewOf(file).getUint32(end, true)) {
    throw damaged("its checksum is wrong, or it is cut short");
  }
  const [machine, devices, directory, pages] = splitSections(file.subarray(HEADER_SIZE, end));
  const saved = {
    machine: decodeMachine(machine!),
    devices: decodeDevices(devices!),
  };
  const regions = placePages(decodeDirectory(directory!), pages!);
  checkRegions(regions, into);
  for (const [name, { runs, stored }] of regions) scatterPages(into[name]!, runs, stored);
  return saved;
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

function checkRegions(saved: ReadonlyMap<string, Region>, into: Record<string, Uint8Array>): void {
  for (const name of new Set([...saved.keys(), ...Object.keys(into)])) {
    const there = saved.get(name)?.size;
    const here = Object.hasOwn(into, name) ? into[name]!.length : undefined;
    if (there === here) continue;
    throw new TwinboxError(
      "invalid-argument",
      `The saved state is of another machine: it has ${there ?? "no"} bytes of ${name}, this one ${here ?? "no"}.`,
      { subject: name, advice: "Give the machine the settings it was saved with." },
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
