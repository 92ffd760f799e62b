// A region: blocks that are compiled into one function, and how control goes between them.

import { ENDS, GOES_ON, isNearReturn, isRelativeBranch } from "../decode/row.ts";
import { codeSizeOf, type Form } from "../interpreter/form.ts";
import { MODE_FLAT_CODE, REC_IMMEDIATE, REC_IP_DELTA, REC_LENGTH, RECORD_SIZE } from "../layout.ts";

/** A decoded block, as far as regions are concerned. */
export interface RegionBlock {
  /** Address of the first record. */
  readonly record: number;
  readonly count: number;
  readonly physical: number;
  readonly mode: number;
  /** Linear address at which it was run when it became hot, if its code segment begins at 0. */
  readonly linear?: bigint | undefined;
}

/** Whose blocks and forms regions are made of. */
export interface CodeSource<B extends RegionBlock> {
  readonly view: DataView;
  /** The block that starts at a physical address, if it is worth compiling. */
  warmBlock(physical: number, mode: number): B | undefined;
  /** Where a linear address is mapped now, if it is. */
  physicalOf(linear: bigint): number | undefined;
  /** Linear addresses that the indirect branch at a block's end has led to; not all of them. */
  targetsOf(block: B): readonly bigint[];
  /** The forms of a block's instructions. */
  formsOf(block: B): readonly Form[];
}

export interface Node<B extends RegionBlock = RegionBlock> {
  readonly block: B;
  readonly forms: readonly Form[];
  /** Offset of its first instruction from that of the region. */
  readonly delta: number;
  /** Instructions of the block that belong to the node: fewer than the block has where another node begins. */
  count: number;
  /** Where the relative branch with this index leads. */
  readonly branches: Map<number, Node<B>>;
  /** Where it goes on at its end. */
  next?: Node<B> | undefined;
  /** Where the indirect branch at its end may lead; that of a near return, after calls in the region. */
  targets: Node<B>[];
  /** Where the call at its end returns to, if what it calls is not part of the region. */
  after?: Node<B> | undefined;
  /** Where it may go for reasons that are not the code's: see strides.ts. */
  detour?: Node<B> | undefined;
}

export interface Region<B extends RegionBlock = RegionBlock> {
  /** The first is where the region is entered. */
  readonly nodes: readonly Node<B>[];
  readonly mode: number;
}

export interface GrownRegion<B extends RegionBlock> extends Region<B> {
  /** Physical addresses that it branches to and that are not in it: their code was hardly ever run. */
  readonly missing: ReadonlySet<number>;
  /** Whether more can be reached than there was room for. */
  readonly isCut: boolean;
  /** Where the outermost loop around the region's entry is likely to begin; the entry, if it is in no loop. */
  readonly head: Node<B>;
}

/** Calls of one function whose returns are told apart by comparison. */
const MOST_RETURNS = 4;
/** Instructions, about, of a function that becomes part of the regions that call it, as long as it calls none itself. */
const MOST_INLINED = 40;
/** Targets of an indirect branch that are told apart: near ones, as those of a `switch` are, and others. */
const MOST_CASES = 64;
const MOST_CALLED = 4;
/** Bytes from the branch within which they are near. */
const CASES_WITHIN = 0x4000;
const PAGE = 0x1000;

/** Start of the page that a block lies in. */
export const pageOf = (block: RegionBlock): number => block.physical - (block.physical % PAGE);

/** Whether an offset within a region can be told in 32 bits. */
const isNear = (offset: number): boolean => offset === (offset | 0);

const isCall = (form: Form): boolean => form.row.mnemonic === "CALL";
export const isReturn = (form: Form): boolean => isNearReturn(form.row);

/** Whether the instruction after it is the next, for all that the instruction itself does. */
const isFollowed = ({ row }: Form): boolean => !(row.flags & ENDS) || (row.flags & GOES_ON) !== 0;

/** Whether code may go from block to block without a look at CS: it spans all addresses. */
export const isUnlimited = (mode: number): boolean =>
  codeSizeOf(mode) === 64 || (mode & MODE_FLAT_CODE) !== 0;

/** Nodes that control may reach from a node, but for the one that it reaches after a call of what is not in the region. */
export const directSuccessorsOf = <B extends RegionBlock>(node: Node<B>): Node<B>[] => [
  ...node.branches.values(),
  ...(node.next ? [node.next] : []),
  ...(node.detour ? [node.detour] : []),
  ...node.targets,
];

/** Nodes that control may reach from a node. */
export const successorsOf = <B extends RegionBlock>(node: Node<B>): Node<B>[] => [
  ...directSuccessorsOf(node),
  ...(node.after ? [node.after] : []),
];

/** Has control that reaches a node from another one reach a third one instead. */
export function redirect<B extends RegionBlock>(from: Node<B>, to: Node<B>, instead: Node<B>): void {
  for (const [index, target] of from.branches) if (target === to) from.branches.set(index, instead);
  from.targets = from.targets.map((target) => (target === to ? instead : target));
  if (from.next === to) from.next = instead;
  if (from.after === to) from.after = instead;
}

class Growth<B extends RegionBlock> {
  readonly #source: CodeSource<B>;
  readonly #mode: number;
  readonly #linear: bigint | undefined;
  readonly nodes: Node<B>[] = [];
  readonly missing = new Set<number>();
  isCut = false;
  readonly #byPhysical = new Map<number, Node<B>>();
  readonly #instructions = new Set<number>();
  readonly #calls: { target: Node<B>; after: Node<B>; from: Node<B> }[] = [];

  readonly #most: number;

  constructor(source: CodeSource<B>, entry: B, most: number) {
    this.#source = source;
    this.#most = most;
    this.#mode = entry.mode;
    this.#linear = entry.linear;
    this.#add(entry, 0);
  }

  #add(block: B, delta: number): Node<B> {
    const forms = this.#source.formsOf(block);
    const node: Node<B> = { block, forms, delta, count: block.count, branches: new Map(), targets: [] };
    this.nodes.push(node);
    this.#byPhysical.set(block.physical, node);
    for (let n = 0; n < block.count; n++) this.#instructions.add(block.physical + this.#offset(block, n));
    return node;
  }

  /** Offset of an instruction from its block's start. */
  #offset(block: B, n: number): number {
    return this.#source.view.getUint16(block.record + n * RECORD_SIZE + REC_IP_DELTA, true);
  }

  /** Offset of the next instruction. */
  #after(block: B, n: number): number {
    return this.#offset(block, n) + this.#source.view.getUint8(block.record + n * RECORD_SIZE + REC_LENGTH);
  }

  /** Offset of a relative branch's target. */
  #target(block: B, n: number): number {
    const immediate = this.#source.view.getInt32(block.record + n * RECORD_SIZE + REC_IMMEDIATE, true);
    return this.#after(block, n) + immediate;
  }

  /** Where the byte at an offset from a node's start is in memory, if that is known. */
  #physical(from: Node<B>, offset: number): number | undefined {
    const inPage = (from.block.physical % PAGE) + offset;
    if (inPage >= 0 && inPage < PAGE) return from.block.physical + offset;
    if (this.#linear === undefined) return undefined;
    return this.#source.physicalOf(this.#linear + BigInt(from.delta + offset));
  }

  /** The node at an offset from a node's start, if it is warm. */
  #at(from: Node<B>, offset: number): Node<B> | undefined {
    const physical = this.#physical(from, offset);
    if (physical === undefined) return undefined;
    const delta = from.delta + offset;
    const known = this.#byPhysical.get(physical);
    // The same page may be mapped twice.
    if (known) return known.delta === delta ? known : undefined;
    if (this.#instructions.size >= this.#most) {
      this.isCut = true;
      return undefined;
    }
    const block = this.#source.warmBlock(physical, this.#mode);
    if (!block) this.missing.add(physical);
    return block && this.#add(block, delta);
  }

  /** Adds what can be reached. */
  grow(): void {
    for (const node of this.nodes) {
      const { block, forms } = node;
      forms.forEach((form, n) => {
        if (!isRelativeBranch(form.row) || form.size === 16) return;
        const offset = this.#target(block, n);
        if (isCall(form) && !this.#isInlined(node, offset)) {
          node.after = this.#at(node, this.#after(block, n));
          return;
        }
        const target = this.#at(node, offset);
        if (!target) return;
        node.branches.set(n, target);
        const after = isCall(form) && this.#at(node, this.#after(block, n));
        if (after) this.#calls.push({ target, after, from: node });
      });
      const last = block.count - 1;
      if (isFollowed(forms[last]!)) node.next = this.#at(node, this.#after(block, last));
      else this.#addTargets(node, last);
    }
  }

  /** Whether what is called at an offset from a node's start is to be part of the region: a short function that calls none. */
  #isInlined(from: Node<B>, offset: number): boolean {
    const start = this.#physical(from, offset);
    if (start === undefined) return false;
    let instructions = 0;
    const seen = new Set([start]);
    for (const physical of seen) {
      const block = this.#source.warmBlock(physical, this.#mode);
      // What is cold is left for, whatever it does.
      if (!block) {
        if (physical === start) return false;
        continue;
      }
      instructions += block.count;
      if (instructions > MOST_INLINED) return false;
      const forms = this.#source.formsOf(block);
      const go = (to: number): void => {
        const inPage = (block.physical % PAGE) + to;
        if (inPage >= 0 && inPage < PAGE) seen.add(block.physical + to);
      };
      for (const [n, form] of forms.entries()) {
        if (isCall(form)) return false;
        if (isRelativeBranch(form.row)) go(this.#target(block, n));
      }
      const last = forms.at(-1)!;
      if (isFollowed(last)) go(this.#after(block, block.count - 1));
      else if (!isRelativeBranch(last.row) && !isReturn(last)) return false;
    }
    return true;
  }

  /** Adds where an indirect branch has led to: to the cases of a `switch`, or to what is always called. */
  #addTargets(node: Node<B>, index: number): void {
    const form = node.forms[index]!;
    const linear = this.#linear;
    if (isRelativeBranch(form.row) || isReturn(form) || form.size === 16) return;
    if (isCall(form)) node.after = this.#at(node, this.#after(node.block, index));
    if (linear === undefined) return;
    const offsets = this.#source
      .targetsOf(node.block)
      .map((target) => Number(target - linear) - node.delta)
      .filter((offset) => isNear(offset));
    const cases = offsets.every((offset) => Math.abs(offset) < CASES_WITHIN);
    if (offsets.length > (cases ? MOST_CASES : MOST_CALLED)) return;
    for (const offset of offsets) {
      if (isCall(form) && !this.#isInlined(node, offset)) continue;
      const target = this.#at(node, offset);
      if (!target) continue;
      node.targets.push(target);
      const after = isCall(form) && this.#at(node, this.#after(node.block, index));
      if (after) this.#calls.push({ target, after, from: node });
    }
  }

  /** Ends each node where another begins. */
  cut(): void {
    for (const node of this.nodes) {
      for (let n = 1; n < node.block.count; n++) {
        const offset = this.#offset(node.block, n);
        const other = this.#byPhysical.get(node.block.physical + offset);
        if (other?.delta !== node.delta + offset) continue;
        node.count = n;
        node.next = other;
        node.after = undefined;
        node.targets.length = 0;
        for (const index of node.branches.keys()) if (index >= n) node.branches.delete(index);
        break;
      }
    }
  }

  /**
   * The first in memory of the nodes that are in a loop with the entry, functions that they call left aside: compilers put an outer
   * loop before those in it.
   */
  head(): Node<B> {
    const entry = this.nodes[0]!;
    const before = new Map<Node<B>, Node<B>[]>(this.nodes.map((node) => [node, []]));
    const follows = (from: Node<B>, to: Node<B> | undefined): void => {
      if (to) before.get(to)!.push(from);
    };
    for (const node of this.nodes) {
      for (const [n, target] of node.branches) if (!isCall(node.forms[n]!)) follows(node, target);
      follows(node, node.next);
      follows(node, node.after);
      if (!isCall(node.forms[node.count - 1]!)) for (const target of node.targets) follows(node, target);
    }
    for (const { from, after } of this.#calls) follows(from, after);
    const loop = new Set([entry]);
    for (const node of loop) for (const from of before.get(node)!) loop.add(from);
    return [...loop].reduce((first, node) => (node.delta < first.delta ? node : first));
  }

  /** Leads returns back to where the region calls. */
  returnFromCalls(): void {
    const calls = this.#calls.filter(({ from, target }) => successorsOf(from).includes(target));
    const after = new Map(calls.map((call) => [call.from, call.after]));
    for (const call of calls) {
      const seen = new Set([call.target]);
      for (const node of seen) {
        const ending = node.count === node.block.count ? node.forms.at(-1)! : undefined;
        if (ending && isReturn(ending)) {
          if (node.targets.length < MOST_RETURNS && !node.targets.includes(call.after)) {
            node.targets.push(call.after);
          }
        } else if (ending && isCall(ending)) {
          const back = after.get(node);
          if (back) seen.add(back);
        }
        for (const [n, target] of node.branches) if (!isCall(node.forms[n]!)) seen.add(target);
        if (node.next) seen.add(node.next);
        if (node.after) seen.add(node.after);
      }
    }
  }
}

/** The region that is entered at a block: what can be reached from there, as far as it is warm, of about `most` instructions. */
export function growRegion<B extends RegionBlock>(
  entry: B,
  source: CodeSource<B>,
  most: number,
): GrownRegion<B> {
  const growth = new Growth(source, entry, most);
  if (isUnlimited(entry.mode)) {
    growth.grow();
    growth.cut();
  }
  const head = growth.head();
  growth.returnFromCalls();
  const { nodes, missing, isCut } = growth;
  return { nodes, mode: entry.mode, missing, isCut, head };
}
