import type { Clock } from "../../board/clock.ts";
import type { BusTarget, Device, Width } from "../../board/device.ts";
import { readDispi, writeDispi } from "./dispi.ts";
import { FIRST_PORT, VgaPorts } from "./ports.ts";
import { DISPI_COUNT, Dispi } from "./registers.ts";
import type { Screen } from "./screen.ts";
import { powerOn } from "./state.ts";
import { type FrameTiming, frameTiming } from "./timing.ts";
import { VgaRenderer } from "./vga-renderer.ts";
import { type DirtyPages, VideoMemory } from "./video-memory.ts";
import { LegacyWindow } from "./window.ts";

/** Size of the register region of PCI base address 2, in bytes. */
export const MMIO_SIZE = 0x1000;
/** Ports 3C0 to 3DF in the register region. */
const MMIO_PORTS = { base: 0x400, length: 0x20 };
/** Bochs VBE registers in the register region, 16 bits each. */
const MMIO_DISPI = { base: 0x500, length: DISPI_COUNT * 2 };
/** Size of the extension, 8 bytes: this register and the one that tells the frame buffer's byte order. */
const MMIO_EXTENSION_SIZE = 0x600;
const EXTENSION_SIZE = 8;
const MMIO_BYTE_ORDER = 0x604;
const LITTLE_ENDIAN = 0x1e1e1e1e;

export interface VgaWiring {
  /** 256 KiB to 16 MiB, a power of two, at a multiple of 4 in its buffer. Snapshots of it are the board's. */
  video: Uint8Array;
  dirtyPages: DirtyPages;
  clock: Clock;
}

/** VGA with the Bochs VBE extension and a linear frame buffer, as PCI 1234:1111 has it. [VGA] [DISPI] */
export class Vga implements Device {
  readonly name = "vga";
  readonly version = 1;
  state = powerOn();
  /** Ports 3B0 to 3DF, a byte wide. */
  readonly ports: BusTarget;
  /** Ports 1CE to 1D1, two bytes wide: index, and data at 1CF and at 1D0. */
  readonly dispiPorts: BusTarget = {
    read: (offset, width) => this.#readDispiPort(offset, width),
    write: (offset, value, width) => this.#writeDispiPort(offset, value, width),
  };
  /** The register region, {@link MMIO_SIZE} bytes, four bytes wide. */
  readonly mmio: BusTarget = {
    read: (offset, width) => this.#readMmio(offset, width),
    write: (offset, value, width) => this.#writeMmio(offset, value, width),
  };
  /** Addresses A0000 to BFFFF, four bytes wide. */
  readonly window: LegacyWindow;
  readonly screen: Screen;

  readonly #video: VideoMemory;
  readonly #renderer: VgaRenderer;
  #timing: FrameTiming | undefined;

  constructor({ video, dirtyPages, clock }: VgaWiring) {
    this.#video = new VideoMemory(video, dirtyPages);
    this.window = new LegacyWindow(this.#video, () => this.state);
    const vga = this;
    const chip = {
      get state() {
        return vga.state;
      },
      get timing() {
        vga.#timing ??= frameTiming(vga.state);
        return vga.#timing;
      },
      video: this.#video,
      now: () => clock.now(),
      windowChanged: () => this.window.update(),
      displayChanged: () => this.#displayChanged(),
    };
    this.ports = new VgaPorts(chip);
    this.#renderer = new VgaRenderer(chip);
    this.screen = this.#renderer;
    this.window.update();
  }

  reset(): void {
    this.state = powerOn();
    this.afterLoad();
  }

  /** Video memory may be another as well. */
  afterLoad(): void {
    this.window.update();
    this.#displayChanged();
  }

  #displayChanged(): void {
    this.#timing = undefined;
    this.#renderer.registersChanged();
  }

  #readDispi(index: number): number {
    return readDispi(this.state, index, this.#video.bytes.length);
  }

  #writeDispi(index: number, value: number): void {
    writeDispi(this.state, index, value, this.#video);
    this.window.update();
    if (index !== Dispi.BANK) this.#displayChanged();
  }

  #readDispiPort(offset: number, width: Width): number {
    const { index } = this.state.dispi;
    if (offset === 0) return width === 1 ? index & 0xff : index;
    const data = this.#readDispi(index);
    if (width !== 1) return data;
    return offset === 1 ? data & 0xff : data >> 8;
  }

  #writeDispiPort(offset: number, value: number, width: Width): void {
    const { dispi } = this.state;
    if (offset === 0) dispi.index = value;
    else if (width !== 1) this.#writeDispi(dispi.index, value);
    else this.#writeDispi(dispi.index, mergeByte(this.#readDispi(dispi.index), offset - 1, value));
  }

  #readMmio(offset: number, width: Width): number {
    if (width === 4 && offset === MMIO_EXTENSION_SIZE) return EXTENSION_SIZE;
    if (width === 4 && offset === MMIO_BYTE_ORDER) return LITTLE_ENDIAN;
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.#readMmioByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  #readMmioByte(offset: number): number {
    const port = offset - MMIO_PORTS.base;
    if (port >= 0 && port < MMIO_PORTS.length) return this.ports.read(port + 0x3c0 - FIRST_PORT, 1);
    const dispi = offset - MMIO_DISPI.base;
    if (dispi < 0 || dispi >= MMIO_DISPI.length) return 0;
    return (this.#readDispi(dispi >> 1) >> (8 * (dispi & 1))) & 0xff;
  }

  #writeMmio(offset: number, value: number, width: Width): void {
    const dispi = offset - MMIO_DISPI.base;
    if (dispi >= 0 && dispi < MMIO_DISPI.length) {
      this.#writeMmioDispi(dispi, value, width);
      return;
    }
    for (let i = 0; i < width; i++) {
      const port = offset + i - MMIO_PORTS.base;
      if (port < 0 || port >= MMIO_PORTS.length) continue;
      this.ports.write(port + 0x3c0 - FIRST_PORT, (value >>> (8 * i)) & 0xff, 1);
    }
  }

  /** Aligned register by register, for a write of one has effects. */
  #writeMmioDispi(offset: number, value: number, width: Width): void {
    const index = offset >> 1;
    if (width === 1) {
      this.#writeDispi(index, mergeByte(this.#readDispi(index), offset & 1, value));
      return;
    }
    this.#writeDispi(index, value & 0xffff);
    if (width === 4) this.#writeDispi(index + 1, value >>> 16);
  }
}

/** A 16-bit value with byte `n`, 0 or else 1, replaced. */
const mergeByte = (value: number, n: number, byte: number): number =>
  n === 0 ? (value & 0xff00) | byte : (value & 0x00ff) | (byte << 8);
