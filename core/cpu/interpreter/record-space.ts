// Room for the records of decoded blocks: runs of records, taken and given back.

import { RECORD_SIZE } from "../layout.ts";

/** Runs are of a multiple of so many records, so that what is left of a longer one can be of use too. */
export const GRAIN = 4;

// All in integers: a number with a fraction, even one of 0, is an object of its own in each block.
const grainsOf = (records: number): number => ((records + GRAIN - 1) / GRAIN) | 0;
const bytesOf = (grains: number): number => grains * GRAIN * RECORD_SIZE;

interface Run {
  at: number;
  grains: number;
}

export class RecordSpace {
  readonly #all: Readonly<Run>;
  /** Runs are cut from these, one after the other; the last is at hand. */
  #areas: Run[];
  /** Addresses of what was left of them, by the number of grains. */
  #runs: number[][] = [];
  /** Grains in all of these. */
  #free: number;
  /** Runs that were given back, and may not be taken yet. */
  #given: Run[] = [];
  #waiting = 0;

  /** Room for so many records from an address. */
  constructor(start: number, records: number) {
    this.#all = { at: start, grains: Math.floor(records / GRAIN) };
    this.#areas = [{ ...this.#all }];
    this.#free = this.#all.grains;
  }

  /** Records that can be taken, if not in one run. */
  get free(): number {
    return this.#free * GRAIN;
  }

  /** Those that can be taken after {@link merge}. */
  get waiting(): number {
    return this.#waiting * GRAIN;
  }

  clear(): void {
    this.#areas = [{ ...this.#all }];
    this.#runs = [];
    this.#free = this.#all.grains;
    this.#given = [];
    this.#waiting = 0;
  }

  /** Address of a run of so many records; undefined when there is none. */
  take(records: number): number | undefined {
    const grains = grainsOf(records);
    const at = this.#runs[grains]?.pop() ?? this.#cut(grains);
    if (at !== undefined) this.#free -= grains;
    return at;
  }

  #cut(grains: number): number | undefined {
    for (let area = this.#areas.at(-1); area; area = this.#areas.at(-1)) {
      if (area.grains >= grains) {
        const { at } = area;
        area.at += bytesOf(grains);
        area.grains -= grains;
        return at;
      }
      this.#areas.pop();
      if (area.grains > 0) this.#put(area);
    }
    return undefined;
  }

  #put({ at, grains }: Run): void {
    this.#runs[grains] ??= [];
    this.#runs[grains].push(at);
  }

  /** Gives a run back; nobody takes it before {@link merge}, for its address may be known still. */
  give(at: number, records: number): void {
    const grains = grainsOf(records);
    this.#given.push({ at, grains });
    this.#waiting += grains;
  }

  /** What was given back may be taken again; what lies side by side becomes one. */
  merge(): void {
    const left = this.#runs.flatMap((places, grains) => places.map((at): Run => ({ at, grains })));
    const free = [...this.#areas, ...left, ...this.#given];
    this.#free += this.#waiting;
    this.#given = [];
    this.#waiting = 0;
    free.sort((a, b) => b.at - a.at);
    this.#runs = [];
    this.#areas = [];
    for (const { at, grains } of free) {
      const after = this.#areas.at(-1);
      if (after?.at === at + bytesOf(grains)) {
        this.#areas[this.#areas.length - 1] = { at, grains: grains + after.grains };
      } else this.#areas.push({ at, grains });
    }
  }
}
