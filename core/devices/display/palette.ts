import { ATTR_P54_SELECT, Attr } from "./registers.ts";
import type { VgaState } from "./state.ts";

/** Opaque black as a pixel: RGBA bytes read as a little-endian number. */
export const BLACK = 0xff000000;

/** What the DAC makes of a mode's pixel values, as RGBA pixels (red lowest). */
export interface Palette {
  /** By the pixel value of 256-colour modes. */
  colors256: Uint32Array;
  /** By the four bits of text and planar modes, through the attribute controller. */
  colors16: Uint32Array;
}

export function paletteOf(state: VgaState): Palette {
  const { dac, attribute } = state;
  const component = (at: number): number => {
    const value = dac.palette[at]!;
    return dac.wide ? value : ((value & 0x3f) << 2) | ((value & 0x3f) >> 4);
  };
  const colors256 = Uint32Array.from({ length: 256 }, (_, value) => {
    const at = (value & dac.mask) * 3;
    return BLACK | component(at) | (component(at + 1) << 8) | (component(at + 2) << 16);
  });

  const select = attribute.registers[Attr.COLOR_SELECT]!;
  const replaceBits54 = (attribute.registers[Attr.MODE_CONTROL]! & ATTR_P54_SELECT) !== 0;
  const planes = attribute.registers[Attr.COLOR_PLANE_ENABLE]! & 15;
  const colors16 = Uint32Array.from({ length: 16 }, (_, value) => {
    const color = attribute.registers[value & planes]!;
    const low = replaceBits54 ? (color & 0x0f) | ((select & 3) << 4) : color & 0x3f;
    return colors256[low | ((select & 0x0c) << 4)]!;
  });
  return { colors256, colors16 };
}
