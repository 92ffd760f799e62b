// Where indirect branches have led to, as far as it was noticed.

/** Targets of one branch that are remembered; one that has more leads anywhere. */
const MOST_TARGETS = 65;

export class BranchTargets {
  /** Physical addresses of the branches, by those of their records: several blocks may end with one. */
  readonly #branches = new Map<number, number>();
  /** Linear addresses, by the branch's physical address. */
  readonly #targets = new Map<number, bigint[]>();

  /** An indirect branch at a physical address was decoded. */
  enter(record: number, physical: number): void {
    this.#branches.set(record, physical);
  }

  /** Its record is gone. */
  drop(record: number): void {
    const physical = this.#branches.get(record);
    if (physical === undefined) return;
    this.#branches.delete(record);
    this.#targets.delete(physical);
  }

  clear(): void {
    this.#branches.clear();
    this.#targets.clear();
  }

  /** The branch with this record, if there is one, has led to a linear address. */
  note(record: number, linear: bigint): void {
    const physical = this.#branches.get(record);
    if (physical === undefined) return;
    const known = this.#targets.get(physical);
    if (!known) this.#targets.set(physical, [linear]);
    else if (known.length < MOST_TARGETS && !known.includes(linear)) known.push(linear);
  }

  /** Linear addresses to which the branch at a physical address has led. */
  of(physical: number): readonly bigint[] {
    return this.#targets.get(physical) ?? [];
  }
}
