import type { BusTarget, Width } from "../../board/device.ts";
import {
  Dispi,
  Gfx,
  MEMORY_CHAIN_4,
  MEMORY_SEQUENTIAL,
  MISC_ENABLE_RAM,
  MODE_ODD_EVEN_READ,
  MODE_READ_COMPARE,
  Seq,
} from "./registers.ts";
import { type VgaState, vbeEnabled } from "./state.ts";
import type { VideoMemory } from "./video-memory.ts";

/** A part of the window that is video memory byte by byte, so that it may be mapped as RAM. */
export interface DirectWindow {
  /** From A0000. */
  offset: number;
  length: number;
  videoOffset: number;
}

/** Four bits, one a plane, as a mask of four bytes. */
export const planeMask = Uint32Array.from({ length: 16 }, (_, bits) =>
  [0, 1, 2, 3].reduce((mask, plane) => (bits & (1 << plane) ? mask | (0xff << (8 * plane)) : mask), 0),
);

/** First offset and length of the window by the memory map bits of the miscellaneous graphics register. */
const MEMORY_MAPS = [
  { base: 0x00000, length: 0x20000 },
  { base: 0x00000, length: 0x10000 },
  { base: 0x10000, length: 0x08000 },
  { base: 0x18000, length: 0x08000 },
] as const;

/** Bytes of a plane that a VGA mode reaches. */
const PLANE_SIZE = 0x10000;

type Addressing = "off" | "packed" | "chain-4" | "planar";

/**
 * The legacy window, A0000 to BFFFF: the way through the graphics controller to video memory. Chain-4 addresses
 * are packed (address `a` is byte `a` of video memory), as on every VGA with a linear frame buffer; odd/even
 * addresses keep their bit 0 clear within the plane, as on the original.
 */
export class LegacyWindow implements BusTarget {
  /** Called when `direct` has changed. */
  onChange: () => void = () => {};
  #direct: DirectWindow | null = null;
  readonly #video: VideoMemory;
  readonly #state: () => VgaState;

  // What the registers say, worked out by `update`.
  #addressing: Addressing = "off";
  #base = 0;
  #length = 0;
  /** Added to addresses: the bank of a VBE mode. */
  #bank = 0;
  #planeLimit = PLANE_SIZE - 1;
  #oddEvenWrite = false;
  #oddEvenRead = false;
  #mapMask = 0;
  #bitMask = 0;
  #setReset = 0;
  #enableSetReset = 0;
  #rotate = 0;
  #operation = 0;
  #writeMode = 0;
  /** A write stores the byte as it comes. */
  #plainWrite = false;

  constructor(video: VideoMemory, state: () => VgaState) {
    this.#video = video;
    this.#state = state;
  }

  /** The part that may be mapped as RAM, null if none. */
  get direct(): DirectWindow | null {
    return this.#direct;
  }

  read(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.#readByte(offset + i) << (8 * i);
    return value >>> 0;
  }

  write(offset: number, value: number, width: Width): void {
    for (let i = 0; i < width; i++) this.#writeByte(offset + i, (value >>> (8 * i)) & 0xff);
  }

  /** Takes over the registers after one has changed. */
  update(): void {
    const state = this.#state();
    const gfx = state.graphics.registers;
    const memoryMode = state.sequencer.registers[Seq.MEMORY_MODE]!;
    const mapMask = state.sequencer.registers[Seq.MAP_MASK]! & 15;
    const vbe = vbeEnabled(state);
    const map = MEMORY_MAPS[vbe ? 1 : (gfx[Gfx.MISCELLANEOUS]! >> 2) & 3]!;

    if (vbe && state.dispi.registers[Dispi.BPP]! > 4) this.#addressing = "packed";
    else if (!vbe && !(state.miscellaneousOutput & MISC_ENABLE_RAM)) this.#addressing = "off";
    else if (!vbe && memoryMode & MEMORY_CHAIN_4) this.#addressing = "chain-4";
    else this.#addressing = "planar";

    this.#base = map.base;
    this.#length = map.length;
    this.#bank = vbe ? state.dispi.registers[Dispi.BANK]! << 16 : 0;
    this.#planeLimit = vbe ? this.#video.planes.length - 1 : PLANE_SIZE - 1;
    this.#oddEvenWrite = !vbe && !(memoryMode & MEMORY_SEQUENTIAL);
    this.#oddEvenRead = !vbe && (gfx[Gfx.MODE]! & MODE_ODD_EVEN_READ) !== 0;
    this.#mapMask = mapMask;
    this.#bitMask = Math.imul(gfx[Gfx.BIT_MASK]!, 0x01010101);
    this.#setReset = planeMask[gfx[Gfx.SET_RESET]! & 15]!;
    this.#enableSetReset = planeMask[gfx[Gfx.ENABLE_SET_RESET]! & 15]!;
    this.#rotate = gfx[Gfx.DATA_ROTATE]! & 7;
    this.#operation = (gfx[Gfx.DATA_ROTATE]! >> 3) & 3;
    this.#writeMode = gfx[Gfx.MODE]! & 3;
    this.#plainWrite =
      this.#writeMode === 0 &&
      gfx[Gfx.DATA_ROTATE] === 0 &&
      gfx[Gfx.ENABLE_SET_RESET] === 0 &&
      gfx[Gfx.BIT_MASK] === 0xff;

    const compares = (gfx[Gfx.MODE]! & MODE_READ_COMPARE) !== 0;
    const linear =
      this.#addressing === "packed" ||
      (this.#addressing === "chain-4" && this.#plainWrite && mapMask === 15 && !compares && map.base === 0);
    this.#setDirect(linear ? this.#bank & (this.#video.bytes.length - 1) : -1);
  }

  #setDirect(videoOffset: number): void {
    const before = this.#direct ? this.#direct.videoOffset : -1;
    if (videoOffset === before) return;
    this.#direct = videoOffset < 0 ? null : { offset: 0, length: 0x10000, videoOffset };
    this.onChange();
  }

  #readByte(offset: number): number {
    const address = offset - this.#base;
    if (this.#addressing === "off" || address < 0 || address >= this.#length) return 0xff;
    const { bytes, planes } = this.#video;
    if (this.#addressing === "packed") return bytes[(address + this.#bank) & (bytes.length - 1)]!;

    const state = this.#state();
    const gfx = state.graphics.registers;
    let plane = gfx[Gfx.READ_MAP_SELECT]! & 3;
    let index = address + this.#bank;
    if (this.#addressing === "chain-4") {
      plane = address & 3;
      index >>= 2;
    } else if (this.#oddEvenRead) {
      plane = (plane & 2) | (address & 1);
      index &= ~1;
    }
    const latches = planes[index & this.#planeLimit]!;
    state.latches = latches;
    if (!(gfx[Gfx.MODE]! & MODE_READ_COMPARE)) return (latches >>> (8 * plane)) & 0xff;
    const differs =
      (latches ^ planeMask[gfx[Gfx.COLOR_COMPARE]! & 15]!) & planeMask[gfx[Gfx.COLOR_DONT_CARE]! & 15]!;
    return ~(differs | (differs >>> 8) | (differs >>> 16) | (differs >>> 24)) & 0xff;
  }

  #writeByte(offset: number, byte: number): void {
    const address = offset - this.#base;
    if (this.#addressing === "off" || address < 0 || address >= this.#length) return;
    const { bytes } = this.#video;
    if (this.#addressing === "packed") {
      const at = (address + this.#bank) & (bytes.length - 1);
      bytes[at] = byte;
      this.#video.touch(at);
      return;
    }

    let index = address + this.#bank;
    let map = this.#mapMask;
    if (this.#addressing === "chain-4") {
      map &= 1 << (address & 3);
      index >>= 2;
    } else if (this.#oddEvenWrite) {
      map &= address & 1 ? 0b1010 : 0b0101;
      index &= ~1;
    }
    if (map !== 0) this.#store(index & this.#planeLimit, byte, planeMask[map]!);
  }

  /** Writes the planes in `mask` at `index` from a byte of the processor, as the write mode says. */
  #store(index: number, byte: number, mask: number): void {
    const { planes } = this.#video;
    const data = this.#plainWrite ? Math.imul(byte, 0x01010101) : this.#compose(byte);
    planes[index] = (planes[index]! & ~mask) | (data & mask);
    this.#video.touch(index << 2);
  }

  /** The four bytes that a write offers to the planes. */
  #compose(byte: number): number {
    const latches = this.#state().latches;
    const rotated = ((byte >>> this.#rotate) | (byte << (8 - this.#rotate))) & 0xff;
    let bitMask = this.#bitMask;
    let data: number;
    switch (this.#writeMode) {
      case 0:
        data = Math.imul(rotated, 0x01010101);
        data = (data & ~this.#enableSetReset) | (this.#setReset & this.#enableSetReset);
        break;
      case 1:
        return latches;
      case 2:
        data = planeMask[byte & 15]!;
        break;
      default:
        data = this.#setReset;
        bitMask &= Math.imul(rotated, 0x01010101);
    }
    if (this.#operation === 1) data &= latches;
    else if (this.#operation === 2) data |= latches;
    else if (this.#operation === 3) data ^= latches;
    return (data & bitMask) | (latches & ~bitMask);
  }
}
