import { TwinboxError } from "../../base/errors.ts";
import type { PhysicalMemory } from "../../board/memory.ts";
import type { KernelOptions } from "../../pc-options.ts";
import { bytesOfText } from "../hex.ts";
import { MemoryType, systemMemoryMap } from "../system/memory-map.ts";

const HEADER_MAGIC = 0x1badb002;
const SEARCH = 8192;
/** What EAX holds at the kernel's entry. */
export const BOOT_MAGIC = 0x2badb002;

/** Bits of the header's flags. */
const Wants = { pageAligned: 1 << 0, memory: 1 << 1, video: 1 << 2, addresses: 1 << 16 } as const;
const KNOWN_FLAGS = Wants.pageAligned | Wants.memory | Wants.video;
/** Bits of the information structure's flags. */
const Gives = {
  memory: 1 << 0,
  commandLine: 1 << 2,
  modules: 1 << 3,
  map: 1 << 6,
  loaderName: 1 << 9,
} as const;

const MIB = 0x10_0000;
const PAGE = 0x1000;
/** The information structure and what it points to: conventional memory that kernels leave alone. */
const INFORMATION = 0x8_0000;
const MEMORY_MAP = INFORMATION + 0x80;
const MODULES = INFORMATION + 0x300;
const STRINGS = INFORMATION + 0x320;
const STRINGS_ROOM = 0x2000;
const LOADER_NAME = "Twinbox";

const reject = (message: string, advice: string): never => {
  throw new TwinboxError("invalid-argument", message, { subject: "kernel", advice });
};

interface Header {
  /** Of the header in the file. */
  at: number;
  flags: number;
}

function findHeader(image: Uint8Array): Header | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  for (let at = 0; at + 12 <= Math.min(SEARCH, image.length); at += 4) {
    if (view.getUint32(at, true) !== HEADER_MAGIC) continue;
    const flags = view.getUint32(at + 4, true);
    if (((HEADER_MAGIC + flags + view.getUint32(at + 8, true)) & 0xffff_ffff) === 0) return { at, flags };
  }
  return undefined;
}

export const isMultiboot = (image: Uint8Array): boolean => findHeader(image) !== undefined;

interface Segment {
  address: number;
  bytes: Uint8Array;
  /** In memory, zeros behind the bytes. */
  length: number;
}

/** The address fields in the header: the a.out kludge. [MULTIBOOT] 3.1.3 */
function flatSegments(image: Uint8Array, { at }: Header): { segments: Segment[]; entry: number } {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const [headerAddress, loadAddress, loadEnd, bssEnd, entry] = [12, 16, 20, 24, 28].map((field) =>
    view.getUint32(at + field, true),
  ) as [number, number, number, number, number];
  const start = at - (headerAddress - loadAddress);
  if (start < 0 || start > image.length)
    reject("The multiboot header's addresses are wrong.", "Check the kernel.");
  const bytes = image.subarray(start, loadEnd === 0 ? undefined : start + (loadEnd - loadAddress));
  const length = bssEnd === 0 ? bytes.length : bssEnd - loadAddress;
  return { segments: [{ address: loadAddress, bytes, length: Math.max(length, bytes.length) }], entry };
}

const ELF_MAGIC = 0x464c457f;
const ELF_CLASS_32 = 1;
const PT_LOAD = 1;

function elfSegments(image: Uint8Array): { segments: Segment[]; entry: number } {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < 52 || view.getUint32(0, true) !== ELF_MAGIC || image[4] !== ELF_CLASS_32) {
    reject("The multiboot kernel is not a 32-bit ELF file.", "Use its 32-bit build.");
  }
  const table = view.getUint32(28, true);
  const size = view.getUint16(42, true);
  const segments: Segment[] = [];
  let entry = view.getUint32(24, true);
  for (let i = 0; i < view.getUint16(44, true); i++) {
    const at = table + i * size;
    if (at + 32 > image.length) reject("The kernel's program headers lie beyond its end.", "Check the file.");
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const [offset, virtual, address, inFile, length] = [4, 8, 12, 16, 20].map((field) =>
      view.getUint32(at + field, true),
    ) as [number, number, number, number, number];
    if (offset + inFile > image.length) reject("The kernel's file is truncated.", "Get it again.");
    segments.push({ address, bytes: image.subarray(offset, offset + inFile), length });
    // The entry point is a virtual address where the two differ.
    const elfEntry = view.getUint32(24, true);
    if (elfEntry >= virtual && elfEntry < virtual + length) entry = elfEntry - virtual + address;
  }
  return { segments, entry };
}

function writeMemoryMap(memory: PhysicalMemory, memoryMib: number): number {
  let at = MEMORY_MAP;
  for (const { base, length, type } of systemMemoryMap(memoryMib)) {
    memory.write32(at, 20);
    memory.write32(at + 4, base);
    memory.write32(at + 8, 0);
    memory.write32(at + 12, length);
    memory.write32(at + 16, 0);
    memory.write32(at + 20, type === MemoryType.ram ? 1 : 2);
    at += 24;
  }
  return at - MEMORY_MAP;
}

/**
 * Loads a multiboot 1 kernel, with the initial RAM disk as its one module. Returns where it is entered and
 * where its information is. Throws a TwinboxError when it cannot be loaded. [MULTIBOOT]
 */
export function loadMultiboot(
  memory: PhysicalMemory,
  kernel: KernelOptions,
  memoryMib: number,
): { entry: number; information: number } {
  const { initrd } = kernel;
  const image = kernel.image.subarray(0, kernel.image.length).slice();
  const header = findHeader(image)!;
  if (header.flags & 0xffff & ~KNOWN_FLAGS) {
    reject(
      "The kernel needs a multiboot feature that is not there.",
      "Start it from a boot loader's disk instead.",
    );
  }
  const { segments, entry } =
    header.flags & Wants.addresses ? flatSegments(image, header) : elfSegments(image);
  const top = memoryMib * MIB;
  let end = MIB;
  for (const { address, bytes, length } of segments) {
    if (address + length > top || address < 0x1000) {
      reject(`The kernel does not fit into ${memoryMib} MiB of memory.`, "Give the machine more memory.");
    }
    memory.write(address, bytes);
    memory.write(address + bytes.length, new Uint8Array(Math.max(0, length - bytes.length)));
    end = Math.max(end, address + length);
  }
  let strings = STRINGS;
  const string = (text: string): number => {
    const at = strings;
    const bytes = bytesOfText(text).subarray(0, STRINGS_ROOM - 1);
    memory.write(at, bytes);
    memory.write8(at + bytes.length, 0);
    strings += bytes.length + 1;
    return at;
  };
  memory.write(INFORMATION, new Uint8Array(0x80));
  let flags = Gives.memory | Gives.commandLine | Gives.map | Gives.loaderName;
  memory.write32(INFORMATION + 4, 639);
  memory.write32(INFORMATION + 8, (memoryMib - 1) * 1024);
  memory.write32(INFORMATION + 16, string(`kernel ${kernel.commandLine}`.trim()));
  if (initrd && initrd.length > 0) {
    const base = Math.ceil(end / PAGE) * PAGE;
    if (base + initrd.length > top)
      reject("The module does not fit into memory.", "Give the machine more memory.");
    memory.write(base, initrd.subarray(0, initrd.length));
    memory.write32(MODULES, base);
    memory.write32(MODULES + 4, base + initrd.length);
    memory.write32(MODULES + 8, string("initrd"));
    memory.write32(MODULES + 12, 0);
    memory.write32(INFORMATION + 20, 1);
    memory.write32(INFORMATION + 24, MODULES);
    flags |= Gives.modules;
  }
  memory.write32(INFORMATION + 44, writeMemoryMap(memory, memoryMib));
  memory.write32(INFORMATION + 48, MEMORY_MAP);
  memory.write32(INFORMATION + 64, string(LOADER_NAME));
  memory.write32(INFORMATION, flags);
  return { entry, information: INFORMATION };
}
