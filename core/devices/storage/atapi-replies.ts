import { bytesOfWords, putDmaModes, putText } from "./ata-identify.ts";

/** Bytes of a data block on a CD. */
export const CD_BLOCK = 2048;
/** Blocks of an 80-minute CD; what is larger is a DVD. */
const CD_BLOCKS_LIMIT = 80 * 60 * 75;
const LEAD_OUT = 0xaa;
/** Track 1: a data track, uninterrupted, digital copy prohibited; position in its Q channel. */
const ADR_CONTROL = 0x14;
/** Two seconds of pregap come before block 0. */
const PREGAP = 150;
/** 24 times the 176.4 kB/s of audio. */
const SPEED_KB = 4234;

const PROFILE_CD_ROM = 0x0008;
const PROFILE_DVD_ROM = 0x0010;

const be16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const be32 = (value: number): number[] => [...be16(value >>> 16), ...be16(value)];

/** Minute, second and frame of a block. */
function msf(block: number): number[] {
  const frames = block + PREGAP;
  return [Math.floor(frames / (60 * 75)) & 0xff, Math.floor(frames / 75) % 60, frames % 75];
}

const address = (block: number, asMsf: boolean): number[] => (asMsf ? [0, ...msf(block)] : be32(block));

/** A reply that begins with the length of what follows it, in two bytes. */
const withLength = (body: number[]): number[] => [...be16(body.length), ...body];

/** The data of IDENTIFY PACKET DEVICE. [ATA] 8.16 */
export function identifyPacket(serial: string, transferMode: number): Uint8Array {
  const words = new Uint16Array(256);
  // A CD-ROM drive, removable medium, DRQ within 50 µs of PACKET, packets of 12 bytes.
  words[0] = 0x85c0;
  putText(words, 10, 10, serial);
  putText(words, 23, 4, "1.0");
  putText(words, 27, 20, "TWINBOX CD-ROM");
  words[49] = 0x0f00;
  words[50] = 0x4000;
  words[53] = 0x0006;
  putDmaModes(words, transferMode);
  words[64] = 0x0003;
  for (let i = 65; i <= 68; i++) words[i] = 120;
  words[80] = 0x007e;
  // NOP, DEVICE RESET, PACKET.
  words[82] = 0x4210;
  words[83] = 0x4000;
  words[84] = 0x4000;
  words[85] = 0x4210;
  words[87] = 0x4000;
  words[93] = 0x6001;
  return bytesOfWords(words);
}

const text = (value: string, length: number): number[] =>
  [...value.padEnd(length)].map((c) => c.charCodeAt(0));

export const inquiry = (): number[] => [
  0x05, // CD-ROM
  0x80, // removable
  0x00,
  0x21, // ATAPI, in the response format of its time
  31,
  0,
  0,
  0,
  ...text("TWINBOX", 8),
  ...text("CD-ROM", 16),
  ...text("1.0", 4),
];

export interface Sense {
  key: number;
  asc: number;
  ascq: number;
}

export const senseData = ({ key, asc, ascq }: Sense): number[] => {
  const data = new Array<number>(18).fill(0);
  data[0] = 0x70;
  data[2] = key;
  data[7] = 10;
  data[12] = asc;
  data[13] = ascq;
  return data;
};

export const capacity = (blocks: number): number[] => [...be32(blocks - 1), ...be32(CD_BLOCK)];

/** READ TOC format 0: the track and the lead-out, from `start` on; null if there is no such track. */
export function trackToc(start: number, asMsf: boolean, blocks: number): number[] | null {
  if (start > 1 && start !== LEAD_OUT) return null;
  const entry = (track: number, block: number) => [0, ADR_CONTROL, track, 0, ...address(block, asMsf)];
  const track = start === LEAD_OUT ? [] : entry(1, 0);
  return withLength([1, 1, ...track, ...entry(LEAD_OUT, blocks)]);
}

/** Format 1: the first track of the last session. */
export const sessionToc = (asMsf: boolean): number[] =>
  withLength([1, 1, 0, ADR_CONTROL, 1, 0, ...address(0, asMsf)]);

/** Format 2: the lead-in as it is on the disc. */
export function fullToc(blocks: number): number[] {
  const entry = (point: number, p: number[]) => [1, ADR_CONTROL, 0, point, 0, 0, 0, 0, ...p];
  return withLength([
    1,
    1,
    ...entry(0xa0, [1, 0, 0]),
    ...entry(0xa1, [1, 0, 0]),
    ...entry(0xa2, msf(blocks)),
    ...entry(1, msf(0)),
  ]);
}

const errorRecoveryPage = [0x01, 0x06, 0x00, 0x05, 0, 0, 0, 0];
const audioControlPage = [0x0e, 0x0e, 0x04, 0, 0, 0, 0, 0, 0x01, 0xff, 0x02, 0xff, 0, 0, 0, 0];
const capabilitiesPage = (locked: boolean): number[] => [
  0x2a,
  0x12,
  0x03, // reads CD-R and CD-RW
  0x00,
  0x70, // mode 2 forms 1 and 2, multi-session
  0x00,
  0x29 | (locked ? 0x02 : 0), // tray, ejects, can be locked
  0x00,
  ...be16(SPEED_KB),
  ...be16(0),
  ...be16(512),
  ...be16(SPEED_KB),
  0,
  0,
  0,
  0,
];

/** The pages that MODE SENSE asks for; null if there is none such. */
export function modePages(page: number, locked: boolean): number[] | null {
  switch (page) {
    case 0x01:
      return errorRecoveryPage;
    case 0x0e:
      return audioControlPage;
    case 0x2a:
      return capabilitiesPage(locked);
    case 0x3f:
      return [...errorRecoveryPage, ...audioControlPage, ...capabilitiesPage(locked)];
    default:
      return null;
  }
}

/** Medium type of the mode parameter header: a 120 mm data disc, or the reason why there is none. */
const mediumType = (state: "present" | "empty" | "open"): number =>
  state === "present" ? 0x01 : state === "empty" ? 0x70 : 0x71;

export const modeSense6 = (pages: number[], medium: "present" | "empty" | "open"): number[] => [
  3 + pages.length,
  mediumType(medium),
  0,
  0,
  ...pages,
];

export const modeSense10 = (pages: number[], medium: "present" | "empty" | "open"): number[] =>
  withLength([mediumType(medium), 0, 0, 0, 0, 0, ...pages]);

/** GET CONFIGURATION's features from `first` on; `only` that one, or `current` ones alone. [MMC] 5.3 */
export function configuration(
  first: number,
  request: "all" | "current" | "only",
  blocks: number | null,
): number[] {
  const profile = blocks === null ? 0 : blocks > CD_BLOCKS_LIMIT ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
  const isCurrent = (one: number) => (one === profile ? 1 : 0);
  const feature = (code: number, current: boolean, persistent: boolean, data: number[]) => ({
    code,
    current,
    bytes: [...be16(code), (current ? 1 : 0) | (persistent ? 2 : 0), data.length, ...data],
  });
  const features = [
    feature(0x0000, true, true, [
      ...be16(PROFILE_DVD_ROM),
      isCurrent(PROFILE_DVD_ROM),
      0,
      ...be16(PROFILE_CD_ROM),
      isCurrent(PROFILE_CD_ROM),
      0,
    ]),
    // Core: the interface is ATAPI.
    feature(0x0001, true, true, be32(2)),
    // Removable medium: a tray that ejects and can be locked.
    feature(0x0003, true, true, [0x29, 0, 0, 0]),
    feature(0x0010, profile !== 0, false, [...be32(CD_BLOCK), ...be16(1), 0, 0]),
    feature(0x001e, profile === PROFILE_CD_ROM, false, [0, 0, 0, 0]),
    feature(0x001f, profile === PROFILE_DVD_ROM, false, []),
  ];
  const wanted = features.filter(({ code, current }) =>
    request === "only" ? code === first : code >= first && (request === "all" || current),
  );
  const body = [0, 0, ...be16(profile), ...wanted.flatMap(({ bytes }) => bytes)];
  return [...be32(body.length), ...body];
}

/** GET EVENT STATUS NOTIFICATION for the media class, or none if the class is another. [MMC] 5.4 */
export function mediaEvent(wanted: boolean, event: number, present: boolean, open: boolean): number[] {
  if (!wanted) return withLength([0x80, 0x10]);
  return withLength([0x04, 0x10, event, (present ? 2 : 0) | (open ? 1 : 0), 0, 0]);
}

export const mechanismStatus = (open: boolean): number[] => [0, open ? 0x10 : 0, 0, 0, 0, 1, 0, 0];

/** One finalised session with one track. */
export const discInformation = (): number[] => [
  0,
  32,
  0x0e,
  1,
  1,
  1,
  1,
  0x20,
  ...new Array<number>(26).fill(0),
];

export const trackInformation = (blocks: number): number[] => [
  ...be16(26),
  1, // track
  1, // session
  0,
  0x04, // data track
  0x01, // mode 1
  0,
  ...be32(0),
  ...be32(0),
  ...be32(0),
  ...be32(0),
  ...be32(blocks),
];

/** READ SUB-CHANNEL: where the head is, or the catalogue and track codes, which this disc has not. */
export function subChannel(format: number, subQ: boolean, block: number, asMsf: boolean): number[] | null {
  const noAudio = 0x15;
  const reply = (body: number[]) => [0, noAudio, ...withLength(body)];
  if (!subQ) return reply([]);
  if (format === 1) {
    return reply([1, ADR_CONTROL, 1, 1, ...address(block, asMsf), ...address(block, asMsf)]);
  }
  if (format === 2 || format === 3) return reply([format, ...new Array<number>(19).fill(0)]);
  return null;
}
