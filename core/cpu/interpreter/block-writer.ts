// Writes decoded instructions as the records that handlers read. The layout is at RECORD_SIZE in layout.ts.

import { type Decoded, NO_REGISTER, RIP_RELATIVE } from "../decode/decoder.ts";
import { ENDS, isNearReturn, isRelativeBranch, type Row, VSIB } from "../decode/row.ts";
import {
  BLOCK_COMPILED,
  BLOCK_FIRST_HANDLER,
  BLOCK_INSTRUCTIONS,
  BLOCK_IP,
  BLOCK_LINK,
  BLOCK_NUMBER,
  BLOCK_SECOND_PAGE,
  GPR,
  NO_BLOCK,
  REC_BASE,
  REC_DISPLACEMENT,
  REC_HANDLER,
  REC_IMMEDIATE,
  REC_INDEX,
  REC_IP_DELTA,
  REC_LENGTH,
  REC_LINK,
  REC_NEXT_PLACE,
  REC_REG,
  REC_REMAINING,
  REC_RM,
  REC_SCALE,
  REC_SEGMENT,
  REC_VVVV,
  RECORD_SIZE,
  XMM,
  ZERO,
} from "../layout.ts";
import { regSlot, rmSlot, thirdSlot } from "../register-slots.ts";
import type { Handlers } from "./handlers.ts";
import { END_HANDLER } from "./loop-forms.ts";

export interface BlockWriterHost {
  /** The machine's memory; the buffer never moves. */
  readonly memory: WebAssembly.Memory;
  readonly handlers: Handlers;
}

/** Where an address register's value is in the state. */
const addressSlot = (number: number): number =>
  number === NO_REGISTER ? ZERO : number === RIP_RELATIVE ? BLOCK_IP : GPR + number * 8;

/** Whether a block whose last instruction is of this row has a record after it, which leads on. */
export const hasEnd = ({ flags }: Row): boolean => (flags & ENDS) === 0;

export class BlockWriter {
  readonly #host: BlockWriterHost;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  constructor(host: BlockWriterHost) {
    this.#host = host;
    this.#view = new DataView(host.memory.buffer);
    this.#bytes = new Uint8Array(host.memory.buffer);
  }

  /**
   * Writes the first `count` of some instructions as a block's records from an address, that of its end after them if it
   * `hasEnd`, and the header before them. `number`: its number among the blocks; `secondPage`: physical page of the rest of an
   * instruction that crosses pages.
   */
  write(
    record: number,
    instructions: readonly Decoded[],
    count: number,
    mode: number,
    number: number,
    secondPage: number | undefined,
  ): void {
    const view = this.#view;
    let at = record;
    let delta = 0;
    for (let n = 0; n < count; n++) {
      const instruction = instructions[n]!;
      this.#writeRecord(at, instruction, mode, delta);
      this.#bytes[at + REC_REMAINING] = count - 1 - n;
      delta += instruction.length;
      at += RECORD_SIZE;
    }
    if (hasEnd(instructions[count - 1]!.row)) {
      view.setUint32(at + REC_HANDLER, END_HANDLER, true);
      view.setUint16(at + REC_IP_DELTA, delta, true);
      this.#bytes[at + REC_REMAINING] = 0;
      view.setUint32(at + REC_NEXT_PLACE, NO_BLOCK, true);
    }
    view.setUint32(record + BLOCK_FIRST_HANDLER, view.getUint32(record + REC_HANDLER, true), true);
    view.setUint32(record + BLOCK_INSTRUCTIONS, count, true);
    view.setUint32(record + BLOCK_COMPILED, 0, true);
    view.setUint32(record + BLOCK_SECOND_PAGE, secondPage ?? NO_BLOCK, true);
    view.setUint32(record + BLOCK_NUMBER, number, true);
    view.setUint32(record + BLOCK_LINK, 0, true);
    this.#pair(record, count);
    this.#host.handlers.compile();
  }

  /** Where two instructions are a pair, the record of the first one says so. */
  #pair(record: number, count: number): void {
    const view = this.#view;
    let first = view.getUint32(record + REC_HANDLER, true);
    for (let n = 1; n < count; n++) {
      const at = record + n * RECORD_SIZE;
      const second = view.getUint32(at + REC_HANDLER, true);
      const pair = this.#host.handlers.pairOf(first, second);
      if (pair !== undefined) view.setUint32(at - RECORD_SIZE + REC_HANDLER, pair, true);
      first = pair === undefined ? second : 0;
    }
  }

  #writeRecord(at: number, instruction: Decoded, mode: number, delta: number): void {
    const view = this.#view;
    const bytes = this.#bytes;
    const { row, length, base, displacement } = instruction;
    view.setUint32(at + REC_HANDLER, this.#host.handlers.indexOf(instruction, mode), true);
    view.setUint16(at + REC_IP_DELTA, delta, true);
    bytes[at + REC_LENGTH] = length;
    view.setInt32(at + REC_IMMEDIATE, instruction.immediateLow, true);
    if (isRelativeBranch(row)) {
      view.setUint32(at + REC_LINK, 0, true);
      view.setUint32(at + REC_NEXT_PLACE, NO_BLOCK, true);
      return;
    }
    view.setUint16(at + REC_REG, regSlot(instruction), true);
    view.setUint16(at + REC_RM, rmSlot(instruction), true);
    view.setUint16(at + REC_BASE, addressSlot(base), true);
    const index = row.flags & VSIB ? XMM + instruction.index * 16 : addressSlot(instruction.index);
    view.setUint16(at + REC_INDEX, index, true);
    bytes[at + REC_SCALE] = instruction.scale;
    bytes[at + REC_SEGMENT] = instruction.segment;
    view.setUint16(at + REC_VVVV, thirdSlot(instruction), true);
    const from = base === RIP_RELATIVE ? delta + length : 0;
    view.setInt32(at + REC_DISPLACEMENT, from + displacement, true);
    if (isNearReturn(row)) view.setUint32(at + REC_NEXT_PLACE, NO_BLOCK, true);
    view.setInt32(at + REC_IMMEDIATE + 4, instruction.immediateHigh, true);
  }
}
