import type { Form } from "./instructions.ts";
import type {
  Bits,
  Expression,
  FarOperand,
  ImmediateOperand,
  MemoryOperand,
  OperandSize,
  ParsedOperand,
  RegisterOperand,
} from "./operands.ts";

/** What the encoding of one instruction depends on besides its operands. */
export interface EncodingContext {
  bits: Bits;
  /** Of the instruction's first byte. */
  address: bigint;
  /** A label's value; in early passes an estimate. */
  valueOf(label: string): bigint;
  /** In the last pass a branch out of reach is an error, before it the next form is tried. */
  longBranches: boolean;
}

const SEGMENT_PREFIX = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const ACCUMULATORS: Record<string, OperandSize> = { al: 8, ax: 16, eax: 32, rax: 64 };

const evaluate = (expression: Expression, context: EncodingContext): bigint =>
  expression.terms.reduce((sum, { label, sign }) => sum + sign * context.valueOf(label), expression.constant);

const fits = (value: bigint, bits: number): boolean =>
  value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits);

const fitsSigned = (value: bigint, bits: number): boolean => BigInt.asIntN(bits, value) === value;

/** Whether `value`, taken as `size` bits wide, is what its low `bits` extended with their sign give. */
const fitsExtended = (value: bigint, bits: number, size: number): boolean =>
  fits(value, size) && fitsSigned(BigInt.asIntN(size, value), bits);

/** The form's operand size for these operands: `undefined` when they leave it open, `null` when they disagree. */
function operandSize(form: Form, operands: ParsedOperand[], bits: Bits): 16 | 32 | 64 | undefined | null {
  let size: OperandSize | undefined = form.operandSize;
  let open = false;
  for (let i = 0; i < operands.length; i++) {
    const kind = form.operands[i]!;
    const operand = operands[i]!;
    if (operand.kind === "far") {
      size = operand.size;
      continue;
    }
    if (operand.kind === "immediate" || !/v$|^mfar$/.test(kind)) continue;
    const own = operand.kind === "memory" ? operand.size : operand.class;
    if (own === undefined) {
      open = true;
      continue;
    }
    if (typeof own !== "number" || own === 8 || (size !== undefined && size !== own)) return null;
    size = own;
  }
  if (size !== undefined) return size as 16 | 32 | 64;
  if (open && !form.default64 && !form.operands.includes("mfar")) return undefined;
  if (bits === 16) return 16;
  return bits === 64 && form.default64 ? 64 : 32;
}

const hasByteRegister = (form: Form): boolean => form.operands.some((kind) => kind === "r8" || kind === "al");

function registerMatches(kind: string, operand: RegisterOperand): boolean {
  switch (kind) {
    case "r8":
    case "rm8":
      return operand.class === 8;
    case "r16":
    case "rm16":
    case "rm16s":
      return operand.class === 16;
    case "r32":
    case "rm32":
      return operand.class === 32;
    case "r64":
      return operand.class === 64;
    case "rv":
    case "rmv":
      return typeof operand.class === "number" && operand.class !== 8;
    case "av":
      return operand.name in ACCUMULATORS && operand.class !== 8;
    case "sreg":
      return operand.class === "segment";
    case "creg":
      return operand.class === "control";
    case "dreg":
      return operand.class === "debug";
    default:
      return operand.name === kind;
  }
}

function memoryMatches(kind: string, operand: MemoryOperand, form: Form): boolean {
  if (kind === "mfar") return operand.far;
  if (operand.far) return false;
  switch (kind) {
    case "m":
      return true;
    case "rmv":
      return operand.size !== 8;
    case "rm8":
      return operand.size === 8 || (operand.size === undefined && (form.anySize || hasByteRegister(form)));
    case "rm16":
      return operand.size === 16 || operand.size === undefined;
    case "rm16s":
      return operand.size === 16;
    case "rm32":
      return operand.size === 32 || operand.size === undefined;
    case "moffs8":
      return isAddressAlone(operand) && (operand.size ?? 8) === 8;
    case "moffsv":
      return isAddressAlone(operand) && operand.size !== 8;
    default:
      return false;
  }
}

const isAddressAlone = (operand: MemoryOperand): boolean =>
  !operand.base && !operand.index && !operand.relative;

function immediateMatches(
  kind: string,
  operand: ImmediateOperand,
  size: number,
  context: EncodingContext,
): boolean {
  const known = operand.value.terms.length === 0;
  const value = evaluate(operand.value, context);
  switch (kind) {
    case "1":
      return known && value === 1n;
    case "imm8":
      return fits(value, 8);
    case "imm8s":
      return known && fitsExtended(value, 8, size);
    case "imm16":
      return fits(value, 16);
    case "imm32s":
      return known && fitsSigned(value, 32);
    case "immz":
      return size === 64 ? fitsSigned(value, 32) : fits(value, size);
    case "immv":
      return fits(value, size);
    case "rel8":
      return operand.reach !== "near" && (operand.reach === "short" || !context.longBranches);
    case "relz":
      return operand.reach !== "short";
    default:
      return false;
  }
}

function matches(form: Form, operands: ParsedOperand[], size: number, context: EncodingContext): boolean {
  return operands.every((operand, i) => {
    const kind = form.operands[i]!;
    if (operand.kind === "register") return registerMatches(kind, operand);
    if (operand.kind === "far") return kind === "ptr";
    if (operand.kind === "immediate") return immediateMatches(kind, operand, size, context);
    return memoryMatches(kind, operand, form) && !(kind.startsWith("moffs") && context.bits === 64);
  });
}

class Bytes {
  readonly list: number[] = [];
  push(...values: number[]): void {
    this.list.push(...values);
  }
  little(value: bigint, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.list.push(Number((value >> BigInt(8 * i)) & 0xffn));
  }
}

/** The address size a memory operand implies. */
function addressSize(memory: MemoryOperand, bits: Bits): Bits {
  const register = memory.base ?? memory.index;
  if (register) return register.class as Bits;
  if (bits === 16 && memory.displacement.terms.length === 0 && !fits(memory.displacement.constant, 16)) {
    return 32;
  }
  return bits;
}

const PAIRS_16 = ["bx+si", "bx+di", "bp+si", "bp+di", "si", "di", "bp", "bx"];

/** ModRM, SIB and displacement of a memory operand, with the reg field left 0. [SDM] vol. 2A, tables 2-1 to 2-3 */
function encodeAddress(
  memory: MemoryOperand,
  size: Bits,
  displacement: bigint,
): { head: number[]; bytes: number } {
  const { base, index } = memory;
  const fixed = memory.displacement.terms.length === 0;
  const signed = BigInt.asIntN(Math.min(size, 32), displacement);
  const short = fixed && fitsSigned(signed, 8);
  if (size === 16) {
    if (!base && !index) return { head: [0x06], bytes: 2 };
    const names = [base, index].filter((one) => one !== undefined).map((one) => one.name);
    const rm = PAIRS_16.findIndex(
      (pair) => pair === names.join("+") || pair === [...names].reverse().join("+"),
    );
    if (rm < 0) throw new SyntaxError(`[${names.join("+")}] is not an address`);
    if (fixed && displacement === 0n && rm !== 6) return { head: [rm], bytes: 0 };
    return short ? { head: [0x40 | rm], bytes: 1 } : { head: [0x80 | rm], bytes: 2 };
  }
  if (memory.relative) return { head: [0x05], bytes: 4 };
  if (!base && !index) return size === 64 ? { head: [0x04, 0x25], bytes: 4 } : { head: [0x05], bytes: 4 };
  const scale = { 1: 0, 2: 0x40, 4: 0x80, 8: 0xc0 }[memory.scale];
  if (!base) return { head: [0x04, scale | ((index!.number & 7) << 3) | 5], bytes: 4 };
  let mod = 0x80;
  if (fixed && displacement === 0n && (base.number & 7) !== 5) mod = 0;
  else if (short) mod = 0x40;
  const bytes = mod === 0 ? 0 : mod === 0x40 ? 1 : 4;
  if (!index && (base.number & 7) !== 4) return { head: [mod | (base.number & 7)], bytes };
  if (index?.number === 4) throw new SyntaxError(`${index.name} cannot be an index`);
  const sib = scale | ((index ? index.number & 7 : 4) << 3) | (base.number & 7);
  return { head: [mod | 4, sib], bytes };
}

interface Parts {
  /** The operand in the reg field of ModRM, in the rm field, and added to the opcode. */
  reg?: RegisterOperand;
  rm?: RegisterOperand | MemoryOperand;
  inOpcode?: RegisterOperand;
  offset?: MemoryOperand;
}

function assign(form: Form, operands: ParsedOperand[]): Parts {
  const parts: Parts = {};
  operands.forEach((operand, i) => {
    const kind = form.operands[i]!;
    if (operand.kind === "memory") {
      if (kind.startsWith("moffs")) parts.offset = operand;
      else parts.rm = operand;
    } else if (operand.kind === "register") {
      if (form.plusRegister && kind.startsWith("r")) parts.inOpcode = operand;
      else if (form.modrm === undefined || /^(al|av|cl|dx|ax|1)$/.test(kind)) return;
      else if (/^(sreg|creg|dreg)$/.test(kind)) parts.reg = operand;
      else if (kind.startsWith("rm") || form.modrm !== "r") parts.rm = operand;
      else if (form.operands.some((other) => /^(rm|m$|sreg|creg|dreg)/.test(other))) {
        if (form.operands.some((other) => /^(sreg|creg|dreg)$/.test(other))) parts.rm = operand;
        else parts.reg = operand;
      } else if (i === 0) parts.reg = operand;
      else parts.rm = operand;
    }
  });
  return parts;
}

function rexOf(form: Form, operands: ParsedOperand[], parts: Parts, size: number): number {
  const memory = parts.rm?.kind === "memory" ? parts.rm : undefined;
  const rmNumber = parts.rm?.kind === "register" ? parts.rm.number : (memory?.base?.number ?? 0);
  let rex = 0;
  if (size === 64 && !form.default64) rex |= 0x48;
  if ((parts.reg?.number ?? 0) > 7) rex |= 0x44;
  if ((memory?.index?.number ?? 0) > 7) rex |= 0x42;
  if (rmNumber > 7 || (parts.inOpcode?.number ?? 0) > 7) rex |= 0x41;
  const byteRegisters = operands.filter((operand) => operand.kind === "register");
  if (byteRegisters.some((operand) => operand.rex === "needed")) rex |= 0x40;
  if (rex !== 0 && byteRegisters.some((operand) => operand.rex === "forbidden")) {
    throw new SyntaxError("AH, BH, CH and DH cannot be used with a REX prefix");
  }
  return rex;
}

function encodeForm(
  form: Form,
  operands: ParsedOperand[],
  size: number,
  context: EncodingContext,
): number[] | undefined {
  const { bits } = context;
  const out = new Bytes();
  const parts = assign(form, operands);
  const memory = parts.offset ?? (parts.rm?.kind === "memory" ? parts.rm : undefined);
  const address = memory ? addressSize(memory, bits) : (form.addressSize ?? bits);
  const usesSize =
    form.operandSize !== undefined || form.operands.some((kind) => /v$|z$|s$|^ptr$|^mfar$/.test(kind));
  const defaultSize = bits === 16 ? 16 : 32;
  const rex = rexOf(form, operands, parts, usesSize ? size : 0);
  if (bits !== 64 && rex !== 0) throw new SyntaxError("64-bit registers need 64-bit code");

  if (memory?.segment) out.push(SEGMENT_PREFIX[memory.segment.number]!);
  if (address !== bits) out.push(0x67);
  if (usesSize && (size === 16) !== (defaultSize === 16) && (size !== 64 || defaultSize === 16))
    out.push(0x66);
  const opcode = [...form.opcode];
  if (opcode.length > 1 && (opcode[0] === 0xf3 || opcode[0] === 0xf2)) out.push(opcode.shift()!);
  if (rex !== 0) out.push(0x40 | rex);
  if (parts.inOpcode) opcode[opcode.length - 1]! += parts.inOpcode.number & 7;
  out.push(...opcode);

  const immediates = encodeImmediates(form, operands, size, context);
  if (form.modrm !== undefined) {
    const reg = (form.modrm === "r" ? (parts.reg?.number ?? 0) & 7 : form.modrm) << 3;
    if (parts.rm?.kind === "register") out.push(0xc0 | reg | (parts.rm.number & 7));
    else if (parts.rm) {
      let displacement = evaluate(parts.rm.displacement, context);
      const { head, bytes } = encodeAddress(parts.rm, address, displacement);
      head[0]! |= reg;
      out.push(...head);
      if (parts.rm.relative) {
        displacement -= context.address + BigInt(out.list.length + 4 + immediates.fixedLength);
      }
      out.little(displacement, bytes);
    }
  } else if (parts.offset) {
    out.little(evaluate(parts.offset.displacement, context), address / 8);
  }
  return immediates.append(out) ? out.list : undefined;
}

/** The bytes that follow ModRM: immediates, branches, far pointers. `append` is false for a branch out of reach. */
function encodeImmediates(form: Form, operands: ParsedOperand[], size: number, context: EncodingContext) {
  const wide = size === 16 ? 2 : 4;
  const length: Record<string, number> = {
    imm8: 1,
    imm8s: 1,
    imm16: 2,
    imm32s: 4,
    immz: wide,
    immv: size / 8,
  };
  const immediates = operands.flatMap((operand, i) =>
    operand.kind === "immediate" || operand.kind === "far" ? [{ kind: form.operands[i]!, operand }] : [],
  );
  return {
    fixedLength: immediates.reduce((sum, { kind }) => sum + (length[kind] ?? 0), 0),
    append(out: Bytes): boolean {
      for (const { kind, operand } of immediates) {
        if (operand.kind === "far") {
          appendFar(out, operand, wide, context);
        } else if (kind === "rel8" || kind === "relz") {
          const bytes = kind === "rel8" ? 1 : wide;
          const end = context.address + BigInt(out.list.length + bytes);
          const distance = evaluate(operand.value, context) - end;
          if (kind === "rel8" && !fitsSigned(distance, 8)) return false;
          out.little(distance, bytes);
        } else {
          out.little(evaluate(operand.value, context), length[kind] ?? 0);
        }
      }
      return true;
    },
  };
}

function appendFar(out: Bytes, operand: FarOperand, offsetBytes: number, context: EncodingContext): void {
  out.little(evaluate(operand.offset, context), offsetBytes);
  out.little(evaluate(operand.selector, context), 2);
}

/**
 * The bytes of one instruction. `undefined`: a branch is out of the reach of its short form.
 * Throws a SyntaxError when no form takes these operands.
 */
export function encode(
  forms: Form[],
  operands: ParsedOperand[],
  context: EncodingContext,
): number[] | undefined {
  let unsized = false;
  for (const form of forms) {
    if (form.operands.length !== operands.length) continue;
    if (form.code64 === (context.bits === 64 ? "never" : "only")) continue;
    const size = operandSize(form, operands, context.bits);
    if (size === null) continue;
    if (!matches(form, operands, size ?? 32, context)) continue;
    if (size === undefined) {
      unsized = true;
      continue;
    }
    if (context.bits === 64 && form.default64 && size === 32) continue;
    return encodeForm(form, operands, size, context);
  }
  throw new SyntaxError(unsized ? "say the size of the memory operand" : "no form takes these operands");
}
