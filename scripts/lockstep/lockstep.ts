// Runs QEMU and our machine over the same instructions and finds the first one after which they differ.
//
// Ours runs an instruction at a time. QEMU follows by breakpoints: ours is let run until it comes to an address where it
// was not since the two were last compared, so that QEMU, which takes the same way, cannot have met it too early. There
// the registers are compared. If they differ, the run is made again up to the last place where they were equal, and from
// there both are stepped.

import type { Qemu } from "./qemu.ts";
import { ARITHMETIC_FLAGS, describe, differences, type State } from "./registers.ts";
import { type Kind, kindOf, type Twinbox } from "./twinbox.ts";

export interface Limits {
  /** Instructions of ours to compare at most. */
  readonly instructions: number;
  /** Instructions between two comparisons, at least. */
  readonly stride: number;
  /** From this many instructions on, every one is compared. */
  readonly stepFrom: number;
  /** Seconds that QEMU has to come to the next place: code on the page of its breakpoint runs slowly there. */
  readonly patience: number;
  /** After so many instructions one bit of RAX is changed in ours, to try the search itself. */
  readonly alterAfter?: number;
}

export interface Divergence {
  /** Instructions of ours before the one at fault, or before the place of the last agreement. */
  readonly after: number;
  /** The instruction itself was found, not only where to search. */
  readonly exact: boolean;
  readonly address: bigint;
  readonly instruction: string;
  readonly before: State;
  readonly ours: State;
  readonly theirs: State;
  readonly registers: readonly string[];
  readonly note: string;
}

export interface Outcome {
  /** Of ours, and how many of them led to the last place where both were equal. */
  readonly instructions: number;
  readonly compared: number;
  readonly comparisons: number;
  /** Instructions whose results were copied, by mnemonic; memory-mapped devices as `device memory`. */
  readonly copied: ReadonlyMap<string, number>;
  /** Times when nothing but arithmetic flags differed, and QEMU's were copied. */
  readonly flagsCopied: number;
  readonly end: "limit" | "halt" | "interrupts" | "divergence";
  readonly divergence?: Divergence;
}

/** QEMU is stepped so often at most to a place that its breakpoints cannot tell. */
const MOST_STEPS = 200_000;
const EFLAGS_IF = 0x200n;
/** Comparisons between two looks at all of memory. */
const MEMORY_EVERY = 256;

/** Of the instruction to come; outside protected mode segments begin at 16 times their selector. */
function linearIp(state: State): bigint {
  const real = (state.get("cr0")! & 1n) === 0n;
  return state.get("rip")! + (real ? state.get("cs")! << 4n : 0n);
}

export class Lockstep {
  readonly #ours: Twinbox;
  readonly #qemu: Qemu;
  readonly #limits: Limits;
  readonly #copied = new Map<string, number>();
  #comparisons = 0;
  #flagsCopied = 0;
  #altered = false;
  /** Where both were equal last. */
  #agreed = { instructions: 0, address: 0n, state: new Map() as State };
  /** What ours has met since then. */
  #met = new Map<bigint, Kind>();
  #divergence: Divergence | undefined;

  /** Both must stand at the same place. */
  constructor(ours: Twinbox, qemu: Qemu, limits: Limits) {
    this.#ours = ours;
    this.#qemu = qemu;
    this.#limits = limits;
  }

  async run(): Promise<Outcome> {
    const ours = this.#ours;
    this.#agree(ours.state());
    let end: Outcome["end"] = "limit";
    while (ours.instructions < this.#limits.instructions) {
      const at = ours.linearIp;
      const met = this.#met.get(at);
      const kind = met ?? kindOf(ours.decoded());
      const since = ours.instructions - this.#agreed.instructions;
      const stepping = ours.instructions >= this.#limits.stepFrom;
      const due = kind !== "plain" || stepping || (met === undefined && since >= this.#limits.stride);
      if (due && since > 0 && !(await this.#meet(ours.state(), at, met === undefined, since))) break;
      if (kind === "halt") {
        end = "halt";
        break;
      }
      this.#met.set(at, kind);
      this.#alter();
      if (kind === "plain") {
        ours.step();
        if (ours.touched && !(await this.#copyDevice(at, met === undefined))) break;
      } else if (!(await this.#copyResult(kind, at))) break;
      if (ours.instructions % 64 === 0 && (ours.state().get("eflags")! & EFLAGS_IF) !== 0n) {
        end = "interrupts";
        break;
      }
    }
    const rest = ours.instructions - this.#agreed.instructions;
    // A loop that has not come to a new place for long is left out of the comparison.
    if (!this.#divergence && rest > 0 && rest <= MOST_STEPS)
      await this.#meet(ours.state(), ours.linearIp, false, rest);
    return {
      instructions: ours.instructions,
      compared: this.#divergence ? this.#divergence.after : this.#agreed.instructions,
      comparisons: this.#comparisons,
      copied: this.#copied,
      flagsCopied: this.#flagsCopied,
      end: this.#divergence ? "divergence" : end,
      ...(this.#divergence && { divergence: this.#divergence }),
    };
  }

  #alter(): void {
    const { alterAfter } = this.#limits;
    if (this.#altered || alterAfter === undefined || this.#ours.instructions < alterAfter) return;
    this.#altered = true;
    this.#ours.alter("rax");
  }

  #agree(state: State): void {
    this.#agreed = { instructions: this.#ours.instructions, address: this.#ours.linearIp, state };
    this.#met = new Map();
  }

  /**
   * Brings QEMU to where ours was `since` instructions after the last agreement, with the registers of `target`, and
   * compares. `fresh`: the address was not met since then.
   */
  async #meet(target: State, linear: bigint, fresh: boolean, since: number): Promise<boolean> {
    const stepping = this.#ours.instructions > this.#limits.stepFrom;
    const arrived =
      fresh && !stepping
        ? await this.#qemu.runTo(linear, this.#limits.patience)
        : await this.#stepQemu(since);
    const theirs = await this.#qemu.state();
    this.#comparisons++;
    let names = differences(target, theirs, this.#ours.codeSize);
    if (names.length === 1 && names[0] === "eflags") {
      const changed = target.get("eflags")! ^ theirs.get("eflags")!;
      // Many instructions leave some of these undefined; one that defines them wrongly soon leads elsewhere.
      if ((changed & ~ARITHMETIC_FLAGS) === 0n) {
        this.#flagsCopied++;
        this.#ours.copyFlags(theirs);
        names = [];
      }
    }
    let note = arrived ? "" : `QEMU did not come here in ${this.#limits.patience} s or ${MOST_STEPS} steps.`;
    if (names.length === 0 && this.#comparisons % MEMORY_EVERY === 0) {
      const place = this.#ours.firstMemoryDifference(this.#qemu);
      if (place !== undefined) note = `Memory differs from physical ${place.toString(16)} on.`;
    }
    if (names.length === 0 && note === "") {
      this.#agree(target);
      return true;
    }
    const { instructions, address, state } = this.#agreed;
    this.#divergence = {
      after: instructions,
      exact: this.#ours.instructions === instructions + 1,
      address,
      instruction: this.#ours.textAt(address),
      before: state,
      ours: target,
      theirs,
      registers: names,
      note,
    };
    return false;
  }

  /** Steps QEMU so many instructions from where it stands, all rounds of a repeated one. */
  async #stepQemu(instructions: number): Promise<boolean> {
    if (instructions > MOST_STEPS) return false;
    let at = await this.#qemu.state();
    for (let done = 0; done < instructions; done++) {
      const before = at;
      let rounds = 0;
      do {
        await this.#qemu.step();
        at = await this.#qemu.state();
        // Only a repeated instruction is not over yet; a jump may lead to itself.
      } while (
        at.get("rip") === before.get("rip") &&
        rounds++ < MOST_STEPS &&
        this.#ours.textAt(linearIp(at)).startsWith("rep")
      );
    }
    return true;
  }

  #count(name: string): void {
    this.#copied.set(name, (this.#copied.get(name) ?? 0) + 1);
  }

  /** An instruction whose result is not ours to compute: both stand before it. */
  async #copyResult(kind: Kind, at: bigint): Promise<boolean> {
    const decoded = this.#ours.decoded()!;
    this.#count(decoded.row.mnemonic);
    if (kind === "ours") {
      this.#ours.step();
      await this.#qemu.step();
      const state = this.#ours.state();
      for (const name of ["rax", "rbx", "rcx", "rdx"]) await this.#qemu.setRegister(name, state.get(name)!);
    } else await this.#takeQemuStep(at, /^INS/.test(decoded.row.mnemonic));
    this.#agree(this.#ours.state());
    return true;
  }

  /** Ours has reached a device that only QEMU has. */
  async #copyDevice(at: bigint, fresh: boolean): Promise<boolean> {
    const before = this.#ours.touched!;
    this.#ours.touched = undefined;
    this.#count("device memory");
    const since = this.#ours.instructions - this.#agreed.instructions - 1;
    const mnemonic = this.#ours.mnemonicAt(at);
    if (since > 0 && !(await this.#meet(before, at, fresh, since))) return false;
    await this.#takeQemuStep(at, /^(MOVS|STOS)B?$/.test(mnemonic));
    this.#agree(this.#ours.state());
    return true;
  }

  /** QEMU does the instruction where it stands; its registers become ours. */
  async #takeQemuStep(at: bigint, writesMemory: boolean): Promise<void> {
    const before = await this.#qemu.state();
    let after = before;
    for (let n = 0; n < MOST_STEPS && (n === 0 || after.get("rip") === before.get("rip")); n++) {
      await this.#qemu.step();
      after = await this.#qemu.state();
    }
    if (writesMemory) {
      const [from, to] = [before.get("rdi")!, after.get("rdi")!];
      const backward = to < from;
      this.#ours.copyMemory(this.#qemu, backward ? to : from, Number(backward ? from - to : to - from));
    }
    if (this.#ours.linearIp === at) this.#ours.instructions++;
    this.#ours.copy(after);
  }
}

/** The divergence for a person to read. */
export function report(divergence: Divergence, codeSize: number): string[] {
  const { after, exact, address, instruction, before, ours, theirs, registers, note } = divergence;
  const where = `${address.toString(16)}: ${instruction}`;
  return [
    exact
      ? `After ${after} equal instructions this one differs: ${where}`
      : `The two were equal after ${after} instructions, before ${where}, and differ later.`,
    ...(note ? [note] : []),
    "Before:",
    ...describe(
      [...registers].filter((name) => before.has(name)),
      before,
      before,
    ),
    "After:",
    ...describe(registers, ours, theirs),
    `(${codeSize}-bit code)`,
  ];
}
