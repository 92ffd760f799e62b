/** How a floppy disk is laid out: 512-byte sectors, numbered from 1 on each track. */
export interface FloppyFormat {
  /** In bytes, of the whole disk. */
  size: number;
  cylinders: number;
  heads: number;
  sectorsPerTrack: number;
}

const format = (cylinders: number, heads: number, sectorsPerTrack: number): FloppyFormat => ({
  size: cylinders * heads * sectorsPerTrack * 512,
  cylinders,
  heads,
  sectorsPerTrack,
});

/** Every usual format, smallest first: 160 KB to 2.88 MB, with the 1.68 and 1.72 MB ones that only software made. */
export const FLOPPY_FORMATS: readonly FloppyFormat[] = [
  format(40, 1, 8),
  format(40, 1, 9),
  format(40, 2, 8),
  format(40, 2, 9),
  format(80, 2, 9),
  format(80, 2, 15),
  format(80, 2, 18),
  format(80, 2, 20),
  format(80, 2, 21),
  format(82, 2, 21),
  format(80, 2, 36),
];

/** The format of a disk of `size` bytes, if it is one of a floppy's. */
export const floppyFormatOfSize = (size: number): FloppyFormat | undefined =>
  FLOPPY_FORMATS.find((one) => one.size === size);

const HIGH_DENSITY = format(80, 2, 18);

/**
 * The format of the disk that an image of `size` bytes is of: its own, or that which it is the beginning of, which is 1.44 MB
 * or, where that does not do, the next larger one.
 */
export const floppyFormatFor = (size: number): FloppyFormat =>
  floppyFormatOfSize(size) ??
  (size <= HIGH_DENSITY.size
    ? HIGH_DENSITY
    : (FLOPPY_FORMATS.find((one) => one.size >= size) ?? FLOPPY_FORMATS.at(-1)!));
