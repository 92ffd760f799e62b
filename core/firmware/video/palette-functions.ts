import type { Call } from "../call.ts";
import type { Vga } from "./vga.ts";

const BLINK = 0x08;
const OVERSCAN = 0x11;
const MODE_CONTROL = 0x10;
const COLOR_SELECT = 0x14;
/** The DAC is addressed in 16 blocks of 16 colours rather than 4 of 64. */
const BLOCKS_OF_16 = 0x80;

/** AL=13h: which block of the DAC the attribute controller's 16 colours come from. */
function colorPage(call: Call, vga: Vga): void {
  const mode = vga.attribute(MODE_CONTROL);
  if (call.bl === 0) {
    vga.setAttribute(MODE_CONTROL, (mode & ~BLOCKS_OF_16) | ((call.bh & 1) << 7));
  } else {
    vga.setAttribute(COLOR_SELECT, mode & BLOCKS_OF_16 ? call.bh & 0x0f : (call.bh & 3) << 2);
  }
}

/** INT 10h AH=10h: the attribute controller's palette and the DAC. */
export function paletteFunctions(call: Call, vga: Vga): void {
  const { memory } = call;
  const table = call.address("es", call.dx);
  switch (call.al) {
    case 0x00:
      if (call.bl <= 0x14) vga.setAttribute(call.bl, call.bh);
      return;
    case 0x01:
      vga.setAttribute(OVERSCAN, call.bh);
      return;
    case 0x02:
      for (let i = 0; i < 16; i++) vga.setAttribute(i, memory.read8(table + i));
      vga.setAttribute(OVERSCAN, memory.read8(table + 16));
      return;
    case 0x03: {
      const mode = vga.attribute(MODE_CONTROL);
      vga.setAttribute(MODE_CONTROL, call.bl & 1 ? mode | BLINK : mode & ~BLINK);
      return;
    }
    case 0x07:
      if (call.bl <= 0x14) call.bh = vga.attribute(call.bl);
      return;
    case 0x08:
      call.bh = vga.attribute(OVERSCAN);
      return;
    case 0x09:
      for (let i = 0; i < 16; i++) memory.write8(table + i, vga.attribute(i));
      memory.write8(table + 16, vga.attribute(OVERSCAN));
      return;
    case 0x10:
      vga.setDac(call.bx, call.dh, call.ch, call.cl);
      return;
    case 0x12:
      for (let i = 0; i < call.cx; i++) {
        const at = table + 3 * i;
        vga.setDac(call.bx + i, memory.read8(at), memory.read8(at + 1), memory.read8(at + 2));
      }
      return;
    case 0x13:
      colorPage(call, vga);
      return;
    case 0x15: {
      const [red, green, blue] = vga.dac(call.bx);
      call.dh = red;
      call.ch = green;
      call.cl = blue;
      return;
    }
    case 0x17:
      for (let i = 0; i < call.cx; i++) memory.write(table + 3 * i, Uint8Array.from(vga.dac(call.bx + i)));
      return;
    case 0x18:
      vga.dacMask = call.bl;
      return;
    case 0x19:
      call.bl = vga.dacMask;
      return;
    case 0x1a: {
      const blocksOf16 = (vga.attribute(MODE_CONTROL) & BLOCKS_OF_16) !== 0;
      const page = vga.attribute(COLOR_SELECT) & 0x0f;
      call.bl = blocksOf16 ? 1 : 0;
      call.bh = blocksOf16 ? page : page >> 2;
      return;
    }
    case 0x1b:
      vga.sumToGrey(call.bx, call.cx);
      return;
    default:
  }
}
