/** F16C: conversions between singles and halves. [SDM] vol. 1, 14.4; vol. 2, VCVTPH2PS and VCVTPS2PH */
import {
  DENORMAL, INFINITE, QNAN, QUIET_BIT, SNAN, ZERO, operandExponent, operandSign, operandSignificand, packF16, packF32,
  takeF16, takeF32,
} from "../operands";
import {
  DE, DROP_F16, IE, INTEGER_BIT, MAX_F16, MAX_F32, MIN_F16, keepTiny, raise, round, roundedExponent, setMode,
} from "../rounding";
import { zeroed } from "./lanes";
import { beginSse, endLane, finishVector, setResult32, setResult64 } from "./status";

/** Fields of the immediate: rounding control, whether MXCSR's is taken instead. */
const CONTROL: i32 = 3;
const BY_MXCSR: i32 = 4;

/** Always exact: denormal halves are normal singles, no exception and never taken for zeros. */
function widened(bits: u32): u32 {
  const kind = takeF16(bits);
  if (kind == ZERO) return operandSign << 31;
  if (kind == SNAN) raise(IE);
  if (kind >= QNAN) return packF32(operandSign, MAX_F32 + 1, operandSignificand | QUIET_BIT);
  if (kind == INFINITE) return packF32(operandSign, MAX_F32 + 1, INTEGER_BIT);
  return packF32(operandSign, operandExponent, operandSignificand);
}

function narrowed(bits: u32): u32 {
  const kind = zeroed(takeF32(bits));
  const sign = operandSign;
  if (kind == ZERO) return sign << 15;
  if (kind == SNAN) raise(IE);
  if (kind == DENORMAL) raise(DE);
  if (kind >= QNAN) return packF16(sign, MAX_F16 + 1, operandSignificand | QUIET_BIT);
  if (kind == INFINITE) return packF16(sign, MAX_F16 + 1, INTEGER_BIT);
  const significand = round(sign, operandExponent, operandSignificand, 0, DROP_F16, MIN_F16, MAX_F16);
  return packF16(sign, roundedExponent, significand);
}

/** Four halves to four singles. Returns 0, or the unmasked exceptions: the destination is then unchanged. */
export function sse_cvtph2ps(destination: u32, source: u32): i32 {
  beginSse();
  for (let lane = 0; lane < 4; lane++) {
    setResult32(lane, widened(load<u16>(source + (lane << 1))));
    endLane();
  }
  return finishVector(destination, 16);
}

/** Four singles to four halves, 8 bytes. `control` is the immediate. FTZ has no say. */
export function sse_cvtps2ph(destination: u32, source: u32, control: i32): i32 {
  beginSse();
  keepTiny();
  if (!(control & BY_MXCSR)) setMode(control & CONTROL);
  let halves: u64 = 0;
  for (let lane = 0; lane < 4; lane++) {
    halves |= u64(narrowed(load<u32>(source + (lane << 2)))) << (lane << 4);
    endLane();
  }
  setResult64(0, halves);
  return finishVector(destination, 8);
}
