// The machine's one WebAssembly memory, and what of it stands at which physical address.

import type { Bus } from "../board/bus.ts";
import type { Width } from "../board/device.ts";
import type { PhysicalMemory } from "../board/memory.ts";
import {
  PAGE_READ,
  PAGE_VIDEO,
  PAGE_WRITE,
  PHYSICAL_MAP,
  RAM,
  ROM,
  ROM_SIZE,
  VIDEO,
  VIDEO_DIRTY,
  VIDEO_SIZE,
} from "../cpu/layout.ts";
import { addresses } from "../memory-map.ts";

const PAGE = 0x1000;
const MIB = 0x10_0000;
const WASM_PAGE = 0x1_0000;
const PAGES = 0x10_0000;
const RAM_ACCESS = PAGE_READ | PAGE_WRITE;

/** The processor, as far as changes of memory concern it. */
export interface MemoryObserver {
  /** Bytes within one page are about to change. */
  physicalWrite(physical: number, size: number): void;
  /** Other memory, or none, is in whole pages from there on. */
  mapChanged(physical: number, length: number): void;
  /** Stores to video memory are to be noted again. */
  protectVideo(): void;
}

/**
 * RAM, ROM and video memory by physical address. What is none of these belongs to the devices on `bus`. A range of the
 * shadow area that is read from ROM and written to RAM is served byte by byte, as no page can be both.
 */
export class MachineMemory implements PhysicalMemory {
  readonly wasm: WebAssembly.Memory;
  readonly ram: Uint8Array;
  readonly video: Uint8Array;
  observer: MemoryObserver | undefined;
  readonly #bus: Bus;
  readonly #map: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #dirty: Uint8Array;
  readonly #ramSize: number;
  /** Where in ROM the low BIOS area begins, as a host address. */
  #lowRom = ROM;
  /** Pages of the shadow area that are written to RAM but read from ROM. */
  readonly #writeOnly = new Set<number>();
  #frameBuffer: number | null = null;

  constructor(memoryMib: number, bus: Bus) {
    this.#ramSize = memoryMib * MIB;
    const pages = Math.ceil((RAM + this.#ramSize) / WASM_PAGE);
    this.wasm = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.#bus = bus;
    this.#bytes = new Uint8Array(this.wasm.buffer);
    this.ram = new Uint8Array(this.wasm.buffer, RAM, this.#ramSize);
    this.video = new Uint8Array(this.wasm.buffer, VIDEO, VIDEO_SIZE);
    this.#map = new Uint32Array(this.wasm.buffer, PHYSICAL_MAP, PAGES);
    this.#dirty = new Uint8Array(this.wasm.buffer, VIDEO_DIRTY, VIDEO_SIZE / PAGE);
    this.#set(0, this.#ramSize, RAM, RAM_ACCESS);
    this.#set(addresses.vgaMemory.base, addresses.vgaMemory.length, 0, 0);
    this.#set(addresses.shadow.base, addresses.shadow.length, 0, 0);
  }

  /** Places a firmware image so that it ends at 4 GiB, and its last 128 KiB at 1 MiB too. */
  loadFirmware(image: Uint8Array): void {
    const start = ROM + ROM_SIZE - image.length;
    this.#bytes.set(image, start);
    this.#set(2 ** 32 - image.length, image.length, start, PAGE_READ);
    const low = Math.min(image.length, addresses.lowBios.length);
    this.#lowRom = ROM + ROM_SIZE - addresses.lowBios.length;
    this.#set(MIB - low, low, ROM + ROM_SIZE - low, PAGE_READ);
  }

  /** Puts an expansion ROM's bytes into memory; the result is the host address for {@link placeRom}. */
  storeRom(image: Uint8Array): number {
    this.#bytes.set(image, ROM);
    return ROM;
  }

  /** The linear frame buffer appears at `base`, or nowhere. */
  placeFrameBuffer(base: number | null): void {
    this.#place(this.#frameBuffer, base, VIDEO_SIZE, VIDEO, RAM_ACCESS | PAGE_VIDEO);
    this.#frameBuffer = base;
  }

  /** A `place` for `length` bytes of ROM at a host address. */
  romPlace(host: number, length: number): (base: number | null) => void {
    let placed: number | null = null;
    return (base) => {
      this.#place(placed, base, length, host, PAGE_READ);
      placed = base;
    };
  }

  #place(from: number | null, to: number | null, length: number, host: number, access: number): void {
    if (from === to) return;
    if (from !== null) this.#setOverNothing(from, length, host, 0, access);
    if (to !== null) this.#setOverNothing(to, length, host, access, 0);
  }

  /** Maps pages where there is nothing, or takes exactly those away again: RAM and ROM come first. */
  #setOverNothing(base: number, length: number, host: number, access: number, was: number): void {
    for (let offset = 0; offset < length && base + offset < 2 ** 32; offset += PAGE) {
      const page = (base + offset) / PAGE;
      const old = was ? ((host + offset) | was) >>> 0 : 0;
      if (base + offset >= this.#ramSize && base + offset >= MIB && this.#map[page] === old) {
        this.#map[page] = access ? (host + offset) | access : 0;
      }
    }
    this.observer?.mapChanged(base, length);
  }

  /** The host bridge's shadow registers: see `ShadowRam`. */
  setSegment(base: number, length: number, readable: boolean, writable: boolean): void {
    for (let address = base; address < base + length; address += PAGE) {
      const page = address / PAGE;
      const inRom = address >= addresses.lowBios.base;
      const rom = inRom ? this.#lowRom + (address - addresses.lowBios.base) : 0;
      this.#writeOnly.delete(page);
      if (readable) this.#map[page] = (RAM + address) | (writable ? RAM_ACCESS : PAGE_READ);
      else {
        this.#map[page] = inRom && !writable ? rom | PAGE_READ : 0;
        if (writable) this.#writeOnly.add(page);
      }
    }
    this.observer?.mapChanged(base, length);
  }

  /** A device's register, or nobody's address; also the shadow area while it is written but not read. */
  deviceRead(address: number, width: Width): number {
    if (this.#writeOnly.size > 0 && this.#writeOnly.has(address >>> 12)) {
      if (address < addresses.lowBios.base) return width === 4 ? 0xffffffff : (1 << (8 * width)) - 1;
      const at = this.#lowRom + address - addresses.lowBios.base;
      let value = 0;
      for (let i = width - 1; i >= 0; i--) value = value * 256 + this.#bytes[at + i]!;
      return value;
    }
    return this.#bus.read(address, width);
  }

  deviceWrite(address: number, value: number, width: Width): void {
    if (this.#writeOnly.size > 0 && this.#writeOnly.has(address >>> 12)) {
      for (let i = 0; i < width; i++) this.ram[address + i] = value >>> (8 * i);
      return;
    }
    this.#bus.write(address, value, width);
  }

  /** `DirtyPages` of the VGA. */
  collect(into: Uint8Array): void {
    into.set(this.#dirty);
    // What can be stored to without being noted has been noted since the last time.
    if (!into.includes(1)) return;
    this.#dirty.fill(0);
    this.observer?.protectVideo();
  }

  // --- For bus masters ---

  read8(address: number): number {
    const entry = this.#map[address >>> 12]!;
    if (entry & PAGE_READ) return this.#bytes[((entry & ~0xfff) >>> 0) + (address & 0xfff)]!;
    return this.deviceRead(address, 1);
  }

  read16(address: number): number {
    return this.read8(address) | (this.read8(address + 1) << 8);
  }

  read32(address: number): number {
    return (this.read16(address) | (this.read16(address + 2) << 16)) >>> 0;
  }

  write8(address: number, value: number): void {
    const entry = this.#map[address >>> 12]!;
    if (!(entry & PAGE_READ)) this.deviceWrite(address, value & 0xff, 1);
    else if (entry & PAGE_WRITE) {
      this.observer?.physicalWrite(address, 1);
      this.#bytes[((entry & ~0xfff) >>> 0) + (address & 0xfff)] = value;
    }
  }

  write16(address: number, value: number): void {
    this.write8(address, value);
    this.write8(address + 1, value >>> 8);
  }

  write32(address: number, value: number): void {
    this.write16(address, value);
    this.write16(address + 2, value >>> 16);
  }

  read(address: number, into: Uint8Array): void {
    this.#byPage(address, into.length, (at, done, size, entry) => {
      if (entry & PAGE_READ) {
        const host = ((entry & ~0xfff) >>> 0) + (at & 0xfff);
        into.set(this.#bytes.subarray(host, host + size), done);
      } else for (let i = 0; i < size; i++) into[done + i] = this.deviceRead(at + i, 1);
    });
  }

  write(address: number, from: Uint8Array): void {
    this.#byPage(address, from.length, (at, done, size, entry) => {
      if (!(entry & PAGE_READ)) {
        this.#writeToDevice(at, from.subarray(done, done + size));
      } else if (entry & PAGE_WRITE) {
        this.observer?.physicalWrite(at, size);
        this.#bytes.set(from.subarray(done, done + size), ((entry & ~0xfff) >>> 0) + (at & 0xfff));
      }
    });
  }

  /** In double words where they are aligned, as a bus master writes them. */
  #writeToDevice(address: number, bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; ) {
      const width = (address + i) % 4 === 0 && i + 4 <= bytes.length ? 4 : 1;
      let value = bytes[i]!;
      if (width === 4) value += bytes[i + 1]! * 2 ** 8 + bytes[i + 2]! * 2 ** 16 + bytes[i + 3]! * 2 ** 24;
      this.deviceWrite(address + i, value, width);
      i += width;
    }
  }

  #byPage(
    address: number,
    length: number,
    visit: (at: number, done: number, size: number, entry: number) => void,
  ): void {
    for (let done = 0; done < length; ) {
      const at = (address + done) % 2 ** 32;
      const size = Math.min(length - done, PAGE - (at % PAGE));
      visit(at, done, size, this.#map[at >>> 12]!);
      done += size;
    }
  }

  #set(base: number, length: number, host: number, access: number): void {
    for (let offset = 0; offset < length; offset += PAGE) {
      this.#map[(base + offset) / PAGE] = access ? (host + offset) | access : 0;
    }
  }
}
