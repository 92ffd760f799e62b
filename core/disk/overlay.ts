import { TwinboxError } from "../base/errors.ts";
import type { BlockDevice, UnsavedChanges } from "./block-device.ts";

/** Changes are kept in pieces of this many bytes. */
const CLUSTER = 65_536;
/** A saved state counts in pages. */
const PAGE = 4096;
const CLUSTER_PAGES = CLUSTER / PAGE;

/**
 * A disposable disk: reads come from a base that is never written, writes stay in memory and are gone with it,
 * unless they go into a saved state. Uses as much memory as clusters were written.
 */
export class Overlay implements BlockDevice, UnsavedChanges {
  readonly readOnly = false;
  readonly unsaved = this;
  readonly #base: BlockDevice;
  #clusters = new Map<number, Uint8Array>();
  /** Clusters being copied from the base, so that two writes to one cluster meet in the same copy. */
  readonly #copying = new Map<number, Promise<Uint8Array>>();

  constructor(base: BlockDevice) {
    this.#base = base;
  }

  get name(): string {
    return this.#base.name;
  }

  get size(): number {
    return this.#base.size;
  }

  changedPages(): Uint32Array {
    const pagesOf = (index: number) => Math.ceil(this.#lengthOf(index) / PAGE);
    return Uint32Array.from(this.#changed().flatMap((index) => [index * CLUSTER_PAGES, pagesOf(index)]));
  }

  *changedBytes(): Generator<Uint8Array> {
    for (const index of this.#changed()) yield this.#clusters.get(index)!;
  }

  restore(runs: Uint32Array, bytes: Uint8Array): void {
    const clusters = new Map<number, Uint8Array>();
    let offset = 0;
    for (let i = 0; i < runs.length; i += 2) {
      const index = runs[i]! / CLUSTER_PAGES;
      const length = Number.isInteger(index) ? this.#lengthOf(index) : 0;
      if (length <= 0 || runs[i + 1] !== Math.ceil(length / PAGE)) {
        throw new TwinboxError(
          "corrupt",
          `The saved state is damaged: ${this.name} cannot have its changes.`,
        );
      }
      clusters.set(index, bytes.slice(offset, offset + length));
      offset += length;
    }
    this.#clusters = clusters;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    this.#check(offset, into.length);
    let done = 0;
    while (done < into.length) {
      const at = offset + done;
      const index = Math.floor(at / CLUSTER);
      const changed = this.#clusters.get(index);
      if (changed) {
        const within = at - index * CLUSTER;
        const part = changed.subarray(within, within + into.length - done);
        into.set(part, done);
        done += part.length;
      } else {
        const length = this.#unchangedLength(at, into.length - done);
        await this.#base.read(at, into.subarray(done, done + length));
        done += length;
      }
    }
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    this.#check(offset, from.length);
    let done = 0;
    while (done < from.length) {
      const at = offset + done;
      const index = Math.floor(at / CLUSTER);
      const within = at - index * CLUSTER;
      const part = from.subarray(done, done + this.#lengthOf(index) - within);
      const cluster = await this.#writable(index, part.length);
      cluster.set(part, within);
      done += part.length;
    }
  }

  /** Changes are not meant to last. */
  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#clusters.clear();
    await this.#base.close();
  }

  /** Clusters that have been written, ascending. */
  #changed(): number[] {
    return [...this.#clusters.keys()].sort((a, b) => a - b);
  }

  #lengthOf(index: number): number {
    return Math.min(CLUSTER, this.size - index * CLUSTER);
  }

  /** How many of `limit` bytes from `offset` on come from the base in one go. */
  #unchangedLength(offset: number, limit: number): number {
    let index = Math.floor(offset / CLUSTER) + 1;
    while (index * CLUSTER < offset + limit && !this.#clusters.has(index)) index++;
    return Math.min(limit, index * CLUSTER - offset);
  }

  async #writable(index: number, bytesToWrite: number): Promise<Uint8Array> {
    const existing = this.#clusters.get(index) ?? this.#copying.get(index);
    if (existing) return existing;
    const cluster = new Uint8Array(this.#lengthOf(index));
    if (bytesToWrite < cluster.length) {
      const copy = this.#base.read(index * CLUSTER, cluster).then(() => cluster);
      this.#copying.set(index, copy);
      try {
        await copy;
      } finally {
        this.#copying.delete(index);
      }
    }
    this.#clusters.set(index, cluster);
    return cluster;
  }

  #check(offset: number, length: number): void {
    if (offset % 512 !== 0 || length % 512 !== 0 || offset < 0 || offset + length > this.size) {
      throw new TwinboxError(
        "invalid-argument",
        `${this.name}: ${length} bytes at ${offset} are not on the disk.`,
      );
    }
  }
}
