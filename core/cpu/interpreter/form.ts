// A form: a row with everything that its handler's code depends on. The interpreter has one handler for each
// form that was met.

import { type Decoded, DS, ES, SS } from "../decode/decoder.ts";
import { ADDRESS, BRANCH, REP, type Row, rowAt, STACK } from "../decode/row.ts";
import { MODE_CODE_SIZE, MODE_FLAT, MODE_FLAT_CODE, MODE_STACK_32 } from "../layout.ts";

/**
 * How the linear address of a memory operand is made. `flat`: 32-bit offset, segment from 0 to 4 GiB ·
 * `checked16`, `checked32`: through a segment, with every check · `long`: 64-bit offset · `long-segment`: the same
 * plus the base of FS or GS · `long32`: 32-bit offset in 64-bit code.
 */
export type AddressKind = "none" | "flat" | "checked16" | "checked32" | "long" | "long-segment" | "long32";

/** The stack: `flat` ESP in a flat segment, `checked16` SP and `checked32` ESP with checks, `long` RSP. */
export type StackKind = "none" | "flat" | "checked16" | "checked32" | "long";

export interface Form {
  readonly row: Row;
  readonly size: 16 | 32 | 64;
  readonly codeSize: 16 | 32 | 64;
  readonly addressSize: 16 | 32 | 64;
  readonly memory: boolean;
  readonly address: AddressKind;
  readonly stack: StackKind;
  /** Targets of branches are checked against CS. */
  readonly checkedCode: boolean;
  readonly rep: number;
  /** A key equal for equal forms. */
  readonly key: string;
}

const CODE_SIZES = [16, 32, 64] as const;

export const codeSizeOf = (mode: number): 16 | 32 | 64 => CODE_SIZES[mode & MODE_CODE_SIZE]!;

/** Every form that was met, by its key. */
const forms = new Map<string, Form>();

/** A number, not negative, put together from all that the form of a decoded instruction in a mode may depend on. */
export function formNumber(decoded: Decoded, mode: number): number {
  const { row, operandSize, addressSize, memory, segment, rep } = decoded;
  const sizes = ((operandSize >> 5) << 2) | (addressSize >> 5);
  const rest = (memory ? 32 : 0) | (segment << 2) | (rep & 3);
  return (((((row.id << 4) | sizes) << 6) | rest) << 6) | mode;
}

/** The form of a decoded instruction in a mode (MODE_* bits); the same object for equal forms. */
export function formOf(decoded: Decoded, mode: number): Form {
  const { row, operandSize: size, memory } = decoded;
  const codeSize = codeSizeOf(mode);
  const usesAddress = memory || (row.flags & ADDRESS) !== 0;
  const addressSize = usesAddress ? decoded.addressSize : codeSize;
  const address = memory ? addressKind(decoded, mode, codeSize) : "none";
  const stack = row.flags & STACK ? stackKind(mode, codeSize) : "none";
  const checkedCode = (row.flags & BRANCH) !== 0 && codeSize !== 64 && !(mode & MODE_FLAT_CODE);
  const rep = row.flags & REP ? decoded.rep : 0;
  const key = `${row.id}:${size}:${codeSize}:${addressSize}:${address}:${stack}:${checkedCode}:${rep}`;
  return theOne({ row, size, codeSize, addressSize, memory, address, stack, checkedCode, rep, key });
}

/** That of equal forms which is used. */
function theOne(form: Form): Form {
  const known = forms.get(form.key);
  if (known) return known;
  forms.set(form.key, form);
  return form;
}

/** A form as another thread can have it. */
export interface PlainForm extends Omit<Form, "row"> {
  /** Number of its row. */
  readonly row: number;
}

export const plainForm = ({ row, ...rest }: Form): PlainForm => ({ ...rest, row: row.id });

export const formFrom = ({ row, ...rest }: PlainForm): Form => theOne({ ...rest, row: rowAt(row) });

function addressKind(decoded: Decoded, mode: number, codeSize: number): AddressKind {
  if (codeSize === 64) {
    if (decoded.addressSize === 32) return "long32";
    return decoded.segment >= 4 ? "long-segment" : "long";
  }
  if (decoded.addressSize === 16) return "checked16";
  const flat =
    decoded.segment === DS || decoded.segment === ES || decoded.segment === SS
      ? (mode & MODE_FLAT) !== 0
      : false;
  return flat ? "flat" : "checked32";
}

/** Whether a memory operand's linear address is the sum that its bytes name, cut to the address size. */
export function isPlainAddress({ address, addressSize, row }: Form): boolean {
  if (addressSize === 32) return address === "flat";
  return address === "long" && !row.operands.some(({ place }) => place === "moffs");
}

function stackKind(mode: number, codeSize: number): StackKind {
  if (codeSize === 64) return "long";
  if (!(mode & MODE_STACK_32)) return "checked16";
  return mode & MODE_FLAT ? "flat" : "checked32";
}
