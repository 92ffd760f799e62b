import { pciSlots } from "../../memory-map.ts";
import { bda } from "../bda.ts";
import type { Call } from "../call.ts";
import { PciConfig } from "../system/pci-config.ts";
import { DispiEnable, DispiIndex, readDispi, writeDispi } from "./dispi.ts";
import { edid } from "./edid.ts";
import { describeMode, setVideoMode } from "./mode-set.ts";
import { videoModes } from "./modes.ts";
import { stateSize, transferState } from "./state-functions.ts";
import { bytesPerLine, colorFields, pictureSize, type VbeMode, vbeModes } from "./vbe-modes.ts";
import type { Vga } from "./vga.ts";
import type { VideoRom } from "./video-bios.ts";

const OK = 0x004f;
const FAILED = 0x014f;
const INVALID_IN_MODE = 0x034f;
const LINEAR = 0x4000;
const KEEP_MEMORY = 0x8000;
const NUMBER = 0x3fff;
/** Where the data area keeps the mode number, in bytes that it leaves to the video BIOS. */
const VBE_MODE = 0x4ba;
/** What 0040:0049 says while a mode of the VBE is on; no standard mode has this number. */
const VBE_IN_DATA_AREA = 0x6f;
const STATE_REGISTERS = 10;

/** VESA BIOS extension 3.0 on the display interface. [VBE3] [DISPI] */
export class Vbe {
  readonly #vga: Vga;
  readonly #rom: VideoRom;
  readonly #pci: PciConfig;

  constructor(vga: Vga, rom: VideoRom) {
    this.#vga = vga;
    this.#rom = rom;
    this.#pci = new PciConfig(vga.io);
  }

  get #enabled(): boolean {
    return (readDispi(this.#vga.io, DispiIndex.enable) & DispiEnable.enabled) !== 0;
  }

  /** In bytes. */
  get #videoMemory(): number {
    return readDispi(this.#vga.io, DispiIndex.memory64k) << 16;
  }

  get #framebuffer(): number {
    return (this.#pci.read32(pciSlots.vga, 0x10) & ~0xf) >>> 0;
  }

  #find(number: number): VbeMode | undefined {
    return vbeModes.find(
      (mode) => mode.number === (number & NUMBER) && pictureSize(mode) <= this.#videoMemory,
    );
  }

  #current(call: Call): VbeMode | undefined {
    return this.#enabled ? this.#find(call.memory.read16(VBE_MODE)) : undefined;
  }

  /** Back to the VGA's own registers, before a standard mode is set. */
  leave(): void {
    if (this.#enabled) writeDispi(this.#vga.io, DispiIndex.enable, 0);
  }

  /** INT 10h AH=4Fh. */
  call(call: Call): void {
    switch (call.al) {
      case 0x00:
        call.ax = this.#controllerInformation(call);
        return;
      case 0x01:
        call.ax = this.#modeInformation(call);
        return;
      case 0x02:
        call.ax = this.#setMode(call);
        return;
      case 0x03:
        call.bx = this.#enabled ? call.memory.read16(VBE_MODE) : call.memory.read8(bda.videoMode);
        call.ax = OK;
        return;
      case 0x04:
        call.ax = this.#state(call);
        return;
      case 0x05:
        call.ax = this.#window(call);
        return;
      case 0x06:
        call.ax = this.#lineLength(call);
        return;
      case 0x07:
        call.ax = this.#displayStart(call);
        return;
      case 0x08:
        call.ax = this.#paletteWidth(call);
        return;
      case 0x09:
        call.ax = this.#palette(call);
        return;
      case 0x0a:
        call.ax = this.#protectedMode(call);
        return;
      case 0x15:
        call.ax = this.#displayData(call);
        return;
      default:
        call.ax = FAILED;
    }
  }

  #controllerInformation(call: Call): number {
    const { memory } = call;
    const at = call.address("es", call.di);
    const version2 = memory.read32(at) === 0x32454256;
    const block = new Uint8Array(version2 ? 512 : 256);
    const view = new DataView(block.buffer);
    block.set([0x56, 0x45, 0x53, 0x41]);
    view.setUint16(0x04, 0x0300, true);
    view.setUint32(0x06, this.#rom.vbeName, true);
    // The DAC can be 8 bits wide.
    view.setUint32(0x0a, 1, true);
    view.setUint16(0x0e, call.di + 0x22, true);
    view.setUint16(0x10, call.cpu.es, true);
    view.setUint16(0x12, this.#videoMemory >>> 16, true);
    if (version2) {
      view.setUint16(0x14, 0x0100, true);
      for (const field of [0x16, 0x1a, 0x1e]) view.setUint32(field, this.#rom.vbeName, true);
    }
    const modes = vbeModes.filter((mode) => pictureSize(mode) <= this.#videoMemory);
    [...modes.map((mode) => mode.number), 0xffff].forEach((number, i) => {
      view.setUint16(0x22 + 2 * i, number, true);
    });
    memory.write(at, block);
    return OK;
  }

  #modeInformation(call: Call): number {
    const mode = this.#find(call.cx);
    if (!mode) return FAILED;
    const block = new Uint8Array(256);
    const view = new DataView(block.buffer);
    const line = bytesPerLine(mode);
    const planar = mode.bitsPerPixel === 4;
    const pages = Math.min(255, Math.floor(this.#videoMemory / pictureSize(mode)) - 1);
    const fields = colorFields(mode);
    // Supported, with this information, in colour, graphics; with a linear framebuffer.
    view.setUint16(0x00, planar ? 0x1b : 0x9b, true);
    // One window: it exists, can be read and written; 64 KiB in steps of 64 KiB at A000.
    block[0x02] = 0x07;
    view.setUint16(0x04, 64, true);
    view.setUint16(0x06, 64, true);
    view.setUint16(0x08, 0xa000, true);
    view.setUint32(0x0c, this.#rom.vbeWindow, true);
    view.setUint16(0x10, line, true);
    view.setUint16(0x12, mode.width, true);
    view.setUint16(0x14, mode.height, true);
    block[0x16] = 8;
    block[0x17] = 16;
    block[0x18] = planar ? 4 : 1;
    block[0x19] = mode.bitsPerPixel === 15 ? 15 : mode.bitsPerPixel;
    block[0x1a] = 1;
    block[0x1b] = planar ? 3 : mode.bitsPerPixel === 8 ? 4 : 6;
    block[0x1d] = pages;
    block[0x1e] = 1;
    block.set(fields, 0x1f);
    block[0x27] = mode.bitsPerPixel === 32 ? 2 : 0;
    if (!planar) view.setUint32(0x28, this.#framebuffer, true);
    view.setUint16(0x32, line, true);
    block[0x34] = pages;
    block[0x35] = pages;
    block.set(fields, 0x36);
    view.setUint32(0x3e, 230_000_000, true);
    call.memory.write(call.address("es", call.di), block);
    return OK;
  }

  #setMode(call: Call): number {
    const { memory } = call;
    const { io } = this.#vga;
    if ((call.bx & NUMBER) < 0x100) {
      if (!videoModes.has(call.bx & 0x7f)) return FAILED;
      this.leave();
      const keep = call.bx & KEEP_MEMORY ? 0x80 : 0;
      setVideoMode(memory, this.#vga, this.#rom, (call.bx & 0x7f) | keep);
      return OK;
    }
    const mode = this.#find(call.bx);
    if (!mode) return FAILED;
    this.leave();
    const base = videoModes.get(mode.bitsPerPixel === 4 ? 0x12 : 0x13)!;
    this.#vga.program(base, false);
    writeDispi(io, DispiIndex.width, mode.width);
    writeDispi(io, DispiIndex.height, mode.height);
    writeDispi(io, DispiIndex.bitsPerPixel, mode.bitsPerPixel);
    const keep = call.bx & KEEP_MEMORY ? DispiEnable.keepMemory : 0;
    const linear = call.bx & LINEAR ? DispiEnable.linear : 0;
    writeDispi(io, DispiIndex.enable, DispiEnable.enabled | linear | keep);
    writeDispi(io, DispiIndex.bank, 0);
    const text = {
      columns: mode.width >> 3,
      rows: mode.height >> 4,
      characterHeight: 16 as const,
      pageSize: 0,
    };
    describeMode(memory, { ...base, ...text }, 0x3d4, VBE_IN_DATA_AREA);
    memory.write16(VBE_MODE, call.bx & ~KEEP_MEMORY);
    return OK;
  }

  #state(call: Call): number {
    const { io } = this.#vga;
    const ownBytes = call.cx & 8 ? 2 * STATE_REGISTERS + 2 : 0;
    const standard = stateSize(call.cx);
    const at = call.address("es", call.bx) + standard;
    if (call.dl === 0) {
      call.bx = (standard + ownBytes + 63) >> 6;
      return OK;
    }
    if (call.dl > 2) return FAILED;
    const { memory } = call;
    if (ownBytes > 0 && call.dl === 1) {
      for (let i = 1; i < STATE_REGISTERS; i++) memory.write16(at + 2 * i, readDispi(io, i));
      memory.write16(at + 2 * STATE_REGISTERS, memory.read16(VBE_MODE));
    } else if (ownBytes > 0) {
      const enable = memory.read16(at + 2 * DispiIndex.enable);
      writeDispi(io, DispiIndex.enable, 0);
      for (const i of [DispiIndex.width, DispiIndex.height, DispiIndex.bitsPerPixel]) {
        writeDispi(io, i, memory.read16(at + 2 * i));
      }
      if (enable & 1) writeDispi(io, DispiIndex.enable, enable | DispiEnable.keepMemory);
      for (let i = DispiIndex.bank as number; i < STATE_REGISTERS; i++)
        writeDispi(io, i, memory.read16(at + 2 * i));
      memory.write16(VBE_MODE, memory.read16(at + 2 * STATE_REGISTERS));
    }
    transferState(call, this.#vga, call.address("es", call.bx), call.dl === 2);
    return OK;
  }

  #window(call: Call): number {
    const { io } = this.#vga;
    if (!this.#enabled) return FAILED;
    if (call.memory.read16(VBE_MODE) & LINEAR) return INVALID_IN_MODE;
    if (call.bl !== 0) return FAILED;
    if (call.bh === 1) call.dx = readDispi(io, DispiIndex.bank);
    else if (call.dx >= this.#videoMemory >>> 16) return FAILED;
    else writeDispi(io, DispiIndex.bank, call.dx);
    return OK;
  }

  #lineLength(call: Call): number {
    const mode = this.#current(call);
    if (!mode) return FAILED;
    const { io } = this.#vga;
    const bytesPerPixel = (mode.bitsPerPixel + 7) >> 3;
    const planar = mode.bitsPerPixel === 4;
    const longest = Math.floor(this.#videoMemory / (planar ? 4 : 1) / mode.height);
    if (call.bl === 3) {
      call.bx = longest;
      call.cx = planar ? longest * 8 : Math.floor(longest / bytesPerPixel);
      call.dx = mode.height;
      return OK;
    }
    if (call.bl === 0 || call.bl === 2) {
      const pixels = call.bl === 0 ? call.cx : planar ? call.cx * 8 : Math.ceil(call.cx / bytesPerPixel);
      if (pixels < mode.width || bytesPerLine(mode, pixels) > longest) return 0x024f;
      writeDispi(io, DispiIndex.virtualWidth, (pixels + 7) & ~7);
    } else if (call.bl !== 1) {
      return FAILED;
    }
    const width = readDispi(io, DispiIndex.virtualWidth);
    call.bx = bytesPerLine(mode, width);
    call.cx = width;
    call.dx = Math.min(0xffff, Math.floor(this.#videoMemory / (planar ? 4 : 1) / call.bx));
    return OK;
  }

  #displayStart(call: Call): number {
    const mode = this.#current(call);
    if (!mode) return FAILED;
    const { io } = this.#vga;
    switch (call.bl) {
      case 0x00:
      case 0x80:
        writeDispi(io, DispiIndex.xOffset, call.cx);
        writeDispi(io, DispiIndex.yOffset, call.dx);
        return OK;
      case 0x01:
        call.bh = 0;
        call.cx = readDispi(io, DispiIndex.xOffset);
        call.dx = readDispi(io, DispiIndex.yOffset);
        return OK;
      default:
        return FAILED;
    }
  }

  #paletteWidth(call: Call): number {
    const mode = this.#current(call);
    if (!mode) return FAILED;
    if (mode.bitsPerPixel > 8) return INVALID_IN_MODE;
    const { io } = this.#vga;
    const enable = readDispi(io, DispiIndex.enable);
    if (call.bl === 0) {
      const wide = call.bh >= 8;
      const bits = wide ? enable | DispiEnable.dac8 : enable & ~DispiEnable.dac8;
      writeDispi(io, DispiIndex.enable, bits | DispiEnable.keepMemory);
      call.bh = wide ? 8 : 6;
      return OK;
    }
    if (call.bl !== 1) return FAILED;
    call.bh = enable & DispiEnable.dac8 ? 8 : 6;
    return OK;
  }

  #palette(call: Call): number {
    const { memory } = call;
    const table = call.address("es", call.di);
    if (call.bl === 0x00 || call.bl === 0x80) {
      for (let i = 0; i < call.cx; i++) {
        const at = table + 4 * i;
        this.#vga.setDac(call.dx + i, memory.read8(at + 2), memory.read8(at + 1), memory.read8(at));
      }
      return OK;
    }
    if (call.bl !== 1) return FAILED;
    for (let i = 0; i < call.cx; i++) {
      const [red, green, blue] = this.#vga.dac(call.dx + i);
      memory.write(table + 4 * i, Uint8Array.of(blue, green, red, 0));
    }
    return OK;
  }

  #protectedMode(call: Call): number {
    if (call.bl !== 0) return FAILED;
    call.cpu.es = this.#rom.vbeInterface >>> 16;
    call.di = this.#rom.vbeInterface;
    call.cx = this.#rom.vbeInterfaceLength;
    return OK;
  }

  /** AL=15h: the monitor's EDID. */
  #displayData(call: Call): number {
    if (call.bl === 0) {
      // DDC2 without blanking, a second for a block.
      call.bx = 0x0102;
      return OK;
    }
    if (call.bl !== 1 || call.dx !== 0) return FAILED;
    call.memory.write(call.address("es", call.di), edid());
    return OK;
  }
}
