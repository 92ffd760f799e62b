// Writes decoded instructions as the records that handlers read. The layout is at RECORD_SIZE in layout.ts.

import { type Decoded, type DecodeResult, NO_REGISTER, RIP_RELATIVE } from "../decode/decoder.ts";
import { isRelativeBranch, type Row } from "../decode/row.ts";
import {
  BLOCK_COMPILED,
  BLOCK_FIRST_HANDLER,
  BLOCK_INSTRUCTIONS,
  BLOCK_IP,
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
  REC_REG,
  REC_REMAINING,
  REC_RM,
  REC_SCALE,
  REC_SEGMENT,
  REC_VVVV,
  RECORD_SIZE,
  ZERO,
} from "../layout.ts";
import { registerSlot } from "../register-slots.ts";
import { codeSizeOf, formOf } from "./form.ts";
import type { Handlers } from "./handlers.ts";

export interface BlockWriterHost {
  /** The machine's memory; the buffer never moves. */
  readonly memory: WebAssembly.Memory;
  readonly handlers: Handlers;
  /** Rows for what cannot be executed. */
  readonly invalid: Row;
  readonly tooLong: Row;
  /** Table index of the handler that ends a block. */
  readonly endHandler: number;
}

/** What stands in for an instruction: a row without operands, of one byte. */
export const standIn = (row: Row, mode: number): Decoded => ({
  row,
  length: 1,
  operandSize: codeSizeOf(mode),
  addressSize: codeSizeOf(mode),
  rep: 0,
  lock: false,
  memory: false,
  segment: 3,
  segmentOverride: false,
  reg: 0,
  rm: 0,
  opcodeRegister: 0,
  vvvv: 0,
  rex: false,
  base: NO_REGISTER,
  index: NO_REGISTER,
  scale: 0,
  displacement: 0,
  immediate: 0n,
  immediate2: 0,
});

/** Where an address register's value is in the state. */
const addressSlot = (number: number): number =>
  number === NO_REGISTER ? ZERO : number === RIP_RELATIVE ? BLOCK_IP : GPR + number * 8;

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
   * Writes a block's records from an address, that of its end after them, and the header before them. `secondPage`:
   * physical page of the rest of an instruction that crosses pages.
   */
  write(
    record: number,
    decoded: readonly DecodeResult[],
    mode: number,
    secondPage: number | undefined,
  ): void {
    const view = this.#view;
    let at = record;
    let delta = 0;
    decoded.forEach((one, index) => {
      delta += this.#writeRecord(at, one, mode, delta, decoded.length - 1 - index);
      at += RECORD_SIZE;
    });
    view.setUint32(at + REC_HANDLER, this.#host.endHandler, true);
    view.setUint16(at + REC_IP_DELTA, delta, true);
    this.#bytes[at + REC_REMAINING] = 0;
    view.setUint32(at + REC_LINK, 0, true);
    view.setUint32(record + BLOCK_FIRST_HANDLER, view.getUint32(record + REC_HANDLER, true), true);
    view.setUint32(record + BLOCK_INSTRUCTIONS, decoded.length, true);
    view.setUint32(record + BLOCK_COMPILED, 0, true);
    view.setUint32(record + BLOCK_SECOND_PAGE, secondPage ?? NO_BLOCK, true);
    this.#host.handlers.compile();
  }

  #writeRecord(at: number, one: DecodeResult, mode: number, delta: number, remaining: number): number {
    const view = this.#view;
    this.#bytes.fill(0, at, at + RECORD_SIZE);
    const { invalid, tooLong } = this.#host;
    const instruction = typeof one === "string" ? standIn(one === "invalid" ? invalid : tooLong, mode) : one;
    view.setUint32(at + REC_HANDLER, this.#host.handlers.indexOf(formOf(instruction, mode)), true);
    view.setUint16(at + REC_IP_DELTA, delta, true);
    this.#bytes[at + REC_LENGTH] = instruction.length;
    this.#bytes[at + REC_REMAINING] = remaining;
    view.setUint16(at + REC_REG, registerSlot(instruction, "reg"), true);
    view.setUint16(at + REC_RM, registerSlot(instruction, "rm"), true);
    view.setUint16(at + REC_BASE, addressSlot(instruction.base), true);
    view.setUint16(at + REC_INDEX, addressSlot(instruction.index), true);
    this.#bytes[at + REC_SCALE] = instruction.scale;
    this.#bytes[at + REC_SEGMENT] = instruction.segment;
    view.setUint16(at + REC_VVVV, instruction.immediate2, true);
    const displacement =
      instruction.base === RIP_RELATIVE
        ? instruction.displacement + delta + instruction.length
        : instruction.displacement;
    view.setInt32(at + REC_DISPLACEMENT, displacement, true);
    view.setBigInt64(at + REC_IMMEDIATE, instruction.immediate, true);
    if (isRelativeBranch(instruction.row)) view.setUint32(at + REC_LINK, 0, true);
    return instruction.length;
  }
}
