import type { BusTarget, Width } from "./device.ts";

/** A place of a target on a bus. */
export interface Mapping {
  readonly base: number;
  readonly length: number;
  readonly name: string;
  /** Moves it, as a PCI base address register does. Throws if the new place is taken. */
  move(base: number): void;
  remove(): void;
}

export interface Attachment {
  /** First address. */
  base: number;
  /** Number of addresses. */
  length: number;
  /** For error messages and the board's map. */
  name: string;
  target: BusTarget;
  /** The widest access the target takes at once, 1 by default; wider ones reach it in parts, lowest first. */
  width?: Width;
}

interface Entry extends Mapping {
  base: number;
  width: Width;
  target: BusTarget;
}

/**
 * An address space in which targets are placed: the I/O ports, or memory-mapped registers. Two targets at one
 * address are an error; who moves a mapping at a guest's wish catches it and leaves the mapping removed.
 * An address with nobody there reads as all ones and swallows writes.
 */
export class Bus {
  readonly name: string;
  /** Called for each access that nobody answers. */
  onUnclaimed: (kind: "read" | "write", address: number, width: Width) => void = () => {};
  #entries: Entry[] = [];
  #last: Entry | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Every mapping, by address. */
  get mappings(): readonly Mapping[] {
    return this.#entries;
  }

  attach(attachment: Attachment): Mapping {
    const bus = this;
    const entry: Entry = {
      base: attachment.base,
      length: attachment.length,
      name: attachment.name,
      target: attachment.target,
      width: attachment.width ?? 1,
      move(base) {
        bus.#remove(entry);
        entry.base = base;
        bus.#insert(entry);
      },
      remove() {
        bus.#remove(entry);
      },
    };
    this.#insert(entry);
    return entry;
  }

  read(address: number, width: Width): number {
    const entry = this.#find(address);
    const offset = entry ? address - entry.base : 0;
    if (entry && width <= entry.width && offset + width <= entry.length) {
      return entry.target.read(offset, width);
    }
    if (width === 1) {
      this.onUnclaimed("read", address, 1);
      return 0xff;
    }
    const half = (width >> 1) as Width;
    const low = this.read(address, half);
    return (low | (this.read(address + half, half) << (8 * half))) >>> 0;
  }

  write(address: number, value: number, width: Width): void {
    const entry = this.#find(address);
    const offset = entry ? address - entry.base : 0;
    if (entry && width <= entry.width && offset + width <= entry.length) {
      entry.target.write(offset, value, width);
      return;
    }
    if (width === 1) {
      this.onUnclaimed("write", address, 1);
      return;
    }
    const half = (width >> 1) as Width;
    const mask = half === 1 ? 0xff : 0xffff;
    this.write(address, value & mask, half);
    this.write(address + half, (value >>> (8 * half)) & mask, half);
  }

  #find(address: number): Entry | undefined {
    const last = this.#last;
    if (last && address >= last.base && address < last.base + last.length) return last;
    let low = 0;
    let high = this.#entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const entry = this.#entries[middle]!;
      if (address < entry.base) high = middle - 1;
      else if (address >= entry.base + entry.length) low = middle + 1;
      else {
        this.#last = entry;
        return entry;
      }
    }
    return undefined;
  }

  #insert(entry: Entry): void {
    const end = entry.base + entry.length;
    const other = this.#entries.find((one) => entry.base < one.base + one.length && one.base < end);
    if (other) {
      throw new Error(
        `${this.name}: ${entry.name} at 0x${entry.base.toString(16)} overlaps ${other.name} at 0x${other.base.toString(16)}`,
      );
    }
    this.#entries.push(entry);
    this.#entries.sort((a, b) => a.base - b.base);
  }

  #remove(entry: Entry): void {
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#last = undefined;
  }
}
