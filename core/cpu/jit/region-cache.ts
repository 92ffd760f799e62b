// Compiled regions: which blocks become some, what they replace, and how they go, one by one.

import type { Block } from "../interpreter/block.ts";
import type { Handlers } from "../interpreter/handlers.ts";
import {
  BLOCK_COMPILED,
  BLOCK_FIRST_HANDLER,
  BLOCK_HEAT,
  BLOCK_HEAT_SEEN,
  LINK_PAGE,
  REC_HANDLER,
  REC_LINK,
  RECORD_SIZE,
} from "../layout.ts";
import type { BranchTargets } from "./branch-targets.ts";
import type { ModuleCompiler } from "./module-compiler.ts";
import { type CodeSource, type GrownRegion, growRegion, pageOf } from "./region.ts";
import { OrderWriter } from "./region-order.ts";

/** Regions that were compiled together. The host keeps the code of all as long as one of them is there. */
interface CodeModule {
  /** Those that were not dropped. */
  readonly regions: Set<CompiledRegion>;
  /** Of WebAssembly code, in all that it was compiled with. */
  readonly bytes: number;
  /** How often a run of the guest has ended in it, of late. */
  uses: number;
}

export interface CompiledRegion {
  readonly entry: Block;
  readonly blocks: readonly Block[];
  /** Table index of its function. */
  readonly index: number;
  readonly module: CodeModule;
  /** Physical addresses of what it leads to but does not have. */
  readonly missing: readonly number[];
  /** Whether more could be reached than it had room for. */
  readonly isCut: boolean;
  /** Whether it had all the room that there is. */
  readonly isWide: boolean;
  /** How often runs of the guest ended in it of late, when that was told last, and what number that run had. */
  met: number;
  metAt: number;
}

interface OrderedRegion extends GrownRegion<Block> {
  /** Whether it had all the room that there is. */
  readonly isWide: boolean;
}

export interface RegionCacheHost {
  readonly handlers: Handlers;
  readonly compiler: ModuleCompiler;
  /** Entries after which a block is hot, at least 1. */
  readonly threshold: number;
  /** Bytes of WebAssembly in compiled regions at most; the last ones compiled are kept even so. */
  readonly mostCode: number;
  /** Told of each region that is dropped: what it has called, if it runs, must not return to it. */
  regionDropped(): void;
  /** Blocks that are compiled together, if so many become hot soon enough. */
  readonly batch: number;
}

/** The decoded blocks. */
interface Blocks extends CodeSource<Block> {
  blockAt(record: number): Block | undefined;
  /** Whether a block is part of a compiled region. */
  isCompiled(block: Block): boolean;
  readonly targets: BranchTargets;
}

/** Entries after which a block may be part of a region. */
const WARM = 16;

/** Instructions that the guest runs while hot blocks wait for others: a millisecond's of the interpreter. */
const PATIENCE = 500_000;

/** Instructions of a region, about. */
const MOST_INSTRUCTIONS = 300;

/** Of one that is entered at what is part of another region already: most of it would be the same again. */
const MOST_AGAIN = 60;

/**
 * Runs of the guest that end in a region until it is compiled once more with as much room as the compiler has, if more can be reached
 * from it. Of so many runs that end elsewhere each takes one off: it is about code that the guest stays in for long.
 */
const WIDENED_AFTER = 10;
const RUNS_FORGOTTEN = 64;

/** How often a region is compiled again with what was missing in it. */
const MOST_GROWTHS = 2;

/**
 * Whenever so much of the room for code has been made free for new code, what is to be compiled must be entered twice as often, this
 * many times at most: code that would soon make room again is not worth it. It is half as often again after so many calls of
 * `compileHot`, some minute, in which less was.
 */
const PRESSING = 1 / 8;
const MOST_PRESSURE = 5;
const RELIEF = 60_000;
/** What a module is taken to have been used when it is new: it is not the first to go. */
const USES_AT_FIRST = 32;

/** Of the first region. Code that the host has hardly run takes it ten times as long; each region can be longer by a quarter of all before. */
const MOST_AT_FIRST = 8;

/** Instructions in a module from which on it takes no more: each module costs the host some ten KiB, and time. */
const MODULE_INSTRUCTIONS = 1000;

/** Whether a link is that of a branch, and not of what follows a block. */
const isOfBranch = (link: number): boolean => link % RECORD_SIZE === REC_LINK;

/** Takes one out of a list, if it is there. Lists are short and many: a set is five times as large. */
export function remove<T>(list: T[], one: T): void {
  const at = list.indexOf(one);
  if (at >= 0) list.splice(at, 1);
}

export class RegionCache {
  readonly #blocks: Blocks;
  readonly #host: RegionCacheHost;
  /** Blocks that have become hot and wait to be compiled. */
  #hot: Block[] = [];
  readonly #orders: OrderWriter;
  /** The regions of the module that is being put together, and the number of their instructions. */
  #ordered: OrderedRegion[] = [];
  #instructions = 0;
  /** Those of modules that are being compiled, the first one first. */
  #underWay: OrderedRegion[][] = [];
  /** The blocks of all of these. */
  readonly #taken = new Set<Block>();
  /** Whether the module that is being put together takes no more. */
  #isFull = false;
  /** Those of all modules. */
  #compiled = 0;
  /** Runs of the guest that have ended. */
  #runs = 0;
  /** How far the guest was when hot blocks began to wait for others, if they do. */
  #waitingSince: number | undefined;
  /** Oldest first. */
  readonly #modules = new Set<CodeModule>();
  /** Bytes of all of them. */
  #bytes = 0;
  /** How often the threshold is doubled, what has made room since it last was, and calls of `compileHot` until it is halved. */
  #pressure = 0;
  #madeRoom = 0;
  #relief = RELIEF;
  /** Those that miss what is at a physical address. */
  readonly #missed = new Map<number, CompiledRegion[]>();

  constructor(blocks: Blocks, host: RegionCacheHost) {
    this.#blocks = blocks;
    this.#host = host;
    this.#orders = new OrderWriter(host.handlers, blocks.view);
  }

  get #view(): DataView {
    return this.#blocks.view;
  }

  /** Forgets every region. Not while one runs. */
  clear(): void {
    for (const module of this.#modules) this.#drop(module);
    this.#hot = [];
    this.#waitingSince = undefined;
    this.#pressure = 0;
    this.#madeRoom = 0;
    this.#relief = RELIEF;
  }

  /** Whether so much is compiled that older code will have to make room. */
  get isCrowded(): boolean {
    return this.#bytes > this.#host.mostCode / 2;
  }

  /** Entries after which a block is hot now. */
  get #threshold(): number {
    return this.#host.threshold << this.#pressure;
  }

  /** Counts the entries of a block, first until it is warm, then until it is hot. */
  startCounting(block: Block): void {
    this.#count(block, 0, Math.min(WARM, this.#threshold));
    // It was decoded to be entered once.
    const heat = this.#view.getInt32(block.record + BLOCK_HEAT, true);
    this.#view.setInt32(block.record + BLOCK_HEAT_SEEN, heat - 1, true);
  }

  /** Has it made known when it was entered so often, of which some were counted already. */
  #count(block: Block, counted: number, entries: number): void {
    block.counted = entries;
    this.#view.setInt32(block.record + BLOCK_HEAT, entries - counted, true);
  }

  /**
   * A block has been entered so often as was to be counted, now at a linear address, and by the indirect branch whose
   * record is at `from` if that is not 0.
   */
  noteHot(record: number, linear: bigint, from: number): void {
    const block = this.#blocks.blockAt(record);
    if (!block) return;
    if (from) this.#blocks.targets.note(from, linear);
    block.warm = true;
    if (block.counted < this.#threshold) {
      this.#count(block, block.counted, this.#threshold);
      return;
    }
    block.linear = linear;
    for (const region of [...(this.#missed.get(block.physical) ?? [])]) this.#growAgain(region);
    this.#hot.push(block);
  }

  /** What a region misses has become hot after all. */
  #growAgain({ entry }: CompiledRegion): void {
    entry.grown = (entry.grown ?? 0) + 1;
    if (entry.grown <= MOST_GROWTHS) this.#hot.push(entry);
  }

  /**
   * Has regions compiled around the blocks that have become hot, not too much at once. Those of a module become their
   * entries' first handlers once that is compiled. Not while a block runs.
   *
   * @param instructions - that the guest has run since power-on
   * @throws what has kept the compiler from it
   */
  compileHot(instructions: number): void {
    this.#relieve();
    this.#enterModules();
    if (this.#ordered.length === 0) {
      if (this.#hot.length === 0) return;
      // A module costs more than a function: wait for company, but not for long.
      this.#waitingSince ??= instructions;
      if (this.#hot.length < this.#host.batch && instructions < this.#waitingSince + PATIENCE) return;
    }
    this.#orderHot();
    // While a module is being compiled elsewhere, the next one may grow.
    const mayGrow = this.#hot.length > 0 || this.#underWay.length > 0;
    this.#isFull ||= this.#instructions >= MODULE_INSTRUCTIONS;
    if (mayGrow && !this.#isFull) return;
    // What is left comes next time, without waiting again.
    this.#waitingSince = this.#hot.length > 0 ? Number.NEGATIVE_INFINITY : undefined;
    if (this.#ordered.length === 0) return;
    this.#host.compiler.finish(this.#ordered[0]!.isWide);
    this.#underWay.push(this.#ordered);
    this.#ordered = [];
    this.#isFull = false;
    this.#instructions = 0;
    this.#enterModules();
  }

  /** Adds regions around hot blocks to the module. */
  #orderHot(): void {
    const { compiler } = this.#host;
    const before = this.#instructions;
    for (let block = this.#hot.shift(); block; block = this.#hot.shift()) {
      if (this.#blocks.blockAt(block.record) !== block) continue;
      const { region: former } = block;
      const widens = former !== undefined && this.#isToBeWidened(former);
      if (former && !widens && !this.#misses(former)) continue;
      if (this.#taken.has(block)) {
        // It has a place in a region; if it is still entered from elsewhere often, it will become hot again.
        this.#coolDown(block);
        continue;
      }
      const isWide = widens || former?.isWide === true;
      // A wide one has a module of its own: to optimize several side by side the host would need as much memory for each.
      if (isWide) this.#isFull = true;
      if (isWide && this.#ordered.length > 0) {
        this.#hot.unshift(block);
        return;
      }
      const room = isWide ? compiler.largest : this.#roomFor(block);
      const region = this.#around(growRegion(block, this.#blocks, room), room);
      const size = region.nodes.reduce((sum, { count }) => sum + count, 0);
      const most = Math.min(compiler.atOnce, this.#compiled / 4);
      if (this.#instructions > before && this.#instructions + size > before + most) {
        this.#hot.unshift(block);
        return;
      }
      for (const node of region.nodes) this.#taken.add(node.block);
      this.#instructions += size;
      this.#compiled += size;
      this.#ordered.push({ ...region, isWide });
      compiler.add(this.#orders.write(region));
      if (isWide) return;
    }
  }

  /** Instructions that a region may have that is entered at a block, about. */
  #roomFor(block: Block): number {
    const isAgain = !block.region && this.#blocks.isCompiled(block);
    return Math.min(isAgain ? MOST_AGAIN : MOST_INSTRUCTIONS, MOST_AT_FIRST + this.#compiled / 4);
  }

  /**
   * A region, or one that it is in a loop of, from where that is likely to begin: code that begins with an inner loop, as that becomes hot
   * first, and has the rest of the outer one behind that, is slow code. If the guest stays in the inner one, that becomes hot again.
   */
  #around(region: GrownRegion<Block>, room: number): GrownRegion<Block> {
    const { block } = region.nodes[0]!;
    const { block: head, delta } = region.head;
    if (head === block || head.region || this.#taken.has(head)) return region;
    head.linear = block.linear! + BigInt(delta);
    const around = growRegion(head, this.#blocks, room);
    if (!around.nodes.some((node) => node.block === block)) return region;
    if (!block.region) this.#coolDown(block);
    return around;
  }

  /** Whether a region is to be compiled once more with all the room that there is, if there is some. */
  #isToBeWidened({ isWide, isCut, met }: CompiledRegion): boolean {
    if (this.isCrowded || this.#host.compiler.largest <= MOST_INSTRUCTIONS) return false;
    return isCut && !isWide && met >= WIDENED_AFTER;
  }

  /** Enters the regions of modules that are compiled, but for those whose code was written over since they were ordered. */
  #enterModules(): void {
    const { handlers, compiler } = this.#host;
    for (let made = compiler.take(); made; made = compiler.take()) {
      const regions = this.#underWay.shift()!;
      const { bytes } = made;
      const indexes = handlers.enterRegions(made);
      const module: CodeModule = {
        regions: new Set(),
        bytes: bytes.reduce((sum, count) => sum + count, 0),
        uses: USES_AT_FIRST,
      };
      regions.forEach((region, n) => {
        for (const { block } of region.nodes) this.#taken.delete(block);
        const isThere = (block: Block): boolean => this.#blocks.blockAt(block.record) === block;
        if (region.nodes.every(({ block }) => isThere(block))) {
          this.#enter(region, indexes[n]!, module);
          return;
        }
        handlers.release(indexes[n]!);
        const entry = region.nodes[0]!.block;
        if (isThere(entry)) this.#coolDown(entry);
      });
      if (module.regions.size === 0) continue;
      this.#modules.add(module);
      this.#bytes += module.bytes;
      this.#makeRoom(module);
    }
  }

  /** What is used least makes room, but for the latest; of what is not used the oldest. What of it is hot will be compiled again. */
  #makeRoom(latest: CodeModule): void {
    while (this.#bytes > this.#host.mostCode && this.#modules.size > 1) {
      let least: CodeModule | undefined;
      for (const module of this.#modules)
        if (module !== latest && !(least && least.uses <= module.uses)) least = module;
      this.#madeRoom += least!.bytes;
      this.#drop(least!);
      for (const module of this.#modules) module.uses /= 2;
    }
  }

  #drop({ regions }: CodeModule): void {
    for (const region of regions) this.forget(region);
  }

  /** A run of the guest has ended at a physical address: a sample of what is in use. */
  noteRunning(physical: number, mode: number): void {
    this.#runs++;
    const regions = this.#blocks.warmBlock(physical, mode)?.regions ?? [];
    if (this.isCrowded) for (const { module } of regions) module.uses++;
    // Which of them it was is not known.
    if (regions.some(({ isWide }) => isWide)) return;
    for (const region of regions) {
      region.met = Math.max(region.met - Math.floor((this.#runs - region.metAt) / RUNS_FORGOTTEN), 0) + 1;
      region.metAt = this.#runs;
      if (this.#isToBeWidened(region)) this.#hot.push(region.entry);
    }
  }

  /** Follows how much the room for code is fought for. */
  #relieve(): void {
    const isPressing = this.#madeRoom > this.#host.mostCode * PRESSING;
    if (!isPressing && this.#relief-- > 0) return;
    this.#pressure = isPressing
      ? Math.min(this.#pressure + 1, MOST_PRESSURE)
      : Math.max(this.#pressure - 1, 0);
    this.#madeRoom = 0;
    this.#relief = RELIEF;
  }

  /** Whether something that a region misses has become warm since it was compiled. */
  #misses({ entry, missing }: CompiledRegion): boolean {
    for (const physical of missing) if (this.#blocks.warmBlock(physical, entry.mode)) return true;
    return false;
  }

  #coolDown(block: Block): void {
    this.#count(block, 0, this.#threshold);
  }

  #enter({ nodes, missing, isCut, isWide }: OrderedRegion, index: number, module: CodeModule): void {
    const entry = nodes[0]!.block;
    if (entry.region) this.forget(entry.region);
    const blocks = nodes.map(({ block }) => block);
    const region: CompiledRegion = {
      ...{ entry, index, module, blocks, isCut, isWide },
      ...{ missing: [...missing], met: 0, metAt: this.#runs },
    };
    module.regions.add(region);
    for (const physical of missing) {
      const regions = this.#missed.get(physical);
      if (regions) regions.push(region);
      else this.#missed.set(physical, [region]);
    }
    for (const block of blocks) {
      block.regions ??= [];
      block.regions.push(region);
    }
    entry.region = region;
    this.#view.setUint32(entry.record + REC_HANDLER, index, true);
    this.#view.setUint32(entry.record + BLOCK_COMPILED, 1, true);
  }

  /** From now on the exit with this link goes to a compiled block directly. */
  closeLink(link: number, record: number): void {
    const block = this.#blocks.blockAt(record);
    if (!block) return;
    this.#view.setUint32(link, record, true);
    if (isOfBranch(link)) this.#view.setUint32(link + LINK_PAGE, pageOf(block), true);
    block.links ??= [];
    if (!block.links.includes(link)) block.links.push(link);
  }

  /** It may be running: that it is not valid any more is seen after whatever may have dropped it. */
  forget(region: CompiledRegion): void {
    this.#host.regionDropped();
    this.#host.handlers.release(region.index);
    const { module } = region;
    module.regions.delete(region);
    if (module.regions.size === 0 && this.#modules.delete(module)) this.#bytes -= module.bytes;
    for (const block of region.blocks) remove(block.regions!, region);
    for (const physical of region.missing) {
      const regions = this.#missed.get(physical)!;
      remove(regions, region);
      if (regions.length === 0) this.#missed.delete(physical);
    }
    const { entry } = region;
    entry.region = undefined;
    this.#view.setUint32(entry.record + BLOCK_COMPILED, 0, true);
    for (const link of entry.links ?? []) this.#view.setUint32(link, 0, true);
    entry.links = undefined;
    const first = this.#view.getUint32(entry.record + BLOCK_FIRST_HANDLER, true);
    this.#view.setUint32(entry.record + REC_HANDLER, first, true);
    this.#coolDown(entry);
  }
}
