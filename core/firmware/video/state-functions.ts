import { bda } from "../bda.ts";
import type { Call } from "../call.ts";
import type { TextScreen } from "./text.ts";
import { GRAPHICS, SEQUENCER, type Vga } from "./vga.ts";

/** Display code of a VGA with a colour monitor. */
const VGA_COLOR = 0x08;
const SUPPORTED = 0x12;

/** INT 10h AH=12h: alternate select. */
export function alternateSelect(call: Call, vga: Vga): void {
  const { memory } = call;
  const setBit = (address: number, bit: number, on: boolean) => {
    const value = memory.read8(address);
    memory.write8(address, on ? value | bit : value & ~bit);
  };
  switch (call.bl) {
    case 0x10:
      call.bh = vga.crtc === 0x3b4 ? 1 : 0;
      call.bl = 3;
      call.ch = 0;
      call.cl = memory.read8(bda.videoSwitches) & 0x0f;
      return;
    case 0x30: {
      const flags = memory.read8(bda.vgaControl) & ~0x90;
      const lines = [0x80, 0x00, 0x10][call.al];
      if (lines === undefined) return;
      memory.write8(bda.vgaControl, flags | lines);
      break;
    }
    case 0x31:
      setBit(bda.vgaControl, 0x08, call.al === 1);
      break;
    case 0x32: {
      const { io } = vga;
      const misc = io.inb(0x3cc);
      io.outb(0x3c2, call.al === 0 ? misc | 2 : misc & ~2);
      break;
    }
    case 0x33:
      setBit(bda.vgaControl, 0x02, call.al === 0);
      break;
    case 0x34:
      setBit(bda.videoControl, 0x01, call.al !== 0);
      break;
    case 0x36: {
      const { io } = vga;
      const clocking = io.readIndexed(SEQUENCER, 1);
      io.indexed(SEQUENCER, 1, call.al === 1 ? clocking | 0x20 : clocking & ~0x20);
      break;
    }
    default:
      return;
  }
  call.al = SUPPORTED;
}

/** INT 10h AH=1Ah: which display there is. */
export function displayCombination(call: Call): void {
  if (call.al === 0) {
    call.bl = VGA_COLOR;
    call.bh = 0;
  } else if (call.al !== 1) {
    return;
  }
  call.al = 0x1a;
}

/** INT 10h AH=1Bh: 64 bytes at ES:DI about the adapter and the screen. */
export function functionality(call: Call, screen: TextScreen, capabilities: number): void {
  if (call.bx !== 0) return;
  const { memory } = call;
  const at = call.address("es", call.di);
  const table = new Uint8Array(64);
  const view = new DataView(table.buffer);
  view.setUint32(0, capabilities, true);
  const area = new Uint8Array(0x467 - bda.videoMode);
  memory.read(bda.videoMode, area);
  table.set(area, 0x04);
  table[0x22] = memory.read8(bda.videoRows) + 1;
  view.setUint16(0x23, screen.characterHeight, true);
  table[0x25] = VGA_COLOR;
  const kind = screen.mode?.kind;
  const colors = kind === "linear" ? 256 : kind === "cga4" ? 4 : kind === "cga2" ? 2 : 16;
  view.setUint16(0x27, colors, true);
  table[0x29] = screen.mode?.pages ?? 1;
  table[0x2a] = { 8: 0, 14: 1, 16: 2 }[screen.mode?.characterHeight ?? 16];
  table[0x2d] = 0x21;
  table[0x31] = 3;
  memory.write(at, table);
  call.al = 0x1b;
}

/** Sizes of the parts of AH=1Ch in the order of its bits: registers, data area, DAC. */
const STATE_SIZES = [0x60, 0x60, 0x304];
const CRTC_COUNT = 0x19;
const VIDEO_AREA_LENGTH = 0x40;

function hardwareState(call: Call, vga: Vga, at: number, restore: boolean): void {
  const { io, crtc } = vga;
  const { memory } = call;
  const groups: [count: number, read: (i: number) => number, write: (i: number, value: number) => void][] = [
    [1, () => io.inb(0x3cc), (_, value) => io.outb(0x3c2, value)],
    [5, (i) => io.readIndexed(SEQUENCER, i), (i, value) => io.indexed(SEQUENCER, i, value)],
    [
      CRTC_COUNT,
      (i) => io.readIndexed(crtc, i),
      (i, value) => {
        // The end of the retrace holds the write protection of the first eight, so it goes first, without it.
        if (i === 0) io.indexed(crtc, 0x11, 0);
        io.indexed(crtc, i, value);
      },
    ],
    [9, (i) => io.readIndexed(GRAPHICS, i), (i, value) => io.indexed(GRAPHICS, i, value)],
    [0x15, (i) => vga.attribute(i), (i, value) => vga.setAttribute(i, value)],
  ];
  let offset = at;
  for (const [count, read, write] of groups) {
    for (let i = 0; i < count; i++, offset++) {
      if (restore) write(i, memory.read8(offset));
      else memory.write8(offset, read(i));
    }
  }
}

function dataAreaState(call: Call, at: number, restore: boolean): void {
  const bytes = new Uint8Array(VIDEO_AREA_LENGTH);
  const [from, to] = restore ? [at, bda.videoMode] : [bda.videoMode, at];
  const { memory } = call;
  // Two ranges: 0449h to 0466h, and 0484h to 048Ah.
  memory.read(from, bytes.subarray(0, 0x1e));
  memory.write(to, bytes.subarray(0, 0x1e));
  const [from2, to2] = restore ? [at + 0x20, bda.videoRows] : [bda.videoRows, at + 0x20];
  memory.read(from2, bytes.subarray(0x20, 0x27));
  memory.write(to2, bytes.subarray(0x20, 0x27));
}

function dacState(call: Call, vga: Vga, at: number, restore: boolean): void {
  const { memory } = call;
  for (let i = 0; i < 256; i++) {
    const entry = at + 4 + 3 * i;
    if (restore) vga.setDac(i, memory.read8(entry), memory.read8(entry + 1), memory.read8(entry + 2));
    else memory.write(entry, Uint8Array.from(vga.dac(i)));
  }
  if (restore) vga.dacMask = memory.read8(at);
  else memory.write8(at, vga.dacMask);
}

/** Saves or restores the parts named in CX, one after another from `at` on. */
export function transferState(call: Call, vga: Vga, at: number, restore: boolean): void {
  let offset = at;
  const parts = [
    () => hardwareState(call, vga, offset, restore),
    () => dataAreaState(call, offset, restore),
    () => dacState(call, vga, offset, restore),
  ];
  parts.forEach((transfer, bit) => {
    if ((call.cx & (1 << bit)) === 0) return;
    transfer();
    offset += STATE_SIZES[bit]!;
  });
}

/** Bytes that the parts named in `parts` take, and the VBE's registers on top. */
export const stateSize = (parts: number): number =>
  STATE_SIZES.reduce((sum, size, bit) => sum + (parts & (1 << bit) ? size : 0), 0);

/** INT 10h AH=1Ch: save and restore the state of the video system. */
export function saveState(call: Call, vga: Vga): void {
  if (call.al === 0) call.bx = (stateSize(call.cx) + 63) >> 6;
  else if (call.al === 1 || call.al === 2) {
    transferState(call, vga, call.address("es", call.bx), call.al === 2);
  } else return;
  call.al = 0x1c;
}
