import { type FloppyFormat, floppyFormatFor } from "../../base/floppy-formats.ts";

/** Data rates as CCR and DSR select them, in kbit/s. [82077AA] */
export const DATA_RATES = [500, 300, 250, 1000] as const;

export const SECTOR_SIZE = 512;
/** 128 << N bytes a sector. */
export const SECTOR_SIZE_CODE = 2;

/** A floppy by its image's size: how it is laid out and at which data rates it can be read. */
export interface FloppyLayout extends FloppyFormat {
  rates: readonly number[];
}

const EXTRA_DENSITY_SECTORS = 36;
const HIGH_DENSITY_SECTORS = 15;

/**
 * The layout of the disk that an image of `size` bytes is of.
 * Double density is read at 250 kbit/s, or at 300 in a drive that always turns at 360 rpm.
 */
export function floppyLayout(size: number): FloppyLayout {
  const format = floppyFormatFor(size);
  const { sectorsPerTrack } = format;
  const rates =
    sectorsPerTrack >= EXTRA_DENSITY_SECTORS
      ? [1000]
      : sectorsPerTrack >= HIGH_DENSITY_SECTORS
        ? [500]
        : [250, 300];
  return { ...format, rates };
}

/** Whether a head finds sectors there at a data rate in kbit/s. */
export const isReadable = (layout: FloppyLayout, rate: number, cylinder: number, head: number): boolean =>
  layout.rates.includes(rate) && cylinder < layout.cylinders && head < layout.heads;
