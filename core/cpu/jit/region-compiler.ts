// Compiles a region into one function. It takes the record at which it is entered, and returns, as a handler does, the
// record to go on with, or 0 when RIP says where.

import { GOES_ON } from "../decode/row.ts";
import { CALL } from "../interpreter/dispatcher.ts";
import { codeSizeOf, type Form } from "../interpreter/form.ts";
import { CPU, type RuntimeSignatures } from "../interpreter/handler-context.ts";
import { BLOCK_COMPILED, BLOCK_LINK, BUDGET, GPR, REC_REG, RECORD_SIZE } from "../layout.ts";
import { constant32, constant64, type Expression, i32, i64, wrap } from "../wasm/expression.ts";
import { FunctionBody, type Label, type Local } from "../wasm/function-body.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import { loopsOf, type Structure, structureOf } from "./control-flow.ts";
import { type Effects, type EffectsOf, noEffects } from "./effects.ts";
import { Emission } from "./emission.ts";
import { FlagLiveness } from "./flag-liveness.ts";
import type { Flow } from "./flow.ts";
import { KnownFields } from "./known-fields.ts";
import { type Lasting, meetLasting } from "./lasting.ts";
import { separatedLoops } from "./nested-loops.ts";
import { hashOf, perfectHash } from "./perfect-hash.ts";
import { RecentPages } from "./recent-pages.ts";
import { isUnlimited, pageOf, type Region, type Node as RegionNode } from "./region.ts";
import { RegionContext } from "./region-context.ts";
import type { OrderedBlock } from "./region-order.ts";
import { RegisterFile } from "./register-file.ts";
import { repeatedJoins } from "./repeated-joins.ts";
import { emitRounds } from "./rounds.ts";
import type { Run } from "./steps.ts";
import { type StridedLoop, Strides } from "./strides.ts";
import { UnsavedRegisters } from "./unsaved-registers.ts";

type Node = RegionNode<OrderedBlock>;

const PAGE = 0x1000;

/** Targets of an indirect branch that are compared one after the other. */
const MOST_COMPARED = 4;

/** Instructions of a loop whose tables are worth more code. */
const LONGEST_LOOP = 200;

/** MOVZX of a byte. */
const takesByte = ({ row }: Form): boolean => row.mnemonic === "MOVZX" && row.operands[1]!.widths[0] === 8;

export interface RegionTools {
  readonly module: ModuleBuilder;
  readonly runtime: RuntimeSignatures;
  readonly effects: EffectsOf;
}

class RegionCompiler {
  readonly #tools: RegionTools;
  readonly #entry: Node;
  readonly #structure: Structure<OrderedBlock>;
  readonly #strides: Strides;
  /** What is to be added to the linear addresses of a run for those of the host. */
  readonly #addends: ReadonlyMap<Run, Local>;
  /** By where a loop's copy begins: rounds that it has left. */
  readonly #rounds: ReadonlyMap<Node, Local>;
  /** By node of a loop, the registers that bytes are put into in it, a bit each. */
  readonly #bytes = new Map<Node, number>();
  /** What is known on all paths so far to a node where they join. */
  readonly #meetings = new Map<Node, Lasting>();
  readonly #flags: FlagLiveness<OrderedBlock>;
  readonly #unsaved: UnsavedRegisters;
  readonly #emission: Emission;
  readonly #labels = new Map<Node, Label>();
  readonly #mode: number;

  constructor(region: Region<OrderedBlock>, tools: RegionTools) {
    this.#tools = tools;
    this.#mode = region.mode;
    const plain = repeatedJoins(separatedLoops(region.nodes[0]!), tools.effects);
    this.#entry = plain.entry;
    this.#strides = new Strides(plain, tools.effects);
    const { loops } = this.#strides;
    this.#structure = loops.length > 0 ? structureOf(this.#entry) : plain;
    for (const nodes of loopsOf(this.#structure)) this.#noteBytes(nodes);
    this.#flags = new FlagLiveness(this.#structure, tools.effects, this.#strides);
    this.#unsaved = new UnsavedRegisters(this.#structure, tools.effects);
    const { touched, changed, notes } = this.#effects();
    const wide = codeSizeOf(region.mode) === 64;
    const body = new FunctionBody(["i32"]);
    this.#rounds = new Map(loops.map(({ copy }) => [copy, body.local("i32")]));
    this.#addends = new Map(loops.flatMap(({ runs }) => runs.map((run) => [run, body.local("i32")])));
    this.#emission = new Emission(
      body,
      new RegisterFile(body, wide, touched, changed),
      notes,
      new RecentPages(this.#entry.block.physical),
    );
  }

  /** Those of all of its instructions. */
  #effects(): Effects {
    const all = noEffects();
    for (const node of this.#structure.places.keys())
      for (let n = 0; n < node.count; n++) this.#tools.effects.add(all, node, n);
    return all;
  }

  /** Notes which registers hold bytes in a loop that is short and calls nothing: see recent-pages.ts. */
  #noteBytes(loop: readonly Node[]): void {
    const length = loop.reduce((sum, { count }) => sum + count, 0);
    if (length > LONGEST_LOOP || loop.some(({ after }) => after)) return;
    let bytes = 0;
    for (const { block, forms, count } of loop) {
      for (let n = 0; n < count; n++) {
        if (!takesByte(forms[n]!)) continue;
        const register = block.records.getUint16(n * RECORD_SIZE + REC_REG, true);
        bytes |= 1 << ((register - GPR) >> 3);
      }
    }
    for (const node of loop) this.#bytes.set(node, (this.#bytes.get(node) ?? 0) | bytes);
  }

  compile(): FunctionBody {
    const { runtime, module } = this.#tools;
    const imported = (name: string) => module.import("runtime", name, runtime.get(name)!);
    const { body } = this.#emission;
    this.#emission.depth = body.depth;
    this.#emission.enclose(
      () => {
        this.#emission.depth = body.depth;
        this.#tree(this.#entry);
      },
      imported("leaveFaulted"),
      imported("storeNotes"),
    );
    body.unreachable();
    return body;
  }

  /** Emits a node and what it dominates. */
  #tree(node: Node): void {
    const place = this.#structure.places.get(node)!;
    const merging = place.children
      .filter((child) => this.#structure.places.get(child)!.merges)
      .sort((a, b) => this.#orderOf(b) - this.#orderOf(a));
    if (!place.loops) {
      this.#within(node, merging);
      return;
    }
    this.#settle();
    this.#emission.settleCount();
    this.#emission.body.loop((start) => {
      this.#labels.set(node, start);
      this.#emission.join();
      this.#within(node, merging);
    });
  }

  #orderOf(node: Node): number {
    return this.#structure.places.get(node)!.order;
  }

  /** Emits a node within blocks at whose ends those that merge follow, the last in order outermost. */
  #within(node: Node, [last, ...others]: readonly Node[]): void {
    if (!last) {
      this.#emission.depth = this.#emission.body.depth;
      this.#node(node);
      return;
    }
    this.#emission.body.block((end) => {
      this.#labels.set(last, end);
      this.#within(node, others);
    });
    this.#emission.join();
    const met = this.#meetings.get(last);
    if (met) this.#emission.adopt(met);
    this.#tree(last);
  }

  #settle(): void {
    this.#context?.settle();
  }

  /** That of the instruction emitted last, wherever. */
  #context: RegionContext | undefined;

  #node(node: Node): void {
    const { module, runtime } = this.#tools;
    const { block, forms, count } = node;
    this.#emission.count(block.count);
    this.#emission.recent.bytes = this.#bytes.get(node) ?? 0;
    let last: RegionContext | undefined;
    for (let n = 0; n < count; n++) {
      const at = n * RECORD_SIZE;
      const fields = new KnownFields(block.records, at, block.record + at);
      const flow = this.#flowOf(node, n);
      const context = new RegionContext(forms[n]!, module, runtime, fields, this.#emission, flow);
      this.#context = context;
      last = context;
      context.emitHere();
      if (this.#emission.over) return;
      context.leaveIfDropped(this.#mayStay(forms[n]!));
    }
    if (node.next) {
      this.#emission.count(count - block.count);
      const loop = this.#strides.loops.find(({ choice }) => choice === node);
      if (loop) this.#haveRounds(loop);
      this.#go(node, node.next);
    } else {
      // The code is never cut where no node follows.
      last!.leaveForNext(block.record + BLOCK_LINK);
    }
  }

  /** Goes to the copy of a loop if that may have rounds. */
  #haveRounds(loop: StridedLoop): void {
    const emission = this.#emission;
    const rounds = this.#rounds.get(loop.copy)!;
    emission.body.block((none) => {
      emission.fork(() => {
        emitRounds(emission, loop, rounds, (run) => this.#addends.get(run)!, none);
        this.#go(loop.choice, loop.copy);
      });
    });
  }

  /** Has the next round of a loop's copy, if there is one left. */
  #haveNextRound(from: Node, copy: Node): void {
    const emission = this.#emission;
    const { body } = emission;
    const rounds = this.#rounds.get(copy)!;
    body.set(rounds, i32.sub(rounds.get, constant32(1)));
    const again = (): void => {
      this.#join(from, copy);
      body.branch(this.#labels.get(copy)!);
    };
    body.if(rounds.get, () => emission.fork(again), undefined, true);
  }

  /** Whether, after an instruction, the region is still that of its entry and the run loop need not look around (i32). */
  #mayStay({ row }: Form): Expression {
    const valid = i32.load(constant32(this.#entry.block.record + BLOCK_COMPILED));
    if (!(row.flags & GOES_ON)) return valid;
    // The budget was charged with all that has run.
    return i32.and(valid, i32.gtS(i32.load(CPU, BUDGET), constant32(0)));
  }

  #flowOf(node: Node, index: number): Flow {
    const target = node.branches.get(index);
    const after = index === node.count - 1 ? node.after : undefined;
    const page = pageOf(node.block);
    const run = this.#strides.runOf(node, index);
    return {
      addend: run && this.#addends.get(run),
      delta: node.delta,
      liveFlags: this.#flags.after(node, index),
      unlimited: isUnlimited(this.#mode),
      toTarget: target && (() => this.#go(node, target)),
      calling: after && {
        call: this.#tools.module.import("dispatcher", "call", CALL),
        unsaved: this.#unsaved.atEnd(node),
        page: pageOf(after.block),
        linearPage: this.#pagesFromStart(after),
        goOn: () => this.#go(node, after),
      },
      reach: (to) => {
        if (node.targets.length > MOST_COMPARED) this.#choose(node, to);
        else for (const target of node.targets) this.#goIf(node, target, to);
      },
      goTo: (delta) => {
        const to = node.targets.find((target) => target.delta === delta);
        return to && (() => this.#go(node, to));
      },
      mayLink: (delta) => {
        const physical = node.block.physical + delta - node.delta;
        return isUnlimited(this.#mode) && physical >= page && physical < page + PAGE;
      },
    };
  }

  /** Goes on with a node if that is where an instruction pointer leads. */
  #goIf(from: Node, to: Node, pointer: Expression): void {
    this.#goWhen(i64.eq(pointer, this.#emission.pointer(to.delta)), from, to);
  }

  #goWhen(condition: Expression, from: Node, to: Node): void {
    const emission = this.#emission;
    emission.body.if(condition, () => emission.fork(() => this.#go(from, to)));
  }

  /** The same for many nodes: a table leads to the one that it can be. */
  #choose(from: Node, pointer: Expression): void {
    const { body } = this.#emission;
    const { targets } = from;
    const { multiplier, shift } = perfectHash(targets.map(({ delta }) => delta));
    const delta = body.let(i64.sub(pointer, this.#emission.base));
    const hash = i32.shrU(i32.mul(wrap(delta), constant32(multiplier)), constant32(shift));
    const slots: (Node | undefined)[] = Array.from({ length: 2 ** (32 - shift) });
    for (const target of targets) slots[hashOf(target.delta, multiplier, shift)] = target;
    body.block((none) => {
      const within = (left: readonly Node[], labels: ReadonlyMap<Node, Label>): void => {
        const [target, ...others] = left;
        if (!target) {
          body.branchTable(
            slots.map((slot) => (slot ? labels.get(slot)! : none)),
            none,
            hash,
          );
          return;
        }
        body.block((label) => within(others, new Map([...labels, [target, label]])));
        this.#goWhen(i64.eq(delta, constant64(target.delta)), from, target);
        body.branch(none);
      };
      within(targets, new Map());
    });
  }

  /** Linear pages from that of the region's start to that of a node. */
  #pagesFromStart({ delta }: Node): number {
    return Math.floor(((this.#entry.block.physical % PAGE) + delta) / PAGE);
  }

  /** The other page was there when the region was compiled, but need not be now. */
  #leaveUnlessMapped(to: Node): void {
    const emission = this.#emission;
    const linear = emission.pointer(to.delta);
    const leave = (): void => {
      this.#settle();
      emission.leaveTo(codeSizeOf(this.#mode) === 64 ? linear : i64.and(linear, constant64(0xffffffff)));
    };
    emission.pages.unlessKnown(this.#pagesFromStart(to), () => {
      const there = emission.isMapped(linear, constant32(pageOf(to.block)));
      emission.body.if(i32.eqz(there), () => emission.fork(leave), undefined, false);
    });
  }

  /** Makes everything as it is to be where paths join, on the way from one node to another. */
  #join(from: Node, to: Node): void {
    if (this.#flags.across(from, to) === 0) this.#emission.dropFlags();
    this.#settle();
    this.#emission.settleCount();
  }

  /** Goes on with a node of the region. */
  #go(from: Node, to: Node): void {
    const emission = this.#emission;
    if (pageOf(from.block) !== pageOf(to.block)) this.#leaveUnlessMapped(to);
    if (this.#strides.isNextRound(from, to)) {
      this.#haveNextRound(from, to);
      this.#go(from, from.detour!);
      return;
    }
    const kind = this.#structure.kindOf(from, to);
    if (kind === "forward" && !this.#structure.places.get(to)!.merges) this.#tree(to);
    else {
      this.#join(from, to);
      if (kind === "forward") {
        const met = this.#meetings.get(to);
        this.#meetings.set(to, met ? meetLasting(met, emission.lasting) : emission.lasting);
        emission.body.branch(this.#labels.get(to)!);
      } else {
        if (kind === "back") emission.body.branchIf(this.#labels.get(to)!, emission.mayGoOn(), true);
        emission.leaveTo(emission.pointer(to.delta));
      }
    }
    emission.over = true;
  }
}

export const compileRegion = (region: Region<OrderedBlock>, tools: RegionTools): FunctionBody =>
  new RegionCompiler(region, tools).compile();
