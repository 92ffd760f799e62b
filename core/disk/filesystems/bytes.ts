import type { BlockDevice } from "../block-device.ts";

const SECTOR = 512;

/** `length` bytes from `offset` of a disk, neither of them bound to sectors; fewer where the disk ends before. */
export async function readBytes(disk: BlockDevice, offset: number, length: number): Promise<Uint8Array> {
  const end = Math.min(offset + length, disk.size);
  if (offset < 0 || end <= offset) return new Uint8Array(0);
  const first = Math.floor(offset / SECTOR) * SECTOR;
  const sectors = new Uint8Array(Math.ceil((end - first) / SECTOR) * SECTOR);
  await disk.read(first, sectors);
  return sectors.subarray(offset - first, end - first);
}

export const u16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

export const u32 = (bytes: Uint8Array, at: number): number =>
  (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;

/** Bytes as characters of ISO 8859-1, without the blanks and zeros at the end. */
export const latin1 = (bytes: Uint8Array): string => {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0 || bytes[end - 1] === 0x20 || bytes[end - 1] === 0x0a)) end--;
  let text = "";
  for (let i = 0; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
};
