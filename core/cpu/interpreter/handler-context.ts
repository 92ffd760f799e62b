// The interpreter's side of an instruction's semantics: a handler takes the address of a decoded record and
// returns that of the next one, or 0 when RIP says where to go on.

import { ES, SS } from "../decode/decoder.ts";
import { ENDS, isRelativeBranch, type OperandSpec, type Row, VEX, VSIB } from "../decode/row.ts";
import {
  BLOCK_IP,
  BRANCHED_FROM,
  BUDGET,
  CPU_BASE,
  CURRENT_RECORD,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_IP,
  FPU_OPCODE,
  GPR,
  REC_BASE,
  REC_DISPLACEMENT,
  REC_IMMEDIATE,
  REC_INDEX,
  REC_IP_DELTA,
  REC_LENGTH,
  REC_REG,
  REC_REMAINING,
  REC_RM,
  REC_SCALE,
  REC_SEGMENT,
  REC_VVVV,
  RECORD_SIZE,
  RIP,
  ROM,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
  STEP_LEFT_BY,
  TLB_ADDEND,
  TLB_ENTRIES,
  TLB_POINTER,
  TLB_READ,
  TLB_WRITE,
  XMM,
  YMM_HIGH,
  ZERO,
} from "../layout.ts";
import {
  type Bits,
  type Context,
  type EntryTest,
  fromI64,
  GP,
  opsFor,
  RAX,
  RBX,
  RSP,
  zeroExtend,
} from "../semantics/context.ts";
import { Flags } from "../semantics/flags.ts";
import { FpuStack } from "../semantics/fpu-stack.ts";
import { Numbers } from "../semantics/numbers.ts";
import {
  constant32,
  constant64,
  type Expression,
  extendU,
  type IntegerOps,
  i32,
  i64,
  load32AsI64,
  load32SAsI64,
  loadVector,
  select,
  wrap,
} from "../wasm/expression.ts";
import { type Callee, FunctionBody, type Local } from "../wasm/function-body.ts";
import type { ModuleBuilder, Signature } from "../wasm/module.ts";
import type { AddressKind, Form, StackKind } from "./form.ts";

/** Base of the processor's state: a constant, so that the host's code has it in its instructions. */
export const CPU: Expression = constant32(CPU_BASE);

const CODE_SEGMENT = SEGMENTS + SEGMENT_SIZE;

/** Signatures of the runtime's exports, by name. */
export type RuntimeSignatures = ReadonlyMap<string, Signature>;

/** The fields of a decoded record: loads for a handler that serves any record, constants where it is known. */
export interface RecordFields {
  /** The record's address. */
  readonly address: Expression;
  u8(field: number): Expression;
  u16(field: number): Expression;
  i32(field: number): Expression;
  /** A field of 32 bits, sign-extended. */
  wideI32(field: number): Expression;
  i64(field: number): Expression;
}

/** Those of the record at an address that is known only at run time. */
export const loadedFields = (address: Expression): RecordFields => ({
  address,
  u8: (field) => i32.load8U(address, field),
  u16: (field) => i32.load16U(address, field),
  i32: (field) => i32.load(address, field),
  wideI32: (field) => load32SAsI64(address, field),
  i64: (field) => i64.load(address, field),
});

/** Address of the entry for a linear address in the translation table at `table` (i32). */
export function tlbEntry(table: Expression, linear: Expression): Expression {
  const low = linear.type === "i64" ? wrap(linear) : linear;
  // (linear >> 12) × 32 within the table, in one shift.
  const place = i32.and(i32.shrU(low, constant32(7)), constant32((TLB_ENTRIES - 1) << 5));
  return i32.add(table, place);
}

/** A value of so many bits at a host address. */
export function loadHost(width: Bits, address: Expression, offset = 0): Expression {
  switch (width) {
    case 8:
      return i32.load8U(address, offset);
    case 16:
      return i32.load16U(address, offset);
    case 32:
      return i32.load(address, offset);
    case 64:
      return i64.load(address, offset);
    default:
      return loadVector(address, offset);
  }
}

/** A place in the processor's state: an offset from an address. */
interface Slot {
  readonly address: Expression;
  readonly offset: number;
}

/** Emits an access at an address plus an offset. */
export type FastAccess = (address: Expression, offset: number) => void;

export type SlowAccess = "slowRead" | "slowWrite" | "slowModify";

/** The field of a record that holds the offset of an operand's register. */
const fieldOf = ({ place }: OperandSpec): number =>
  place === "reg" ? REC_REG : place === "vvvv" ? REC_VVVV : REC_RM;

const SIZE_INDEX = { 16: 0, 32: 1, 64: 2 } as const;

export class HandlerContext implements Context {
  readonly body: FunctionBody;
  readonly flags: Flags;
  readonly numbers: Numbers;
  readonly fpu: FpuStack;
  readonly row: Row;
  readonly size: 16 | 32 | 64;
  readonly addressSize: 16 | 32 | 64;
  readonly codeSize: 16 | 32 | 64;
  readonly rep: number;
  readonly memory: boolean;
  protected readonly fields: RecordFields;
  readonly #form: Form;
  readonly #module: ModuleBuilder;
  readonly #runtime: RuntimeSignatures;

  constructor(
    form: Form,
    module: ModuleBuilder,
    runtime: RuntimeSignatures,
    body: FunctionBody = new FunctionBody(["i32"]),
    fields: RecordFields = loadedFields(body.parameter(0, "i32")),
  ) {
    this.#form = form;
    this.body = body;
    this.fields = fields;
    this.#module = module;
    this.#runtime = runtime;
    this.row = form.row;
    this.size = form.size;
    this.addressSize = form.addressSize;
    this.codeSize = form.codeSize;
    this.rep = form.rep;
    this.memory = form.memory;
    this.flags = this.makeFlags();
    this.numbers = this.makeNumbers();
    this.fpu = this.makeStack();
  }

  protected makeFlags(): Flags {
    return new Flags(this);
  }

  protected makeNumbers(): Numbers {
    return new Numbers(this);
  }

  protected makeStack(): FpuStack {
    return new FpuStack(this);
  }

  // What a compiler that keeps state elsewhere does in its own way.

  /** Before a function of the runtime is called. */
  protected beforeCall(_name: string): void {}
  /** After it. */
  protected afterCall(_name: string): void {}
  /** Before an access that can leave the instruction. */
  protected mayLeave(): void {}
  /** What is at a linear address, if that is known. */
  protected known(_bits: Bits, _linear: Expression): Expression | undefined {
    return undefined;
  }
  /** An access that began at a position of the code has loaded or stored a value. */
  protected learn(_bits: Bits, _linear: Expression, _value: Expression, _since: number): void {}
  /** Before the runtime is given the address of a register, perhaps to write there. */
  protected exposeRegister(_offset: number, _forWriting: boolean): void {}
  /** Calls slowRead, slowWrite or slowModify. */
  protected slowAccess(name: SlowAccess, linear: Expression, bytes: number): Expression {
    return this.call(name, linear, constant32(bytes));
  }

  /** Carries out a store that slowWrite or slowModify took into a buffer. */
  protected commit(): void {
    this.run("commitWrite");
  }

  get vex(): boolean {
    return (this.row.flags & VEX) !== 0;
  }

  /** Emits the whole handler. */
  emit(): FunctionBody {
    this.row.semantics(this);
    if (this.row.flags & ENDS) {
      this.setState(STEP_LEFT_BY, 32, constant32(0));
      this.leaveAfter();
    }
    this.body.result(i32.add(this.fields.address, constant32(RECORD_SIZE)));
    return this.body;
  }

  /** How the memory operand's linear address comes about. */
  protected get addressKind(): AddressKind {
    return this.#form.address;
  }

  protected get stackKind(): StackKind {
    return this.#form.stack;
  }

  get stackSize(): 16 | 32 | 64 {
    if (this.codeSize === 64) return 64;
    return this.#form.stack === "checked16" ? 16 : 32;
  }

  // --- Operands ---

  operand(index: number): OperandSpec {
    const operand = this.row.operands[index];
    if (!operand) throw new Error(`${this.row.mnemonic} has no operand ${index}`);
    return operand;
  }

  width(index: number): Bits {
    return this.operand(index).widths[SIZE_INDEX[this.size]] as Bits;
  }

  ops(index: number): IntegerOps {
    return opsFor(this.width(index));
  }

  #inMemory(operand: OperandSpec): boolean {
    return (operand.place === "rm" && this.memory) || operand.place === "moffs";
  }

  /** A field of the state whose offset is given by an expression. */
  #place(offset: Expression): Slot {
    if (offset.constant !== undefined) return { address: CPU, offset: Number(offset.constant) };
    return { address: offset, offset: CPU_BASE };
  }

  #slot(operand: OperandSpec): Slot {
    if (operand.place === "fixed") return { address: CPU, offset: GPR + operand.fixed * 8 };
    return this.#place(this.fields.u16(fieldOf(operand)));
  }

  read(index: number): Expression {
    const operand = this.operand(index);
    const width = this.width(index);
    if (operand.place === "one") return constant32(1);
    if (operand.place === "immediate") {
      if (width === 64) return this.body.let(this.immediate);
      return this.body.let(zeroExtend(width, this.fields.i32(REC_IMMEDIATE)));
    }
    if (this.#inMemory(operand)) return this.load(width, this.linear(width / 8, false));
    return this.#readSlot(width, this.#slot(operand));
  }

  #readSlot(width: Bits, slot: Slot): Expression {
    if (slot.address === CPU) return this.state(slot.offset, width);
    return this.body.let(loadHost(width, slot.address, slot.offset));
  }

  write(index: number, value: Expression): void {
    const operand = this.operand(index);
    const width = this.width(index);
    if (this.#inMemory(operand)) {
      const kept = this.body.let(value);
      this.store(width, this.linear(width / 8, true), kept);
    } else this.#storeSlot(operand, width, this.#slot(operand), value);
  }

  #storeSlot(operand: OperandSpec, width: Bits, slot: Slot, value: Expression): void {
    // A 32-bit general register is written whole: its upper half becomes 0.
    const whole = operand.file === "gpr" && width === 32;
    if (slot.address === CPU) this.setState(slot.offset, whole ? 64 : width, whole ? extendU(value) : value);
    else this.body.store(whole ? 64 : width, slot.address, whole ? extendU(value) : value, slot.offset);
  }

  #halfSlot(index: number, half: 0 | 1): Slot {
    const offset = this.fields.u16(fieldOf(this.operand(index)));
    return this.#place(i32.add(offset, constant32(half * (YMM_HIGH - XMM))));
  }

  readHalf(index: number, half: 0 | 1): Expression {
    return this.#readSlot(128, this.#halfSlot(index, half));
  }

  writeHalf(index: number, half: 0 | 1, value: Expression): void {
    this.#storeSlot(this.operand(index), 128, this.#halfSlot(index, half), value);
  }

  modify(index: number, compute: (old: Expression) => Expression): void {
    const operand = this.operand(index);
    const width = this.width(index);
    if (!this.#inMemory(operand)) {
      const found = this.#slot(operand);
      const slot = { address: this.body.let(found.address), offset: found.offset };
      const old = this.#readSlot(width, slot);
      this.#storeSlot(operand, width, slot, compute(old));
      return;
    }
    const bytes = width / 8;
    const linear = this.linear(bytes, true);
    const known = this.known(width, linear);
    const since = this.body.length;
    const address = this.#forWriting("slowModify", linear, bytes);
    const old = known ?? this.body.let(loadHost(width, address));
    const value = this.body.let(compute(old));
    this.body.store(width, address, value);
    this.commitIfSlow(address);
    this.learn(width, linear, value, since);
  }

  registerNumber(index: number): Expression {
    const operand = this.operand(index);
    const slot = this.fields.u16(fieldOf(operand));
    switch (operand.file) {
      case "gpr":
        return this.body.let(i32.shrU(slot, constant32(3)));
      case "xmm":
        return this.body.let(i32.shrU(i32.sub(slot, constant32(XMM)), constant32(4)));
      default:
        return this.body.let(slot);
    }
  }

  registerOffset(index: number): Expression {
    return this.fields.u16(fieldOf(this.operand(index)));
  }

  get immediate(): Expression {
    return this.fields.i64(REC_IMMEDIATE);
  }

  get immediate2(): Expression {
    return this.fields.u16(REC_VVVV);
  }

  readAddress(index: number, bytes: number): Expression {
    const operand = this.operand(index);
    if (this.#inMemory(operand)) return this.loadAddress(bytes, this.linear(bytes, false));
    const slot = this.#slot(operand);
    const address = i32.add(slot.address, constant32(slot.offset));
    if (slot.address !== CPU) return this.body.let(address);
    this.exposeRegister(slot.offset, index === 0);
    return address.asStable();
  }

  /** A base or index register by the offset of its slot; 0 where there is none. */
  #addressRegister(slot: Expression): Expression {
    const wide = this.addressSize === 64;
    if (slot.constant === ZERO) return wide ? constant64(0) : constant32(0);
    const { address, offset } = this.#place(slot);
    if (address === CPU) return this.state(offset, wide ? 64 : 32);
    return wide ? i64.load(address, offset) : i32.load(address, offset);
  }

  offset(): Expression {
    const base = this.#addressRegister(this.fields.u16(REC_BASE));
    const isVector = (this.row.flags & VSIB) !== 0;
    const index = this.#addressRegister(isVector ? constant32(ZERO) : this.fields.u16(REC_INDEX));
    const scale = this.fields.u8(REC_SCALE);
    if (this.addressSize === 64) {
      if (this.#isMoffs()) return this.body.let(this.immediate);
      const sum = i64.add(base, i64.shl(index, extendU(scale)));
      return this.body.let(i64.add(sum, this.fields.wideI32(REC_DISPLACEMENT)));
    }
    const sum = i32.add(i32.add(base, i32.shl(index, scale)), this.fields.i32(REC_DISPLACEMENT));
    const offset = this.addressSize === 16 ? i32.and(sum, constant32(0xffff)) : sum;
    return this.body.let(this.codeSize === 64 ? extendU(offset) : offset);
  }

  #isMoffs(): boolean {
    return this.row.operands.some((operand) => operand.place === "moffs");
  }

  vectorIndex(): { offset: Expression; scale: Expression } {
    return { offset: this.fields.u16(REC_INDEX), scale: this.fields.u8(REC_SCALE) };
  }

  segment(): Expression {
    return this.body.let(this.fields.u8(REC_SEGMENT));
  }

  linear(bytes: number, write: boolean, displacement?: Expression): Expression {
    let offset = this.offset();
    if (displacement) {
      const sum = opsFor(this.codeSize === 64 ? 64 : 32).add(offset, displacement);
      offset = this.body.let(this.addressSize === 16 ? i32.and(sum, constant32(0xffff)) : sum);
    }
    switch (this.#form.address) {
      case "flat":
      case "long":
      case "long32":
        return offset;
      case "long-segment":
        return this.body.let(i64.add(offset, i64.load(this.#segmentSlot(), SEGMENTS + SEGMENT_BASE)));
      case "checked16":
      case "checked32":
        return this.checkedLinear(this.fields.u8(REC_SEGMENT), offset, bytes, write);
      default:
        throw new Error(`${this.row.mnemonic} has no memory operand`);
    }
  }

  xlatAddress(): Expression {
    const index = this.gpr(RAX, 8);
    const size = this.addressSize;
    const w = opsFor(size);
    const sum = w.add(this.gpr(RBX, size), size === 64 ? extendU(index) : index);
    return this.dataLinear(this.body.let(zeroExtend(size, sum)), 1, false);
  }

  dataLinear(offset: Expression, bytes: number, write: boolean): Expression {
    if (this.codeSize !== 64) return this.checkedLinear(this.fields.u8(REC_SEGMENT), offset, bytes, write);
    const wide = this.wide(offset);
    const byBase = i32.geU(this.segment(), constant32(4));
    const base = i64.load(this.#segmentSlot(), SEGMENTS + SEGMENT_BASE);
    return this.body.let(i64.add(wide, select(byBase, base, constant64(0))));
  }

  extraLinear(offset: Expression, bytes: number): Expression {
    if (this.codeSize !== 64) return this.checkedLinear(constant32(ES), offset, bytes, true);
    return this.body.let(this.wide(offset));
  }

  baseIs(register: number): Expression {
    return i32.eq(this.fields.u16(REC_BASE), constant32(GPR + register * 8));
  }

  #segmentSlot(): Expression {
    return i32.add(CPU, i32.mul(this.fields.u8(REC_SEGMENT), constant32(SEGMENT_SIZE)));
  }

  /** The linear address of a 32-bit offset in a segment, by its number, checked. */
  protected checkedLinear(
    segment: Expression,
    offset: Expression,
    bytes: number,
    write: boolean,
  ): Expression {
    const name = write ? "segmentWrite" : "segmentRead";
    return this.callThrowing(name, segment, offset, constant32(bytes));
  }

  // --- Memory ---

  /** A linear address as i64. */
  protected wide(linear: Expression): Expression {
    return linear.type === "i64" ? linear : extendU(linear);
  }

  /** Address of the translation table for the current privilege. */
  protected tlbPointer(): Expression {
    return i32.load(CPU, TLB_POINTER);
  }

  /**
   * Sets `address` to the host address by the translation table; then `fast`, or `slow` when that does not answer. `fast` is given
   * an address to which an offset is to be added; where there is one, `address` need not be set.
   */
  protected translate(
    address: Local,
    linear: Expression,
    bytes: number,
    tag: number,
    slow: () => void,
    fast?: FastAccess,
  ): void {
    const body = this.body;
    this.mayLeave();
    const low = linear.type === "i64" ? wrap(linear) : linear;
    const entry = body.let(tlbEntry(this.tlbPointer(), linear));
    const o = linear.type === "i64" ? i64 : i32;
    const page = o.and(o.add(linear, o.constant(bytes - 1)), o.constant(-4096));
    const held = i64.load(entry, tag);
    // Cut from 64 bits, and not loaded with 32: V8 emits a load that is compared as it is twice.
    const hit = o === i64 ? i64.eq(held, page) : i32.eq(wrap(held), page);
    const found = (): void => {
      body.set(address, i32.add(low, i32.load(entry, TLB_ADDEND)));
      fast?.(address.get, 0);
    };
    body.if(hit, found, slow, true);
  }

  loadAddress(bytes: number, linear: Expression): Expression {
    const at = this.body.let(linear);
    const address = this.body.local("i32");
    this.translate(address, at, bytes, TLB_READ, () => {
      this.body.set(address, this.slowAccess("slowRead", this.wide(at), bytes));
      this.leaveIfZero(address.get);
    });
    return address.get;
  }

  load(bits: Bits, linear: Expression): Expression {
    const { body } = this;
    const at = body.let(linear);
    const known = this.known(bits, at);
    if (known) return known;
    const since = body.length;
    const address = body.local("i32");
    // Loaded on either way: an address that may come from a call would have to be cut to 32 bits first.
    const value = body.local(bits === 128 ? "v128" : opsFor(bits).type);
    const fetch: FastAccess = (from, offset) => body.set(value, loadHost(bits, from, offset));
    const slow = (): void => {
      body.set(address, this.slowAccess("slowRead", this.wide(at), bits / 8));
      this.leaveIfZero(address.get);
      fetch(address.get, 0);
    };
    this.translate(address, at, bits / 8, TLB_READ, slow, fetch);
    const loaded = body.copy(value.get.atMost(bits < 32 ? 2 ** bits - 1 : undefined));
    this.learn(bits, at, loaded, since);
    return loaded;
  }

  store(bits: Bits, linear: Expression, value: Expression): void {
    const kept = this.body.let(value);
    this.storeAt(bits / 8, linear, (address) => this.body.store(bits, address, kept));
  }

  storeAt(bytes: number, linear: Expression, fill: (address: Expression) => void): void {
    const address = this.#forWriting("slowWrite", this.body.let(linear), bytes);
    fill(address);
    this.commitIfSlow(address);
  }

  /** The host address of bytes to be written; after that, {@link commitIfSlow}. */
  #forWriting(name: SlowAccess, linear: Expression, bytes: number): Expression {
    const address = this.body.local("i32");
    this.translate(address, linear, bytes, TLB_WRITE, () => {
      this.body.set(address, this.slowAccess(name, this.wide(linear), bytes));
      this.leaveIfZero(address.get);
    });
    return this.body.copy(address.get);
  }

  /** Guest memory lies above the processor's state, in which is the buffer that stands in for what is no memory. */
  protected commitIfSlow(address: Expression): void {
    this.body.if(i32.ltU(address, constant32(ROM)), () => this.commit(), undefined, false);
  }

  // --- Registers and state ---

  gpr(number: number, bits: Bits): Expression {
    return this.state(GPR + number * 8, bits);
  }

  setGpr(number: number, bits: Bits, value: Expression): void {
    if (bits === 32) this.setState(GPR + number * 8, 64, extendU(value));
    else this.setState(GPR + number * 8, bits, value);
  }

  state(offset: number, bits: Bits): Expression {
    return this.body.let(loadHost(bits, CPU, offset));
  }

  setState(offset: number, bits: Bits, value: Expression): void {
    this.body.store(bits, CPU, value, offset);
  }

  stateAddress(offset: number): Expression {
    return i32.add(CPU, constant32(offset));
  }

  // --- Stack ---

  push(bits: Bits, value: Expression): void {
    const kept = this.body.let(value);
    const bytes = bits / 8;
    const size = this.stackSize;
    const o = opsFor(size);
    const top = this.body.let(zeroExtend(size, o.sub(this.gpr(RSP, size), o.constant(bytes))));
    this.store(bits, this.stackLinear(top, bytes, true, RSP, -bytes), kept);
    this.setGpr(RSP, size, top);
  }

  pop(bits: Bits): { value: Expression; commit: () => void } {
    return this.popAt(bits, RSP);
  }

  popAt(bits: Bits, register: number): { value: Expression; commit: () => void } {
    const bytes = bits / 8;
    const size = this.stackSize;
    const o = opsFor(size);
    const top = this.gpr(register, size);
    const value = this.load(bits, this.stackLinear(top, bytes, false, register, 0));
    return { value, commit: () => this.setGpr(RSP, size, o.add(top, o.constant(bytes))) };
  }

  /** Linear address of an offset in the stack segment, which is a register plus `displacement`. */
  protected stackLinear(
    offset: Expression,
    bytes: number,
    write: boolean,
    _register: number,
    _displacement: number,
  ): Expression {
    if (this.#form.stack === "none") throw new Error(`${this.row.mnemonic} is not flagged STACK`);
    if (this.#form.stack === "flat" || this.#form.stack === "long") return offset;
    return this.checkedLinear(constant32(SS), offset, bytes, write);
  }

  // --- Flow ---

  ip(): Expression {
    return this.body.let(i64.add(i64.load(CPU, BLOCK_IP), extendU(this.fields.u16(REC_IP_DELTA))));
  }

  returnAddress(): Expression {
    const next = this.nextIp();
    return this.size === 64 ? next : this.body.let(fromI64(this.size, next));
  }

  nextIp(): Expression {
    const delta = i32.add(this.fields.u16(REC_IP_DELTA), this.fields.u8(REC_LENGTH));
    return this.body.let(i64.add(i64.load(CPU, BLOCK_IP), extendU(delta)));
  }

  relativeTarget(): Expression {
    const target = i64.add(this.nextIp(), this.fields.wideI32(REC_IMMEDIATE));
    if (this.size === 64) return this.body.let(target);
    return this.body.let(i64.and(target, constant64(this.size === 16 ? 0xffff : 0xffffffff)));
  }

  jump(target: Expression, before?: () => void): void {
    const to = this.body.let(target);
    this.checkTarget(to);
    before?.();
    this.noteBranch();
    this.goTo(to);
  }

  branch(condition: Expression, target: Expression, before?: () => void): void {
    this.body.if(condition, () => this.jump(target, before));
  }

  repeatIf(condition: Expression): void {
    this.body.if(condition, () => this.leaveBy("leaveToRepeat"));
  }

  protected checkTarget(to: Expression): void {
    if (this.codeSize === 64) {
      // A target that is not canonical is #GP at the branch.
      const canonical = i64.eq(i64.shrS(i64.shl(to, constant64(16)), constant64(16)), to);
      this.faultIf(i32.eqz(canonical), GP, constant32(0));
    } else if (this.#form.checkedCode) {
      const limit = load32AsI64(CPU, SEGMENTS + SEGMENT_SIZE + SEGMENT_LIMIT);
      this.faultIf(i64.gtU(to, limit), GP, constant32(0));
    }
  }

  /** Tells the dispatcher which branch has led to where it goes on, if that may be elsewhere another time. */
  protected noteBranch(): void {
    if (!isRelativeBranch(this.row)) this.setState(BRANCHED_FROM, 32, this.fields.address);
  }

  /** Leaves for an instruction pointer that has been checked. */
  protected goTo(to: Expression): void {
    this.setState(RIP, 64, to);
    // Back to the budget goes what the rest of the block would have used.
    this.setState(BUDGET, 32, i32.add(i32.load(CPU, BUDGET), this.fields.u8(REC_REMAINING)));
    this.body.return(constant32(0));
  }

  unlessPassed(_test: EntryTest, emit: () => void): void {
    emit();
  }

  fault(vector: number | Expression, error?: Expression): void {
    const number = typeof vector === "number" ? constant32(vector) : vector;
    this.run("setException", number, error ?? constant32(-1));
    this.leaveFaulted();
  }

  faultIf(condition: Expression, vector: number, error?: Expression): void {
    this.body.if(condition, () => this.fault(vector, error), undefined, false);
  }

  protected leaveIfZero(address: Expression): void {
    this.body.if(i32.eqz(address), () => this.leaveFaulted(), undefined, false);
  }

  /** Leaves at this instruction, which has not happened. */
  protected leaveFaulted(): void {
    this.leaveBy("leaveFaulted");
  }

  protected leaveBy(name: "leaveFaulted" | "leaveToRepeat"): void {
    this.body.return(this.body.call(this.imported(name), this.fields.address));
  }

  runAndLeave(name: string, ...args: Expression[]): void {
    this.runThrowing(name, ...args);
    this.body.return(constant32(0));
  }

  leaveAfter(): void {
    this.goTo(this.nextIp());
  }

  noteX87(): void {
    this.setState(FPU_IP, 64, this.ip());
    this.setState(FPU_CS, 16, this.state(CODE_SEGMENT + SEGMENT_SELECTOR, 16));
    this.setState(FPU_OPCODE, 16, this.immediate2);
    if (!this.memory) return;
    this.setState(FPU_DP, 64, this.wide(this.offset()));
    this.setState(FPU_DS, 16, i32.load16U(this.#segmentSlot(), SEGMENTS + SEGMENT_SELECTOR));
  }

  // --- Help ---

  /** A function of the runtime. */
  protected imported(name: string): Callee {
    const signature = this.#runtime.get(name);
    if (!signature) throw new Error(`the runtime exports no ${name}`);
    return this.#module.import("runtime", name, signature);
  }

  call(name: string, ...args: Expression[]): Expression {
    this.beforeCall(name);
    const result = this.body.let(this.body.call(this.imported(name), ...args));
    this.afterCall(name);
    return result;
  }

  callThrowing(name: string, ...args: Expression[]): Expression {
    this.setState(CURRENT_RECORD, 32, this.fields.address);
    return this.call(name, ...args);
  }

  run(name: string, ...args: Expression[]): void {
    this.beforeCall(name);
    this.body.run(this.imported(name), ...args);
    this.afterCall(name);
  }

  runThrowing(name: string, ...args: Expression[]): void {
    this.setState(CURRENT_RECORD, 32, this.fields.address);
    this.run(name, ...args);
  }
}
