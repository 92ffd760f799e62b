import type { Completion, Medium } from "../medium.ts";

/** A medium in memory that can be made to fail. */
export class MemoryMedium implements Medium {
  readonly bytes: Uint8Array;
  readonly readOnly: boolean;
  failing = false;
  reads = 0;
  flushes = 0;

  constructor(bytes: Uint8Array, readOnly = false) {
    this.bytes = bytes;
    this.readOnly = readOnly;
  }

  get size(): number {
    return this.bytes.length;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    this.reads++;
    if (this.failing) throw new Error("unreadable");
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    if (this.failing) throw new Error("unwritable");
    this.bytes.set(from, offset);
  }

  async flush(): Promise<void> {
    if (this.failing) throw new Error("unwritable");
    this.flushes++;
  }
}

/** Each sector filled with its own number. */
export function numberedSectors(count: number, sectorSize = 512): Uint8Array {
  const bytes = new Uint8Array(count * sectorSize);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 4) view.setUint32(at, Math.floor(at / sectorSize), true);
  return bytes;
}

/** Runs completions at once. */
export const atOnce: Completion = { defer: (run) => run() };

/** Lets promises that are settled, and what hangs on them, take their course. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
