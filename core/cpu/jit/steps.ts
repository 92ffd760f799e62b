// Which accesses of a loop go through memory in steps: their addresses are sums of registers to which each round adds
// constants, or always the same.

import type { OperandSpec } from "../decode/row.ts";
import { isPlainAddress } from "../interpreter/form.ts";
import {
  BLOCK_IP,
  GPR,
  REC_BASE,
  REC_DISPLACEMENT,
  REC_IMMEDIATE,
  REC_INDEX,
  REC_REG,
  REC_RM,
  REC_SCALE,
  RECORD_SIZE,
  ZERO,
} from "../layout.ts";
import { type EffectsOf, noEffects } from "./effects.ts";
import type { Node as RegionNode } from "./region.ts";
import type { OrderedBlock } from "./region-order.ts";
import { isRegister } from "./register-file.ts";
import type { Rounds, Segment } from "./segments.ts";

type Node = RegionNode<OrderedBlock>;

/** Bytes of the longest step: with longer ones pages are left after a few rounds. */
export const LONGEST_STEP = 512;
/** Bytes from the first to the last of accesses that share a page. */
const FARTHEST = 256;
/** Pages of a loop. */
const MOST_RUNS = 6;

/** Bytes that the part of an address which has 32 bits in 64-bit code is away, at most, from what it was at a run's beginning. */
export const FARTHEST_NARROW = 0x2000;

/** What is added to a register: a constant, or what is in another register, which stays as it is. */
type Step = { readonly by: number } | { readonly register: number };

/** Instructions that set a register to what another one holds. */
const COPIES = ["MOV", "MOVSXD"];

/** The only instruction that changes a register. */
interface Copy {
  readonly segment: Segment;
  readonly index: number;
  /** The register that has the same. */
  readonly from: number;
}

/** A step and where it is made. */
interface StepPlace {
  readonly segment: Segment;
  readonly index: number;
  readonly step: Step;
  /** Whether it is made in each round. */
  readonly isAlways: boolean;
  /** Whether it is one of 32 bits in 64-bit code. */
  readonly isNarrow: boolean;
}

/** Accesses of a loop that go the same way. */
export interface Run {
  /** Offsets in the state of what the address is made of, ZERO for none. */
  readonly base: number;
  readonly index: number;
  /** Shift of the index. */
  readonly scale: number;
  /** From that address, as it is at a round's start, to the lowest byte that may be accessed. */
  low: number;
  /** From the lowest byte to the end of the highest. */
  bytes: number;
  write: boolean;
  readonly narrow: readonly Narrow[];
  /** Bytes that the next round is ahead, at least and at most; or the offset of a register that holds them, to be shifted. */
  readonly step: Range | Varying;
}

/** A register that is as it would be with 64 bits while it does not come near the ends of 31. */
interface Narrow {
  /** In the state. */
  readonly offset: number;
  /** Whether some of its steps are downwards. */
  readonly goesDown: boolean;
}

interface Range {
  readonly least: number;
  readonly most: number;
}

interface Varying {
  readonly register: number;
  readonly shift: number;
}

const NONE: Range = { least: 0, most: 0 };
const sumOf = (a: Range, b: Range): Range => ({ least: a.least + b.least, most: a.most + b.most });

/** Where a register that is part of an address goes. */
interface Path {
  /** Of the register, or of the one that it is a copy of. */
  readonly offset: number;
  readonly isNarrow: boolean;
  /** In a round, by constants. */
  readonly round: Range;
  /** From the round's start to the access. */
  readonly before: Range;
  readonly varying?: Varying | undefined;
}

/** The accesses of a loop's rounds. */
export class Steps {
  readonly #rounds: Rounds;
  readonly #effects: EffectsOf;
  /** By register: where it changes, undefined if that is not by steps. */
  readonly #steps = new Map<number, StepPlace[] | undefined>();
  readonly #copies = new Map<number, Copy | undefined>();
  readonly runs: Run[] = [];
  /** By node, and index of an instruction. */
  readonly accesses = new Map<Node, (Run | undefined)[]>();

  constructor(rounds: Rounds, effects: EffectsOf) {
    this.#rounds = rounds;
    this.#effects = effects;
    this.#findSteps();
    for (const segment of rounds.segments) {
      const { node, first, end } = segment;
      const runs = this.accesses.get(node) ?? new Array<Run | undefined>(node.count);
      for (let n = first; n < end; n++) runs[n] = this.#runOf(segment, n);
      this.accesses.set(node, runs);
    }
  }

  /** Instructions whose accesses go in steps, if any of them moves. */
  get length(): number {
    const moves = this.runs.some(({ step }) => "register" in step || step.least !== 0 || step.most !== 0);
    return moves ? [...this.accesses.values()].flat().filter((run) => run).length : 0;
  }

  #findSteps(): void {
    for (const segment of this.#rounds.segments) {
      const isAlways = this.#rounds.isAlwaysRun(segment);
      for (let index = segment.first; index < segment.end; index++) {
        const effects = noEffects();
        this.#effects.add(effects, segment.node, index);
        for (let register = 0; register < 16; register++) {
          if (!((effects.changed >> register) & 1)) continue;
          const step = stepOf(segment.node, index, register);
          const isStep = step && (isAlways || "by" in step);
          const isOnly = !this.#steps.has(register);
          const from = isOnly && isAlways ? copiedBy(segment.node, index) : undefined;
          this.#copies.set(register, from === undefined ? undefined : { segment, index, from });
          const { size, codeSize } = segment.node.forms[index]!;
          const known = isOnly ? [] : this.#steps.get(register);
          const place = { segment, index, step, isAlways, isNarrow: size !== codeSize };
          this.#steps.set(register, isStep ? known && [...known, { ...place, step }] : undefined);
        }
      }
    }
  }

  /** Whether an instruction was run, or may have been, when another one of the same round begins. */
  #isMadeBefore(place: Pick<StepPlace, "segment" | "index">, segment: Segment, index: number): boolean {
    if (place.segment === segment) return place.index < index;
    return this.#rounds.isAfter(segment, place.segment);
  }

  /** The run that an instruction's access belongs to. */
  #runOf(segment: Segment, n: number): Run | undefined {
    const { node } = segment;
    const form = node.forms[n]!;
    const access = this.#effects.access(form);
    if (!access || !isPlainAddress(form)) return undefined;
    const { records } = node.block;
    const at = n * RECORD_SIZE;
    const base = records.getUint16(at + REC_BASE, true);
    const index = records.getUint16(at + REC_INDEX, true);
    const scale = records.getUint8(at + REC_SCALE);
    if (base === BLOCK_IP) return undefined;
    const first = this.#pathOf(base, 0, segment, n);
    const second = this.#pathOf(index, scale, segment, n);
    if (!first || !second || (first.varying && second.varying)) return undefined;
    const round = sumOf(first.round, second.round);
    const before = sumOf(first.before, second.before);
    const varying = first.varying ?? second.varying;
    const farthest = Math.max(-round.least, round.most);
    if (farthest > (varying ? 0 : LONGEST_STEP)) return undefined;
    const low = records.getInt32(at + REC_DISPLACEMENT, true) + before.least;
    const narrow = [first, second]
      .filter(({ isNarrow }) => isNarrow)
      .map((path) => ({ offset: path.offset, goesDown: path.round.least < 0 || path.before.least < 0 }));
    const goes = { base: first.offset, index: second.offset, scale, narrow, step: varying ?? round };
    return this.#runWith(goes, low, { ...access, bytes: access.bytes + before.most - before.least });
  }

  /** Where a register that is part of an address goes in a round, shifted; undefined if that is not by steps. */
  #pathOf(offset: number, shift: number, segment: Segment, index: number): Path | undefined {
    const stays = { offset, isNarrow: false, round: NONE, before: NONE };
    if (offset === ZERO) return stays;
    if (!isRegister(offset)) return undefined;
    const register = (offset - GPR) >> 3;
    if (!this.#steps.has(register)) return stays;
    const copy = this.#copies.get(register);
    if (copy) {
      if (!this.#isMadeBefore(copy, segment, index)) return undefined;
      const { size, codeSize, row } = copy.segment.node.forms[copy.index]!;
      if (this.#copies.get(copy.from)) return undefined;
      const path = this.#pathOf(GPR + copy.from * 8, shift, copy.segment, copy.index);
      const isNarrow = size !== codeSize || row.mnemonic === "MOVSXD";
      return path && { ...path, isNarrow: isNarrow || path.isNarrow };
    }
    const steps = this.#steps.get(register);
    if (!steps) return undefined;
    const isNarrow = steps.some((place) => place.isNarrow);
    let [round, before] = [NONE, NONE];
    let varying: Varying | undefined;
    for (const place of steps) {
      const { step, isAlways } = place;
      const isMade = this.#isMadeBefore(place, segment, index);
      if ("by" in step) {
        const by = step.by * 2 ** shift;
        const range = isAlways ? { least: by, most: by } : { least: Math.min(by, 0), most: Math.max(by, 0) };
        round = sumOf(round, range);
        if (isMade) before = sumOf(before, range);
        continue;
      }
      if (varying || isMade || this.#steps.has(step.register)) return undefined;
      varying = { register: GPR + step.register * 8, shift };
    }
    const isFar = Math.max(-before.least, before.most) > LONGEST_STEP;
    return isNarrow && isFar ? undefined : { offset, isNarrow, round, before, varying };
  }

  #runWith(
    goes: Pick<Run, "base" | "index" | "scale" | "narrow" | "step">,
    low: number,
    { bytes, write }: { bytes: number; write: boolean },
  ): Run | undefined {
    for (const run of this.runs) {
      const { base, index, scale } = run;
      if (base !== goes.base || index !== goes.index || scale !== goes.scale) continue;
      const lowest = Math.min(low, run.low);
      const length = Math.max(low + bytes, run.low + run.bytes) - lowest;
      if (length > FARTHEST) continue;
      run.low = lowest;
      run.bytes = length;
      run.write ||= write;
      return run;
    }
    if (this.runs.length === MOST_RUNS) return undefined;
    const run = { ...goes, low, bytes, write };
    this.runs.push(run);
    return run;
  }
}

/** Whether an operand has the operand size, which is 32 or 64. */
const isWhole = ({ widths }: OperandSpec, size: number): boolean => widths[size === 32 ? 1 : 2] === size;

/** The register that an instruction copies to another one, in all of its 32 or 64 bits. */
function copiedBy({ block: { records }, forms }: Node, n: number): number | undefined {
  const { row, size, memory } = forms[n]!;
  const [target, source] = row.operands;
  if (memory || !COPIES.includes(row.mnemonic) || size === 16 || !target || !isWhole(target, size))
    return undefined;
  if (source?.file !== "gpr" || (source.place !== "reg" && source.place !== "rm")) return undefined;
  const offset = records.getUint16(n * RECORD_SIZE + (source.place === "reg" ? REC_REG : REC_RM), true);
  return isRegister(offset) ? (offset - GPR) >> 3 : undefined;
}

/** What an instruction that changes a register adds to it, if it does that and in all of it. */
function stepOf({ block: { records }, forms }: Node, n: number, register: number): Step | undefined {
  const { row, size, codeSize, addressSize, memory } = forms[n]!;
  const at = n * RECORD_SIZE;
  if (size !== codeSize && size !== 32) return undefined;
  const registerAt = (field: number): number | undefined => {
    const offset = records.getUint16(at + field, true);
    return isRegister(offset) && offset % 8 === GPR % 8 ? (offset - GPR) >> 3 : undefined;
  };
  const only = (step: Step): Step | undefined =>
    "register" in step && step.register === register ? undefined : step;
  if (row.mnemonic === "LEA") {
    const [base, index] = [registerAt(REC_BASE), registerAt(REC_INDEX)];
    const isSingle = records.getUint8(at + REC_SCALE) === 0;
    const by = records.getInt32(at + REC_DISPLACEMENT, true);
    const hasIndex = records.getUint16(at + REC_INDEX, true) !== ZERO;
    if (addressSize !== codeSize) return undefined;
    if (base === register && !hasIndex) return { by };
    if (by !== 0 || !isSingle || base === undefined || index === undefined) return undefined;
    if (base === register) return only({ register: index });
    return index === register ? only({ register: base }) : undefined;
  }
  const [target, source] = row.operands;
  if (memory || !target || !isWhole(target, size)) return undefined;
  const immediate = records.getInt32(at + REC_IMMEDIATE, true);
  switch (row.mnemonic) {
    case "INC":
      return { by: 1 };
    case "DEC":
      return { by: -1 };
    case "ADD": {
      if (source?.place === "immediate") return { by: immediate };
      const other = registerAt(source?.place === "reg" ? REC_REG : REC_RM);
      return other === undefined ? undefined : only({ register: other });
    }
    case "SUB":
      return source?.place === "immediate" ? { by: -immediate } : undefined;
    default:
      return undefined;
  }
}
