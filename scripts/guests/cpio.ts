// Archives that a Linux kernel unpacks as its initial RAM disk: cpio, "new ASCII" format. [CPIO]

/** An entry; its data are a file's contents or a symbolic link's target. */
export interface CpioEntry {
  /** Without a leading slash. */
  name: string;
  /** File type and permissions, as in stat(2). */
  mode: number;
  data?: Uint8Array;
  /** Of a device file: major and minor number. */
  device?: readonly [number, number];
}

export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;

const TRAILER = "TRAILER!!!";
const EMPTY = new Uint8Array();

/** Owned by root, dated 1970: the same entries give the same bytes. */
export function makeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  for (const [index, entry] of [...entries, { name: TRAILER, mode: 0 }].entries()) {
    const name = Buffer.from(`${entry.name}\0`);
    const data = entry.data ?? EMPTY;
    const [major, minor] = entry.device ?? [0, 0];
    const links = entry.mode & S_IFDIR ? 2 : 1;
    const numbers = [index + 1, entry.mode, 0, 0, links, 0, data.length, 0, 0, major, minor, name.length, 0];
    const header = `070701${numbers.map((n) => n.toString(16).padStart(8, "0")).join("")}`;
    parts.push(padded(Buffer.concat([Buffer.from(header), name])), padded(Buffer.from(data)));
  }
  return Buffer.concat(parts);
}

/** Header with name, and data, each end on a multiple of 4 bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
