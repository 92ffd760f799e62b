/** Loads and stores of every format. [SDM] vol. 1, chapter 8.3.3 */
import { CPU } from "../../cpu";
import { FPU_STORE_HIGH } from "../../../layout";
import {
  C1, DE, DROP_F32, DROP_F64, IE, INTEGER_BIT, MAX_F32, MAX_F64, MIN_F32, MIN_F64, OE, PE, SF, TRUNCATE, UE, UP, NEAREST,
  masks, mode, raise, raised, round, roundToInteger, roundedExponent, setMode, setRaised,
} from "../rounding";
import {
  DENORMAL, INDEFINITE_F32, INDEFINITE_F64, INDEFINITE_HIGH, INDEFINITE_SIGNIFICAND, INFINITE, QNAN, SNAN,
  UNSUPPORTED, ZERO, operandExponent, operandSign, operandSignificand, packF32, packF64, takeF32, takeF64, takeF80,
  takeInteger, QUIET_BIT,
} from "../operands";
import { give, outHigh, outSignificand, propagateOne } from "./arithmetic";
import {
  begin, finish, highOf, isEmpty, overflows, pop, push, setIndefinite, setRegister, significandOf,
} from "./stack";

/**
 * Pushes the f32 or f64 operand taken apart. A denormal is pushed also when DE is not masked, as AMD processors do;
 * [SDM] has the stack unchanged then.
 */
function pushNarrow(kind: i32): i32 {
  let given: bool;
  if (kind >= QNAN) given = propagateOne(kind);
  else if (kind == ZERO) given = give(0, operandSign << 15);
  else if (kind == INFINITE) given = give(INTEGER_BIT, (operandSign << 15) | 0x7fff);
  else {
    if (kind == DENORMAL) raise(DE);
    given = give(operandSignificand, (operandSign << 15) | operandExponent);
  }
  if (given) push(outSignificand, outHigh);
  return finish();
}

/** FLD m32fp. Returns 1 when an unmasked exception is pending, as all below. */
export function fld_f32(bits: u32): i32 {
  begin();
  return overflows() ? finish() : pushNarrow(takeF32(bits));
}

/** FLD m64fp. */
export function fld_f64(bits: u64): i32 {
  begin();
  return overflows() ? finish() : pushNarrow(takeF64(bits));
}

/** FLD m80fp: `significand`, then the sign and exponent word. No value is invalid. */
export function fld_f80(significand: u64, high: i32): i32 {
  begin();
  if (!overflows()) push(significand, high);
  return finish();
}

/** FLD ST(index). */
export function fld_st(index: i32): i32 {
  begin();
  const significand = significandOf(index);
  const high = highOf(index);
  if (isEmpty(index)) {
    raise(IE | SF);
    if (masks & IE) push(INDEFINITE_SIGNIFICAND, INDEFINITE_HIGH);
  } else if (!overflows()) push(significand, high);
  return finish();
}

/** FILD of any width, sign-extended. */
export function fild(value: i64): i32 {
  begin();
  if (!overflows()) {
    takeInteger(value);
    push(operandSignificand, (operandSign << 15) | operandExponent);
  }
  return finish();
}

/** FBLD: 18 packed decimal digits, `high` has the last two and the sign in bit 15. */
export function fbld(low: u64, high: i32): i32 {
  begin();
  if (!overflows()) {
    let value: u64 = u64((high >> 4) & 15) * 10 + u64(high & 15);
    for (let shift: u64 = 64; shift > 0; ) {
      shift -= 4;
      value = value * 10 + ((low >> shift) & 15);
    }
    takeInteger(value);
    push(operandSignificand, (high & 0x8000) | operandExponent);
  }
  return finish();
}

/** Constants of FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ: numbered as in D9 E8 to D9 EE. */
export function fldconst(number: i32): i32 {
  begin();
  if (overflows()) return finish();
  const nearest = mode == NEAREST || mode == UP;
  switch (number) {
    case 0: push(INTEGER_BIT, 0x3fff); break;
    case 1: push(0xd49a784bcd1b8afe + u64(mode == UP), 0x4000); break;
    case 2: push(0xb8aa3b295c17f0bb + u64(nearest), 0x3fff); break;
    case 3: push(0xc90fdaa22168c234 + u64(nearest), 0x4000); break;
    case 4: push(0x9a209a84fbcff798 + u64(nearest), 0x3ffd); break;
    case 5: push(0xb17217f7d1cf79ab + u64(nearest), 0x3ffe); break;
    default: push(0, 0);
  }
  return finish();
}

/** Whether the store under way writes its operand and pops. */
let stores: bool = true;

/** Begins a store. Returns the class of ST(0), or -1 when it is empty. */
function beginStore(): i32 {
  begin();
  stores = true;
  if (!isEmpty(0)) return takeF80(significandOf(0), highOf(0));
  raise(IE | SF);
  return -1;
}

/** A store of an unmasked IE, OE or UE does not take place; the latter two are then all that is raised. */
function settle(): void {
  if (raised & ~masks & (OE | UE)) setRaised(raised & ~(PE | C1));
  stores = (raised & ~masks & (IE | OE | UE)) == 0;
}

/**
 * FST m32fp: the bits to write. As all stores: flags and stack change only with `fst_commit`, so that the write may
 * fault in between; nothing is to be written when `fst_writes` says 0.
 */
export function fst_f32(): u32 {
  let bits: u32;
  const kind = beginStore();
  if (kind < 0) bits = INDEFINITE_F32;
  else if (kind == UNSUPPORTED) {
    raise(IE);
    bits = INDEFINITE_F32;
  } else if (kind >= QNAN) {
    if (kind == SNAN) raise(IE);
    bits = packF32(operandSign, MAX_F32 + 1, operandSignificand | QUIET_BIT);
  } else if (kind == ZERO) bits = operandSign << 31;
  else if (kind == INFINITE) bits = packF32(operandSign, MAX_F32 + 1, INTEGER_BIT);
  else {
    const sign = operandSign;
    const significand = round(sign, operandExponent, operandSignificand, 0, DROP_F32, MIN_F32, MAX_F32);
    bits = packF32(sign, roundedExponent, significand);
  }
  settle();
  return bits;
}

/** FST m64fp. */
export function fst_f64(): u64 {
  let bits: u64;
  const kind = beginStore();
  if (kind < 0) bits = INDEFINITE_F64;
  else if (kind == UNSUPPORTED) {
    raise(IE);
    bits = INDEFINITE_F64;
  } else if (kind >= QNAN) {
    if (kind == SNAN) raise(IE);
    bits = packF64(operandSign, MAX_F64 + 1, operandSignificand | QUIET_BIT);
  } else if (kind == ZERO) bits = u64(operandSign) << 63;
  else if (kind == INFINITE) bits = packF64(operandSign, MAX_F64 + 1, INTEGER_BIT);
  else {
    const sign = operandSign;
    const significand = round(sign, operandExponent, operandSignificand, 0, DROP_F64, MIN_F64, MAX_F64);
    bits = packF64(sign, roundedExponent, significand);
  }
  settle();
  return bits;
}

/** FSTP m80fp: the significand; the sign and exponent word goes to FPU_STORE_HIGH. */
export function fst_f80(): u64 {
  const kind = beginStore();
  settle();
  store<u16>(CPU + FPU_STORE_HIGH, kind < 0 ? INDEFINITE_HIGH : highOf(0));
  return kind < 0 ? INDEFINITE_SIGNIFICAND : significandOf(0);
}

/** The integer of `bits` bits nearest to ST(0), in the rounding mode set. */
function storeInteger(bits: i32): i64 {
  const kind = beginStore();
  return kind < 0 ? integerIndefinite(bits) : integerOf(kind, bits);
}

function integerIndefinite(bits: i32): i64 {
  raise(IE);
  return 0 - ((1 as i64) << (bits - 1));
}

function integerOf(kind: i32, bits: i32): i64 {
  if (kind == ZERO) return 0;
  if (kind >= INFINITE) return integerIndefinite(bits);
  return roundToInteger(operandSign, operandExponent, operandSignificand, bits);
}

/** FIST and FISTP of 16, 32 or 64 bits. */
export function fist(bits: i32): i64 {
  const value = storeInteger(bits);
  settle();
  return value;
}

/** FISTTP: truncates whatever the rounding control. */
export function fisttp(bits: i32): i64 {
  const kind = beginStore();
  setMode(TRUNCATE);
  const value = kind < 0 ? integerIndefinite(bits) : integerOf(kind, bits);
  settle();
  return value;
}

/** FBSTP: the low 16 digits; the last two and the sign go to FPU_STORE_HIGH. */
export function fbstp(): u64 {
  const value = storeInteger(64);
  let magnitude: u64 = value < 0 ? 0 - <u64>value : <u64>value;
  if (magnitude > 999999999999999999) setRaised((raised & ~(PE | C1)) | IE);
  settle();
  if (raised & IE) {
    store<u16>(CPU + FPU_STORE_HIGH, 0xffff);
    return 0xc000000000000000;
  }
  let digits: u64 = 0;
  for (let shift: u64 = 0; shift < 64; shift += 4) {
    digits |= magnitude % 10 << shift;
    magnitude /= 10;
  }
  const high = i32(magnitude % 10) | (i32(magnitude / 10) << 4);
  store<u16>(CPU + FPU_STORE_HIGH, high | (highOf(0) & 0x8000));
  return digits;
}

/** Whether the value of the store under way is to be written. */
export function fst_writes(): i32 {
  return i32(stores);
}

/** Completes a store: raises its flags and, if it took place, pops. Returns 1 when an unmasked exception is pending. */
export function fst_commit(pops: i32): i32 {
  if (stores) pop(pops);
  return finish();
}

/** FST ST(index), FSTP ST(index). */
export function fst_st(index: i32, pops: i32): i32 {
  begin();
  if (!isEmpty(0)) {
    setRegister(index, significandOf(0), highOf(0));
    pop(pops);
  } else {
    raise(IE | SF);
    if (masks & IE) {
      setIndefinite(index);
      pop(pops);
    }
  }
  return finish();
}
