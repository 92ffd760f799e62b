// Room for the records of decoded blocks: runs of records, taken and given back.

import { RECORD_SIZE } from "../layout.ts";

interface Run {
  at: number;
  records: number;
}

export class RecordSpace {
  readonly #all: Readonly<Run>;
  /** Runs are cut from these, one after the other; the last is at hand. */
  #areas: Run[];
  /** Addresses of what was left of them, by the number of records. */
  #runs: number[][] = [];
  /** Records in all of these. */
  #free: number;
  /** Runs that were given back, and may not be taken yet. */
  #given: Run[] = [];
  #waiting = 0;

  /** Room for so many records from an address. */
  constructor(start: number, records: number) {
    this.#all = { at: start, records };
    this.#areas = [{ ...this.#all }];
    this.#free = records;
  }

  /** Records that can be taken, if not in one run. */
  get free(): number {
    return this.#free;
  }

  /** Those that can be taken after {@link merge}. */
  get waiting(): number {
    return this.#waiting;
  }

  clear(): void {
    this.#areas = [{ ...this.#all }];
    this.#runs = [];
    this.#free = this.#all.records;
    this.#given = [];
    this.#waiting = 0;
  }

  /** Address of a run of so many records; undefined when there is none. */
  take(records: number): number | undefined {
    const at = this.#runs[records]?.pop() ?? this.#cut(records) ?? this.#split(records);
    if (at !== undefined) this.#free -= records;
    return at;
  }

  #cut(records: number): number | undefined {
    for (let area = this.#areas.at(-1); area; area = this.#areas.at(-1)) {
      if (area.records >= records) {
        const { at } = area;
        area.at += records * RECORD_SIZE;
        area.records -= records;
        return at;
      }
      this.#areas.pop();
      this.#put(area.at, area.records);
    }
    return undefined;
  }

  /** From the shortest of the longer runs. */
  #split(records: number): number | undefined {
    for (let length = records + 1; length < this.#runs.length; length++) {
      const at = this.#runs[length]?.pop();
      if (at === undefined) continue;
      this.#put(at + records * RECORD_SIZE, length - records);
      return at;
    }
    return undefined;
  }

  #put(at: number, records: number): void {
    if (records === 0) return;
    this.#runs[records] ??= [];
    this.#runs[records].push(at);
  }

  /** Gives a run back; nobody takes it before {@link merge}, for its address may be known still. */
  give(at: number, records: number): void {
    this.#given.push({ at, records });
    this.#waiting += records;
  }

  /** What was given back may be taken again; what lies side by side becomes one. */
  merge(): void {
    const left = this.#runs.flatMap((places, records) => places.map((at): Run => ({ at, records })));
    const free = [...this.#areas, ...left, ...this.#given];
    this.#free += this.#waiting;
    this.#given = [];
    this.#waiting = 0;
    free.sort((a, b) => b.at - a.at);
    this.#runs = [];
    this.#areas = [];
    for (const { at, records } of free) {
      const after = this.#areas.at(-1);
      if (after?.at === at + records * RECORD_SIZE) {
        this.#areas[this.#areas.length - 1] = { at, records: records + after.records };
      } else this.#areas.push({ at, records });
    }
  }
}
