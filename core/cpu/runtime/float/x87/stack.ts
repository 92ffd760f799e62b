/** The register stack, the control and the status word of the x87. [SDM] vol. 1, chapter 8.1 */
import { CPU } from "../../cpu";
import {
  FPU_CONTROL, FPU_REGISTERS, FPU_STATUS, FPU_TAGS,
} from "../../../layout";
import {
  BUSY, C1, DROP_F32, DROP_F64, DROP_F80, ES, EXCEPTIONS, IE, MAX_F80, MIN_F80, SF,
  beginRounding, masks, raise, raised, round, roundedExponent,
} from "../rounding";
import { INDEFINITE_HIGH, INDEFINITE_SIGNIFICAND, highWord } from "../operands";

// @ts-ignore: decorator of AssemblyScript
@inline
export function control(): i32 {
  return load<u16>(CPU + FPU_CONTROL);
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function status(): i32 {
  return load<u16>(CPU + FPU_STATUS);
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function tags(): i32 {
  return load<u8>(CPU + FPU_TAGS);
}

// @ts-ignore: decorator of AssemblyScript
@inline
export function top(): i32 {
  return (status() >> 11) & 7;
}

export function setTop(value: i32): void {
  store<u16>(CPU + FPU_STATUS, (status() & ~0x3800) | ((value & 7) << 11));
}

// @ts-ignore: decorator of AssemblyScript
@inline
function physical(index: i32): i32 {
  return (top() + index) & 7;
}

/** Address of ST(index). */
// @ts-ignore: decorator of AssemblyScript
@inline
export function registerAddress(index: i32): usize {
  return CPU + FPU_REGISTERS + (physical(index) << 4);
}

export function significandOf(index: i32): u64 {
  return load<u64>(registerAddress(index));
}

export function highOf(index: i32): i32 {
  return load<u16>(registerAddress(index), 8);
}

export function isEmpty(index: i32): bool {
  return ((tags() >> physical(index)) & 1) != 0;
}

/** Marks ST(index) empty. */
export function free(index: i32): void {
  store<u8>(CPU + FPU_TAGS, tags() | (1 << physical(index)));
}

/** Sets ST(index), which is then not empty. */
export function setRegister(index: i32, significand: u64, high: i32): void {
  const address = registerAddress(index);
  store<u64>(address, significand);
  store<u16>(address, high, 8);
  store<u8>(CPU + FPU_TAGS, tags() & ~(1 << physical(index)));
}

export function setIndefinite(index: i32): void {
  setRegister(index, INDEFINITE_SIGNIFICAND, INDEFINITE_HIGH);
}

export function push(significand: u64, high: i32): void {
  setTop(top() - 1);
  setRegister(0, significand, high);
}

export function pop(count: i32): void {
  for (; count > 0; count--) {
    free(0);
    setTop(top() + 1);
  }
}

/** Takes rounding control and masks for an instruction. */
export function begin(): void {
  const word = control();
  beginRounding((word >> 10) & 3, word & EXCEPTIONS, false);
}

/**
 * Ends an instruction: C1 and what was raised go to the status word.
 * Returns 1 when an unmasked exception is pending, else 0.
 */
export function finish(): i32 {
  return finishWith(0, 0);
}

/** The same, setting the condition codes of `mask` to `codes`. */
export function finishWith(mask: i32, codes: i32): i32 {
  store<u16>(CPU + FPU_STATUS, (status() & ~(C1 | mask)) | codes | raised);
  return summarise();
}

/** Derives ES and B from flags and masks. Returns ES as 0 or 1. */
export function summarise(): i32 {
  const word = status();
  const pending = (word & ~control() & EXCEPTIONS) != 0;
  store<u16>(CPU + FPU_STATUS, pending ? word | ES | BUSY : word & ~(ES | BUSY));
  return i32(pending);
}

/** Raises a stack underflow. Returns whether it is masked. */
export function underflowed(): bool {
  raise(IE | SF);
  return (masks & IE) != 0;
}

/** Raises a stack overflow when ST(7) is in use. Returns whether the push must stop there: it is then complete. */
export function overflows(): bool {
  if (isEmpty(7)) return false;
  raise(IE | SF | C1);
  if (masks & IE) push(INDEFINITE_SIGNIFICAND, INDEFINITE_HIGH);
  return true;
}

/** Sign and exponent word of the last `roundF80`. */
export let roundedHigh: i32 = 0;

/** Rounds to 64 bits, whatever the precision control says. */
export function roundF80(sign: i32, exponent: i32, high: u64, low: u64): u64 {
  return roundTo(DROP_F80, sign, exponent, high, low);
}

/** Rounds to the precision that the control word asks for. */
export function roundControlled(sign: i32, exponent: i32, high: u64, low: u64): u64 {
  const precision = (control() >> 8) & 3;
  const drop = precision == 0 ? DROP_F32 : precision == 2 ? DROP_F64 : DROP_F80;
  return roundTo(drop, sign, exponent, high, low);
}

function roundTo(drop: i32, sign: i32, exponent: i32, high: u64, low: u64): u64 {
  const significand = round(sign, exponent, high, low, drop, MIN_F80, MAX_F80);
  roundedHigh = highWord(sign, roundedExponent, significand);
  return significand;
}
