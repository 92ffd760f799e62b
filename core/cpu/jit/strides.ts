// Loops whose accesses go through memory in equal steps: of such a loop there is a copy for rounds in which each of these
// accesses stays in its page. Where the pages are is looked up before the first of these rounds, and not in them; nor need
// the budget be looked at. What ends them is their number, after which the loop itself has a round as always.
//
// What is known of a page holds until the rounds are over: instructions that change translations are in no such loop, and
// neither does an access that is looked up anew change any but in the table, which is not asked.

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
import { loopsOf, type Structure } from "./control-flow.ts";
import { type EffectsOf, noEffects } from "./effects.ts";
import { pageOf, type Node as RegionNode } from "./region.ts";
import type { OrderedBlock } from "./region-order.ts";
import { isRegister } from "./register-file.ts";

type Node = RegionNode<OrderedBlock>;

/** Instructions of the longest loop that is copied. */
const LONGEST = 64;
/** Bytes of the longest step: with longer ones pages are left after a few rounds. */
export const LONGEST_STEP = 512;
/** Bytes from the first to the last of accesses that share a page. */
const FARTHEST = 256;
/** Pages of a loop. */
const MOST_RUNS = 6;

/** What is added to a register in each round: a constant, or what is in another register, which stays as it is. */
type Step = { readonly by: number } | { readonly register: number };

/** A step and where it is made. */
interface StepPlace {
  readonly segment: Segment;
  readonly index: number;
  readonly step: Step;
}

/** Accesses of a loop that go the same way. */
export interface Run {
  /** Offsets in the state of what the address is made of, ZERO for none. */
  readonly base: number;
  readonly index: number;
  /** Shift of the index. */
  readonly scale: number;
  /** From that address, as it is at a round's start, to the lowest byte. */
  low: number;
  /** From the lowest byte to the end of the highest. */
  bytes: number;
  write: boolean;
  /** Bytes that the next round is ahead; or the offset of a register that holds them, to be shifted. */
  readonly step: { readonly by: number } | { readonly register: number; readonly shift: number };
}

export interface StridedLoop {
  /** Where the loop begins, and where its copy does. */
  readonly original: Node;
  readonly copy: Node;
  /** Without instructions: after a round of the loop it is decided here which of the two has the next. */
  readonly choice: Node;
  readonly runs: readonly Run[];
  /** Instructions of a round, at most. */
  readonly longest: number;
}

/** Instructions of a node up to one that may lead elsewhere in the loop, or to the node's end. */
interface Segment {
  readonly node: Node;
  readonly first: number;
  readonly end: number;
  /** Where it leads by the branch that is its last instruction, and by what follows it. */
  readonly branch: Node | undefined;
  readonly next: Segment | Node | undefined;
}

export class Strides {
  readonly loops: StridedLoop[] = [];
  /** By node of a copy, and index of an instruction. */
  readonly #runs = new Map<Node, (Run | undefined)[]>();

  /** Adds copies to the nodes of a structure, which is to be found anew then if there are any. */
  constructor(structure: Structure<OrderedBlock>, effects: EffectsOf) {
    const loops = loopsOf(structure);
    for (const nodes of loops) {
      // Those of loops in it are not part of the rounds.
      const inner = loops.filter(([start]) => start !== nodes[0] && nodes.includes(start!));
      const own = nodes.filter((node) => !inner.some((others) => others.includes(node)));
      // A loop around another may begin where that does: then each way back is a loop of its own.
      const whole = new LoopOfSteps(own, effects);
      const ways = whole.waysBack.length > 1 ? whole.waysBack : [];
      const found = [whole, ...ways.map((way) => new LoopOfSteps(own, effects, way))]
        .map((loop) => loop.find())
        .reduce((best, each) => (lengthOf(each) > lengthOf(best) ? each : best));
      if (found) this.#copy(nodes[0]!, found);
    }
  }

  /** With whom an access of a copy's instruction goes, if it goes in steps. */
  runOf(node: Node, index: number): Run | undefined {
    return this.#runs.get(node)?.[index];
  }

  /** Whether it is from one round of a copy to the next. */
  isNextRound(from: Node, to: Node): boolean {
    return this.loops.some(({ copy, original }) => copy === to && from.detour === original);
  }

  #copy(original: Node, { segments, ways, runs, accesses }: Found): void {
    const copies = new Map(segments.map(({ node }) => [node, { ...node, branches: new Map(node.branches) }]));
    const copy = copies.get(original)!;
    const { block, delta } = original;
    const choice: Node = {
      block,
      forms: [],
      delta,
      count: 0,
      branches: new Map(),
      targets: [],
      next: original,
      detour: copy,
    };
    const starts = new Set(segments.filter(({ first }) => first === 0).map(({ node }) => node));
    for (const segment of segments) {
      const { node, end, branch, next } = segment;
      const its = copies.get(node)!;
      const isWay = ways.includes(segment);
      const isInRound = (to: Node): boolean => (to === original ? isWay : starts.has(to));
      if (branch && isInRound(branch)) {
        its.branches.set(end - 1, copies.get(branch)!);
        if (branch === original) node.branches.set(end - 1, choice);
      }
      if (end === node.count && its.next && isInRound(its.next)) {
        its.next = copies.get(its.next)!;
        if (next === original) node.next = choice;
      }
      if (isWay) its.detour = original;
    }
    for (const [node, its] of copies) this.#runs.set(its, accesses.get(node)!);
    const longest = segments.reduce((sum, { first, end }) => sum + end - first, 0);
    this.loops.push({ original, copy, choice, runs, longest });
  }
}

interface Found {
  /** What is run in rounds. */
  readonly segments: readonly Segment[];
  /** Those of them that lead from one round to the next. */
  readonly ways: readonly Segment[];
  readonly runs: readonly Run[];
  /** By index of an instruction. */
  readonly accesses: ReadonlyMap<Node, (Run | undefined)[]>;
}

/** Accesses in steps. */
const lengthOf = (found: Found | undefined): number =>
  found ? [...found.accesses.values()].flat().filter((run) => run).length : 0;

/** Looks at one loop. */
class LoopOfSteps {
  readonly #start: Node;
  readonly #effects: EffectsOf;
  readonly #way: Segment | undefined;
  readonly #segments: readonly Segment[];
  /** By register: where it changes, undefined if that is not by steps. */
  readonly #steps = new Map<number, StepPlace[] | undefined>();
  readonly #runs: Run[] = [];

  /** `nodes`: the first is where it begins; `way`: the only one back that counts. */
  constructor(nodes: readonly Node[], effects: EffectsOf, way?: Segment) {
    this.#start = nodes[0]!;
    this.#effects = effects;
    this.#way = way;
    const page = pageOf(this.#start.block);
    const near = nodes.filter(({ block }) => pageOf(block) === page);
    const all = near.flatMap((node) => segmentsOf(node, near)).filter((segment) => this.#isSuited(segment));
    const first = all.filter((segment) => segment.node === this.#start && segment.first === 0);
    const reached = this.#reachedFrom(first, all);
    // What leads back to the start.
    this.#segments = all.filter(
      (segment) =>
        reached.has(segment) && [...this.#reachedFrom([segment], all)].some((one) => this.#leadsBack(one)),
    );
  }

  find(): Found | undefined {
    const segments = this.#segments;
    if (segments.length === 0 || segments.reduce((sum, { first, end }) => sum + end - first, 0) > LONGEST)
      return undefined;
    // What is run several times in a round without being a loop.
    if (segments.some((one) => this.#reachedFrom(this.#after(one, segments), segments).has(one)))
      return undefined;
    this.#findSteps();
    const accesses = new Map(segments.map(({ node }) => [node, new Array<Run | undefined>(node.count)]));
    for (const segment of segments)
      for (let n = segment.first; n < segment.end; n++)
        accesses.get(segment.node)![n] = this.#runAt(segment, n);
    const runs = this.#runs;
    const moves = runs.some(({ step }) => !("by" in step) || step.by !== 0);
    return moves ? { segments, ways: this.waysBack, runs, accesses } : undefined;
  }

  /** Whether it only computes and has accesses. */
  #isSuited({ node, first, end }: Segment): boolean {
    for (let n = first; n < end; n++) if (this.#effects.calls(node.forms[n]!)) return false;
    return end < node.count || (!node.after && node.targets.length === 0);
  }

  /** Segments that lead to the start. */
  get waysBack(): Segment[] {
    return this.#segments.filter((segment) => this.#leadsBack(segment));
  }

  #leadsBack({ node, end, branch, next }: Segment): boolean {
    if (this.#way && (node !== this.#way.node || end !== this.#way.end)) return false;
    return branch === this.#start || next === this.#start;
  }

  /** Segments that are reached in one round from some of them, with these; `but`: not through this one. */
  #reachedFrom(begin: readonly Segment[], among: readonly Segment[], but?: Segment): Set<Segment> {
    const seen = new Set(begin.filter((segment) => segment !== but));
    for (const segment of seen) for (const to of this.#after(segment, among)) if (to !== but) seen.add(to);
    return seen;
  }

  #after({ branch, next }: Segment, among: readonly Segment[]): Segment[] {
    const following = next && !("block" in next) && among.includes(next) ? [next] : [];
    const nodes = [branch, next].filter((to) => to !== this.#start);
    return among.filter((to) => following.includes(to) || (to.first === 0 && nodes.includes(to.node)));
  }

  #findSteps(): void {
    for (const segment of this.#segments) {
      const others = this.#reachedFrom([this.#segments[0]!], this.#segments, segment);
      const isAlways = ![...others].some((one) => this.#leadsBack(one));
      for (let index = segment.first; index < segment.end; index++) {
        const effects = noEffects();
        this.#effects.add(effects, segment.node, index);
        for (let register = 0; register < 16; register++) {
          if (!((effects.changed >> register) & 1)) continue;
          const step = isAlways && stepOf(segment.node, index, register);
          const known = this.#steps.has(register) ? this.#steps.get(register) : [];
          this.#steps.set(register, step ? known && [...known, { segment, index, step }] : undefined);
        }
      }
    }
  }

  /** Whether a step has been made when an instruction of the same round begins. */
  #isMadeBefore(place: StepPlace, segment: Segment, index: number): boolean {
    if (place.segment === segment) return place.index < index;
    return this.#reachedFrom([place.segment], this.#segments).has(segment);
  }

  /** The run that an instruction's access belongs to. */
  #runAt(segment: Segment, n: number): Run | undefined {
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
    const by = first.by + second.by;
    const varying = first.varying ?? second.varying;
    if (varying ? by !== 0 : Math.abs(by) > LONGEST_STEP) return undefined;
    const low = records.getInt32(at + REC_DISPLACEMENT, true) + first.made + second.made;
    const goes = { base, index, scale, step: varying ?? { by } };
    return this.#runWith(goes, low, access);
  }

  /** Where a register that is part of an address goes in a round, shifted; undefined if that is not by steps. */
  #pathOf(
    offset: number,
    shift: number,
    segment: Segment,
    index: number,
  ): { by: number; made: number; varying?: { register: number; shift: number } } | undefined {
    const none = { by: 0, made: 0 };
    if (offset === ZERO) return none;
    if (!isRegister(offset)) return undefined;
    const register = (offset - GPR) >> 3;
    if (!this.#steps.has(register)) return none;
    const steps = this.#steps.get(register);
    if (!steps) return undefined;
    let [by, made] = [0, 0];
    let varying: { register: number; shift: number } | undefined;
    for (const place of steps) {
      const { step } = place;
      const isMade = this.#isMadeBefore(place, segment, index);
      if ("by" in step) {
        by += step.by * 2 ** shift;
        if (isMade) made += step.by * 2 ** shift;
        continue;
      }
      if (varying || isMade || this.#steps.has(step.register)) return undefined;
      varying = { register: GPR + step.register * 8, shift };
    }
    return varying ? { by, made, varying } : { by, made };
  }

  #runWith(
    goes: Pick<Run, "base" | "index" | "scale" | "step">,
    low: number,
    { bytes, write }: { bytes: number; write: boolean },
  ): Run | undefined {
    for (const run of this.#runs) {
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
    if (this.#runs.length === MOST_RUNS) return undefined;
    const run = { ...goes, low, bytes, write };
    this.#runs.push(run);
    return run;
  }
}

/** Those of a node in a loop of these nodes. */
function segmentsOf(node: Node, nodes: readonly Node[]): Segment[] {
  const ends = [...node.branches].filter(([, target]) => nodes.includes(target)).map(([index]) => index + 1);
  if (!ends.includes(node.count)) ends.push(node.count);
  const segments: Segment[] = [];
  // From the last, so that each has the one after it.
  for (const end of ends.sort((a, b) => b - a)) {
    const first = Math.max(0, ...ends.filter((other) => other < end));
    const next = segments[0] ?? node.next;
    segments.unshift({ node, first, end, branch: node.branches.get(end - 1), next });
  }
  return segments;
}

/** What an instruction that changes a register adds to it, if it does that and in all of it. */
function stepOf({ block: { records }, forms }: Node, n: number, register: number): Step | undefined {
  const { row, size, codeSize, addressSize, memory } = forms[n]!;
  const at = n * RECORD_SIZE;
  if (size !== codeSize) return undefined;
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
  if (memory || target?.widths[size === 32 ? 1 : 2] !== size) return undefined;
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
