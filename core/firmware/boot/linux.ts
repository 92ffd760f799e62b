import { TwinboxError } from "../../base/errors.ts";
import type { PhysicalMemory } from "../../board/memory.ts";
import type { KernelOptions } from "../../pc-options.ts";
import type { Call } from "../call.ts";
import { bytesOfText } from "../hex.ts";

/** Offsets in the setup header. [LINUX-BOOT] "The Real-Mode Kernel Header" */
const Header = {
  setupSectors: 0x1f1,
  videoMode: 0x1fa,
  magic: 0x202,
  version: 0x206,
  loader: 0x210,
  loadFlags: 0x211,
  code32Start: 0x214,
  initrdAddress: 0x218,
  initrdSize: 0x21c,
  heapEnd: 0x224,
  commandLine: 0x228,
  initrdMax: 0x22c,
  commandLineSize: 0x238,
} as const;

const MAGIC = 0x53726448;
const LOADED_HIGH = 0x01;
const CAN_USE_HEAP = 0x80;
const LOADER_UNKNOWN = 0xff;
const SECTOR = 512;
const PAGE = 0x1000;
const MIB = 0x10_0000;
/** The real-mode part, its heap and stack, and behind them the command line. */
const SETUP = 0x90000;
const HEAP_END = 0xe000;
const COMMAND_LINE = SETUP + HEAP_END;
/** Up to the extended BIOS data area. */
const COMMAND_LINE_ROOM = 0x1c00;
/**
 * Bytes that are loaded in one turn of the host's: a quarter of a millisecond's work, as the host has to find pages for them. Files keep
 * room for so many.
 */
const LOADED_AT_ONCE = 256 << 10;
const VIDEO_NAMES: Record<string, number> = { normal: 0xffff, ext: 0xfffe, ask: 0xfffd };
const DEFAULT_INITRD_MAX = 0x37ff_ffff;
/** Magic of the command line of protocols before 2.02. */
const OLD_COMMAND_LINE = 0xa33f;

/** Where the setup header has ended. */
const HEADER_END = 0x1000;

export const isLinux = (image: Uint8Array): boolean =>
  image.length > 0x260 &&
  new DataView(image.buffer, image.byteOffset).getUint32(Header.magic, true) === MAGIC;

const reject = (message: string, advice: string): never => {
  throw new TwinboxError("invalid-argument", message, { subject: "kernel", advice });
};

/** The video mode that `vga=` asks for; the boot loader has to pass it on. */
function videoMode(commandLine: string): number | undefined {
  const value = /(?:^|\s)vga=(\S+)/.exec(commandLine)?.[1];
  if (value === undefined) return undefined;
  const mode = VIDEO_NAMES[value] ?? Number(value);
  return Number.isInteger(mode) && mode >= 0 && mode <= 0xffff ? mode : undefined;
}

/** The highest page-aligned place for the initial RAM disk that the kernel can reach. */
function placeInitrd(size: number, kernelEnd: number, max: number, memoryMib: number): number {
  const end = Math.min(max + 1, memoryMib * MIB);
  const base = Math.floor((end - size) / PAGE) * PAGE;
  if (base < kernelEnd) {
    reject(
      `The initial RAM disk (${Math.ceil(size / MIB)} MiB) does not fit into ${memoryMib} MiB of memory.`,
      "Give the machine more memory.",
    );
  }
  return base;
}

/**
 * Loads a piece of a Linux kernel and its initial RAM disk as a boot loader would: what comes after their first `loaded`
 * bytes. Returns how many are loaded then; when all are, it sets the processor at the kernel's real-mode code, which asks
 * the BIOS for memory and video and goes on by itself. [LINUX-BOOT] Throws a TwinboxError when it cannot be loaded.
 */
export function bootLinux(
  call: Call,
  memory: PhysicalMemory,
  kernel: KernelOptions,
  memoryMib: number,
  loaded: number,
): number | "booted" {
  const { image, initrd } = kernel;
  const head = image.subarray(0, HEADER_END).slice();
  const header = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = header.getUint16(Header.version, true);
  const setupBytes = ((header.getUint8(Header.setupSectors) || 4) + 1) * SECTOR;
  if (version < 0x0200 || setupBytes > image.length || setupBytes > HEAP_END / 2 + 0x1000) {
    reject("The Linux kernel's setup header is damaged or too old.", "Use a bzImage of Linux 2.2 or later.");
  }
  const high = (header.getUint8(Header.loadFlags) & LOADED_HIGH) !== 0;
  const bodyLength = image.length - setupBytes;
  const target = high ? MIB : 0x10000;
  if (high && target + bodyLength > memoryMib * MIB) {
    reject(`The kernel does not fit into ${memoryMib} MiB of memory.`, "Give the machine more memory.");
  }
  let base = target + bodyLength;
  if (initrd && initrd.length > 0) {
    const max = version >= 0x0203 ? header.getUint32(Header.initrdMax, true) : DEFAULT_INITRD_MAX;
    base = placeInitrd(initrd.length, base, max, memoryMib);
  }
  if (loaded < bodyLength) {
    const piece = image.subarray(setupBytes + loaded, setupBytes + loaded + LOADED_AT_ONCE);
    memory.write(target + loaded, piece);
    return loaded + piece.length;
  }
  if (initrd && loaded < bodyLength + initrd.length) {
    const from = loaded - bodyLength;
    const piece = initrd.subarray(from, from + LOADED_AT_ONCE);
    memory.write(base + from, piece);
    return loaded + piece.length;
  }
  const limit = version >= 0x0206 ? header.getUint32(Header.commandLineSize, true) : 255;
  const text = kernel.commandLine.slice(0, Math.min(limit, COMMAND_LINE_ROOM - 1));
  memory.write(SETUP, image.subarray(0, setupBytes));
  memory.write(COMMAND_LINE, Uint8Array.from([...bytesOfText(text), 0]));
  memory.write8(SETUP + Header.loader, LOADER_UNKNOWN);
  const mode = videoMode(kernel.commandLine);
  if (mode !== undefined) memory.write16(SETUP + Header.videoMode, mode);
  if (version >= 0x0201) {
    memory.write16(SETUP + Header.heapEnd, HEAP_END - 0x200);
    memory.write8(SETUP + Header.loadFlags, memory.read8(SETUP + Header.loadFlags) | CAN_USE_HEAP);
  }
  if (version >= 0x0202) {
    memory.write32(SETUP + Header.commandLine, COMMAND_LINE);
  } else {
    memory.write16(SETUP + 0x20, OLD_COMMAND_LINE);
    memory.write16(SETUP + 0x22, HEAP_END);
  }
  if (initrd && initrd.length > 0) {
    memory.write32(SETUP + Header.initrdAddress, base);
    memory.write32(SETUP + Header.initrdSize, initrd.length);
  }
  const segment = SETUP >> 4;
  const { cpu } = call;
  for (const register of ["ds", "es", "fs", "gs", "ss"] as const) cpu[register] = segment;
  cpu.esp = HEAP_END;
  cpu.cs = segment + 0x20;
  cpu.eip = 0;
  return "booted";
}
