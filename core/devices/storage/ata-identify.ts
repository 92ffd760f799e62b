/** Sectors that an LBA28 command can reach. */
const LBA28_SECTORS = 0x0fff_ffff;
const MAX_CYLINDERS = 16_383;

export interface Geometry {
  cylinders: number;
  heads: number;
  sectorsPerTrack: number;
}

/** The CHS translation a drive comes with: 16 heads of 63 sectors. [ATA] annex B */
export function defaultGeometry(sectors: number): Geometry {
  const heads = 16;
  const sectorsPerTrack = 63;
  const cylinders = Math.floor(sectors / (heads * sectorsPerTrack));
  return { cylinders: Math.max(1, Math.min(MAX_CYLINDERS, cylinders)), heads, sectorsPerTrack };
}

export interface AtaIdentity {
  serial: string;
  model: string;
  sectors: number;
  /** The translation that INITIALIZE DEVICE PARAMETERS has set. */
  geometry: Geometry;
  /** Sectors a block of READ MULTIPLE, 0 for none set. */
  multiple: number;
  maxMultiple: number;
  /** As SET FEATURES takes it (20h: multiword DMA mode 0, 40h: Ultra DMA mode 0). */
  transferMode: number;
  writeCache: boolean;
  lookAhead: boolean;
}

/** A text as the words of IDENTIFY hold it: two characters a word, the first in the high byte. */
export function putText(words: Uint16Array, first: number, count: number, text: string): void {
  const padded = text.padEnd(count * 2).slice(0, count * 2);
  for (let i = 0; i < count; i++) {
    words[first + i] = (padded.charCodeAt(2 * i) << 8) | padded.charCodeAt(2 * i + 1);
  }
}

/** Words 63 and 88: DMA modes a drive knows, and the one selected in the high byte. */
export function putDmaModes(words: Uint16Array, transferMode: number): void {
  const selected = (base: number) => ((transferMode & 0xf8) === base ? 0x100 << (transferMode & 7) : 0);
  words[63] = 0x0007 | selected(0x20);
  words[88] = 0x003f | selected(0x40);
}

/** IDENTIFY DEVICE's words, little-endian, with their checksum. */
export function bytesOfWords(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(512);
  words.forEach((word, i) => {
    bytes[2 * i] = word;
    bytes[2 * i + 1] = word >>> 8;
  });
  bytes[510] = 0xa5;
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes[511] = -sum;
  return bytes;
}

/** The data of IDENTIFY DEVICE. [ATA] 8.15 */
export function identifyAta(identity: AtaIdentity): Uint8Array {
  const { sectors, geometry, multiple, maxMultiple, transferMode, writeCache, lookAhead } = identity;
  const words = new Uint16Array(256);
  const put32 = (at: number, value: number) => {
    words[at] = value;
    words[at + 1] = Math.floor(value / 65_536);
  };
  const own = defaultGeometry(sectors);
  words[0] = 0x0040;
  words[1] = own.cylinders;
  words[3] = own.heads;
  words[6] = own.sectorsPerTrack;
  putText(words, 10, 10, identity.serial);
  putText(words, 23, 4, "1.0");
  putText(words, 27, 20, identity.model);
  words[47] = 0x8000 | maxMultiple;
  // LBA, DMA, IORDY, standby timer values as the standard has them.
  words[49] = 0x2f00;
  words[50] = 0x4000;
  words[51] = 0x0200;
  words[53] = 0x0007;
  words[54] = geometry.cylinders;
  words[55] = geometry.heads;
  words[56] = geometry.sectorsPerTrack;
  put32(57, geometry.cylinders * geometry.heads * geometry.sectorsPerTrack);
  words[59] = multiple ? 0x0100 | multiple : 0;
  put32(60, Math.min(sectors, LBA28_SECTORS));
  putDmaModes(words, transferMode);
  words[64] = 0x0003;
  for (let i = 65; i <= 68; i++) words[i] = 120;
  // ATA-1 to ATA-6.
  words[80] = 0x007e;
  // NOP, look-ahead, write cache, power management; 48-bit addresses, FLUSH CACHE and its EXT.
  words[82] = 0x4068;
  words[83] = 0x7400;
  words[84] = 0x4000;
  words[85] = 0x4008 | (lookAhead ? 0x40 : 0) | (writeCache ? 0x20 : 0);
  words[86] = 0x3400;
  words[87] = 0x4000;
  // An 80-conductor cable was found.
  words[93] = 0x6001;
  put32(100, sectors % 2 ** 32);
  words[102] = Math.floor(sectors / 2 ** 32);
  return bytesOfWords(words);
}
