// Decoded blocks: straight runs of instructions as records in memory, found by physical address and mode. A block
// stays within a page, but for a lone instruction that crosses into the next.

import { type Decoded, type Decoder, MAXIMUM_LENGTH, withoutOperands } from "../decode/decoder.ts";
import { ENDS, isIndirectBranch, isRelativeBranch, type Row } from "../decode/row.ts";
import { BranchTargets } from "../jit/branch-targets.ts";
import { RegionCache, type RegionCacheHost, remove } from "../jit/region-cache.ts";
import {
  BLOCK_COUNT,
  BLOCK_ENTRY_SIZE,
  BLOCK_HEAT,
  BLOCK_HEAT_SEEN,
  BLOCK_INSTRUCTIONS,
  BLOCK_LENGTH,
  BLOCK_LINK,
  BLOCK_MODE,
  BLOCK_NUMBER,
  BLOCK_PHYSICAL,
  BLOCK_RECORD,
  BLOCK_SECOND_PAGE,
  BLOCK_TABLE,
  BLOCK_TABLE_ENTRIES,
  JUMP_CACHE,
  JUMP_ENTRIES,
  JUMP_ENTRY_SIZE,
  NO_BLOCK,
  REC_HANDLER,
  REC_IP_DELTA,
  REC_LINK,
  RECORD_SIZE,
  RECORDS,
  RECORDS_AGE,
  RECORDS_SIZE,
} from "../layout.ts";
import { Block } from "./block.ts";
import { BlockWriter, type BlockWriterHost, hasEnd } from "./block-writer.ts";
import { CodePages } from "./code-pages.ts";
import { blockIndex } from "./dispatcher.ts";
import { codeSizeOf, type Form } from "./form.ts";
import type { Handlers } from "./handlers.ts";
import { RecordSpace } from "./record-space.ts";

/** Room for records below which old blocks are forgotten, and how much is made. */
const LEAST_FREE = RECORDS_SIZE / RECORD_SIZE / 8;
const ENOUGH_FREE = RECORDS_SIZE / RECORD_SIZE / 4;
/** Room below which it is made of blocks that are in use. */
const SCARCE = LEAST_FREE / 2;
/** Numbers of blocks looked at between two runs of the guest to make it: a millisecond's work. */
const TIDIED_AT_ONCE = 500;
/** Places of dropped regions that wait until the jump cache is emptied. */
const MOST_STALE = 4096;
/** Most instructions in a block. */
const LONGEST_BLOCK = 32;
const PAGE = 0x1000;

export interface BlockCacheHost extends RegionCacheHost, BlockWriterHost {
  readonly handlers: Handlers;
  readonly decoder: Decoder;
  /** Rows for what cannot be executed. */
  readonly invalid: Row;
  readonly tooLong: Row;
  /** Row for where the debugger may have a breakpoint, and whether that is so at a physical address. */
  readonly breakpoint: Row;
  mayBreak(physical: number): boolean;
  /** Table index of the handler that stands in dropped blocks. */
  readonly staleHandler: number;
  /** Host address of a physical page that is memory, or undefined. */
  hostPage(physical: number): number | undefined;
  readPhysical8(physical: number): number;
  /** Translates a linear address for execution; undefined: the exception is set. */
  fetchPhysical(linear: bigint): number | undefined;
  /** Where a linear address is mapped now, if it is; looking leaves no trace. */
  peekPhysical(linear: bigint): number | undefined;
  /** All records are gone, and links with them. */
  cleared(): void;
  /** A page got its first decoded code: stores there must be noticed from now on. */
  protect(physicalPage: number): void;
}

/**
 * Records of a block: a header, those of its instructions, of which the last has this row, and perhaps an end; an even number, so that
 * header and first record lie in one line of the host's cache.
 */
const recordsOf = (count: number, last: Row): number => (2 + count + (hasEnd(last) ? 1 : 0)) & ~1;

const lastRecordOf = ({ record, count }: Block): number => record + (count - 1) * RECORD_SIZE;

/** The first of its two entries in the block table. */
const entryOf = ({ physical }: Block): number => BLOCK_TABLE + blockIndex(physical) * BLOCK_ENTRY_SIZE;

export class BlockCache {
  readonly #host: BlockCacheHost;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #writer: BlockWriter;
  /** The instructions of the block that is being decoded. */
  readonly #decoded: Decoded[];
  readonly #pages: CodePages<Block>;
  /** By their numbers. */
  readonly #blocks: (Block | undefined)[] = [];
  /** Numbers that dropped blocks had. */
  readonly #numbers: number[] = [];
  /** Whether room is being made, and the number that is looked at next: those of what was dropped are given anew in about this order. */
  #tidying = false;
  #hand = 0;
  /** Of those that end with an indirect branch. */
  readonly targets: BranchTargets = new BranchTargets();
  /** What is compiled of them. */
  readonly regions: RegionCache;
  readonly #records = new RecordSpace(RECORDS, RECORDS_SIZE / RECORD_SIZE);

  constructor(host: BlockCacheHost) {
    this.#host = host;
    this.#view = new DataView(host.memory.buffer);
    this.#bytes = new Uint8Array(host.memory.buffer);
    this.#writer = new BlockWriter(host);
    this.#decoded = Array.from({ length: LONGEST_BLOCK }, () => withoutOperands(host.invalid, 16));
    this.#pages = new CodePages(this.#view, LONGEST_BLOCK * MAXIMUM_LENGTH, (page) => host.protect(page));
    this.regions = new RegionCache(this, host);
    this.clear();
  }

  /** Forgets every block. Not while one runs. */
  clear(): void {
    this.regions.clear();
    this.#blocks.length = 0;
    this.#numbers.length = 0;
    this.#tidying = false;
    this.#hand = 0;
    this.targets.clear();
    this.#pages.clear();
    this.#records.clear();
    const table = new Uint32Array(
      this.#host.memory.buffer,
      BLOCK_TABLE,
      (BLOCK_TABLE_ENTRIES * BLOCK_ENTRY_SIZE) / 4,
    );
    table.fill(NO_BLOCK);
    this.#forgetJumps();
    this.#host.cleared();
  }

  /**
   * The block at a physical address, decoded now if need be. `room`: bytes that CS's limit allows from there; `linear`:
   * where it is mapped, for an instruction that crosses into the next page. Undefined when that cannot be fetched from,
   * with the exception set; `limit` when the first instruction goes on beyond CS's limit.
   */
  find(physical: number, mode: number, room: number, linear: bigint): Block | "limit" | undefined {
    const known = this.#pages.find(physical, mode);
    if (known && known.length <= room) {
      const crosses = known.secondPage !== undefined;
      const page = crosses ? this.#secondPage(linear, mode) : undefined;
      if (crosses && page === undefined) return undefined;
      if (page === known.secondPage) {
        this.#enter(known);
        return known;
      }
      this.#drop(known);
    }
    const host = this.#host.hostPage(physical - (physical % PAGE));
    const inPage = PAGE - (physical % PAGE);
    if (host === undefined) return this.#decodeOne(physical, mode, room, inPage, linear);
    const start = host + (physical % PAGE);
    const end = start + Math.min(inPage, room);
    let at = start;
    let count = 0;
    while (count < LONGEST_BLOCK && at < end) {
      if (this.#host.mayBreak(physical + at - start)) {
        if (count > 0) break;
        return this.#breakAt(physical, mode);
      }
      const instruction = this.#decode(count, this.#bytes, at, end, mode);
      if (!instruction) {
        if (count > 0) break;
        return this.#decodeOne(physical, mode, room, inPage, linear);
      }
      count++;
      at += instruction.length;
      if (instruction.row.flags & ENDS) break;
    }
    const block = this.#build(count, physical, mode, at - start, undefined);
    this.#enter(block);
    return block;
  }

  /**
   * Decodes a block's nth instruction; a row stands in for what cannot be executed. Undefined: it goes on beyond the
   * end.
   */
  #decode(n: number, bytes: Uint8Array, at: number, end: number, mode: number): Decoded | undefined {
    const { decoder, invalid, tooLong } = this.#host;
    const codeSize = codeSizeOf(mode);
    const result = decoder.decode(bytes, at, end, codeSize, this.#decoded[n]);
    if (result === "incomplete") return undefined;
    if (typeof result !== "string") return result;
    return this.#standIn(n, result === "invalid" ? invalid : tooLong, mode);
  }

  #standIn(n: number, row: Row, mode: number): Decoded {
    const instruction = withoutOperands(row, codeSizeOf(mode));
    this.#decoded[n] = instruction;
    return instruction;
  }

  /** In place of the instruction where the debugger may have a breakpoint. */
  #breakAt(physical: number, mode: number): Block {
    this.#standIn(0, this.#host.breakpoint, mode);
    return this.#build(1, physical, mode, 1, undefined);
  }

  /** An instruction that crosses pages, lies in no memory, or ends where CS ends. */
  #decodeOne(
    physical: number,
    mode: number,
    room: number,
    inPage: number,
    linear: bigint,
  ): Block | "limit" | undefined {
    if (this.#host.mayBreak(physical)) return this.#breakAt(physical, mode);
    const bytes = new Uint8Array(16);
    const length = Math.min(inPage, room, MAXIMUM_LENGTH);
    for (let i = 0; i < length; i++) bytes[i] = this.#host.readPhysical8(physical + i);
    let secondPage: number | undefined;
    let instruction = this.#decode(0, bytes, 0, length, mode);
    if (!instruction) {
      if (room <= length) return "limit";
      secondPage = this.#secondPage(linear, mode);
      if (secondPage === undefined) return undefined;
      const whole = Math.min(MAXIMUM_LENGTH, room);
      for (let i = length; i < whole; i++) bytes[i] = this.#host.readPhysical8(secondPage + i - length);
      instruction = this.#decode(0, bytes, 0, whole, mode);
      if (!instruction) return "limit";
    }
    return this.#build(1, physical, mode, instruction.length, secondPage);
  }

  /** Physical address of the page after a linear address, undefined if it cannot be fetched from. */
  #secondPage(linear: bigint, mode: number): number | undefined {
    const next = (linear & ~0xfffn) + 0x1000n;
    return this.#host.fetchPhysical(BigInt.asUintN(codeSizeOf(mode) === 64 ? 64 : 32, next));
  }

  /** A block of the first `count` instructions of those decoded. */
  #build(
    count: number,
    physical: number,
    mode: number,
    length: number,
    secondPage: number | undefined,
  ): Block {
    // A header before the first record counts how often the block is entered: see RegionCache.
    const records = recordsOf(count, this.#decoded[count - 1]!.row);
    const run = this.#allocate(records);
    const record = run + RECORD_SIZE;
    const number = this.#numbers.pop() ?? this.#blocks.length;
    this.#writer.write(record, this.#decoded, count, mode, number, secondPage);
    const block = new Block(physical, mode, length, count, record, secondPage);
    this.regions.startCounting(block);
    if (this.#host.hostPage(physical - (physical % PAGE)) === undefined) {
      // What is read from a device may be something else next time.
      this.#view.setUint32(record + BLOCK_SECOND_PAGE, 0, true);
      this.#records.give(run, records);
      this.#numbers.push(number);
      return block;
    }
    this.#blocks[number] = block;
    if (isIndirectBranch(this.#decoded[count - 1]!.row)) {
      this.targets.enter(lastRecordOf(block), this.#lastOf(block));
    }
    this.#pages.add(block);
    return block;
  }

  #allocate(records: number): number {
    const at = this.#records.take(records);
    if (at !== undefined) return at;
    // So much new code in one turn that nothing could be forgotten in time.
    this.clear();
    return this.#records.take(records)!;
  }

  /** Makes room for records, some at a time: the oldest blocks that are not compiled go. Not while one runs. */
  tidy(): void {
    if (this.#host.handlers.staleCount > MOST_STALE) this.#forgetJumps();
    this.#tidying ||= this.#records.free < LEAST_FREE;
    if (!this.#tidying) return;
    const isEnough = (): boolean => this.#records.free + this.#records.waiting >= ENOUGH_FREE;
    const end = Math.min(this.#hand + TIDIED_AT_ONCE, this.#blocks.length);
    while (this.#hand < end && !isEnough()) {
      const block = this.#blocks[this.#hand++];
      if (block && !this.isCompiled(block) && !this.#isInUse(block)) this.#drop(block);
    }
    if (this.#hand === this.#blocks.length) this.#hand = 0;
    else if (!isEnough()) return;
    this.#tidying = false;
    // They may know blocks that were dropped.
    this.#forgetJumps();
    this.#view.setUint32(RECORDS_AGE, this.#view.getUint32(RECORDS_AGE, true) + 1, true);
    this.#records.merge();
  }

  /** Whether it was entered since this was asked last; once room is scarce, that does not count any more. */
  #isInUse({ record }: Block): boolean {
    const heat = this.#view.getInt32(record + BLOCK_HEAT, true);
    const seen = this.#view.getInt32(record + BLOCK_HEAT_SEEN, true);
    this.#view.setInt32(record + BLOCK_HEAT_SEEN, heat, true);
    return heat !== seen && this.#records.free > SCARCE;
  }

  #forgetJumps(): void {
    this.#host.handlers.reuseStale();
    this.#bytes.fill(0xff, JUMP_CACHE, JUMP_CACHE + JUMP_ENTRIES * JUMP_ENTRY_SIZE);
  }

  /** Makes the dispatcher find it. */
  #enter(block: Block): void {
    const entry = entryOf(block);
    // What was there is found in the other place, instead of what was there.
    this.#bytes.copyWithin(entry ^ BLOCK_ENTRY_SIZE, entry, entry + BLOCK_ENTRY_SIZE);
    this.writeEntry(entry, block);
  }

  /** Writes a block-table entry. */
  writeEntry(entry: number, block: Block): void {
    const view = this.#view;
    view.setUint32(entry + BLOCK_PHYSICAL, block.physical, true);
    view.setUint32(entry + BLOCK_MODE, block.mode, true);
    view.setUint32(entry + BLOCK_RECORD, block.record, true);
    view.setUint16(entry + BLOCK_COUNT, block.count, true);
    view.setUint16(entry + BLOCK_LENGTH, block.length, true);
  }

  /** Drops every block that has one of `size` bytes from a physical address, all within a page; returns how many. */
  invalidate(physical: number, size: number): number {
    const blocks = this.#pages.at(physical, size);
    for (const block of blocks) this.#drop(block);
    return blocks.length;
  }

  /** Drops every block in the pages of so many bytes. */
  forgetPages(physical: number, length: number): void {
    for (const block of this.#pages.within(physical, length)) this.#drop(block);
  }

  // --- What regions are made of ---

  get view(): DataView {
    return this.#view;
  }

  /** The block that starts at a physical address, if it was entered often enough to be part of a region. */
  warmBlock(physical: number, mode: number): Block | undefined {
    const block = this.#pages.find(physical, mode);
    if (!block || block.secondPage !== undefined) return undefined;
    return block.region || block.warm ? block : undefined;
  }

  isCompiled(block: Block): boolean {
    return (block.regions?.length ?? 0) > 0;
  }

  physicalOf(linear: bigint): number | undefined {
    return this.#host.peekPhysical(linear);
  }

  targetsOf(block: Block): readonly bigint[] {
    return this.targets.of(this.#lastOf(block));
  }

  /** Physical address of a block's last instruction, which others may end with as well. */
  #lastOf(block: Block): number {
    return block.physical + this.#view.getUint16(lastRecordOf(block) + REC_IP_DELTA, true);
  }

  formsOf(block: Block): readonly Form[] {
    return this.#host.handlers.formsOf(block, this.#view);
  }

  /** The block whose first record is at an address, if it was not dropped. */
  blockAt(record: number): Block | undefined {
    const block = this.#blocks[this.#numberAt(record)];
    return block?.record === record ? block : undefined;
  }

  /** What is a block's number where a block's first record is at an address. */
  #numberAt(record: number): number {
    return record === 0 ? NO_BLOCK : this.#view.getUint32(record + BLOCK_NUMBER, true);
  }

  #drop(block: Block): void {
    for (const region of [...(block.regions ?? [])]) this.regions.forget(region);
    const number = this.#numberAt(block.record);
    this.#blocks[number] = undefined;
    this.#numbers.push(number);
    this.#openLinks(block);
    const last = this.#host.handlers.formOf(block, block.count - 1, this.#view);
    this.#records.give(block.record - RECORD_SIZE, recordsOf(block.count, last.row));
    this.targets.drop(lastRecordOf(block));
    this.#view.setUint32(block.record + BLOCK_INSTRUCTIONS, 0, true);
    const entry = entryOf(block);
    for (const place of [entry, entry ^ BLOCK_ENTRY_SIZE])
      if (this.#view.getUint32(place + BLOCK_RECORD, true) === block.record)
        this.#view.setUint32(place + BLOCK_PHYSICAL, NO_BLOCK, true);
    // One of these may be running: whatever comes next in it leaves for the dispatcher.
    for (let n = 0; n < block.count; n++) {
      this.#view.setUint32(block.record + n * RECORD_SIZE + REC_HANDLER, this.#host.staleHandler, true);
    }
    this.#pages.delete(block);
  }

  /** Its records will be others': no block may remember that they lead to it. */
  #openLinks(block: Block): void {
    const forget = (link: number): void => {
      remove(this.blockAt(this.#view.getUint32(link, true))?.links ?? [], link);
    };
    const { handlers } = this.#host;
    for (let n = 0; n < block.count; n++) {
      const form = handlers.formOf(block, n, this.#view);
      if (isRelativeBranch(form.row)) forget(block.record + n * RECORD_SIZE + REC_LINK);
    }
    forget(block.record + BLOCK_LINK);
  }
}
