/** FNINIT, FNCLEX, FLDCW, FNSTSW, FWAIT, EMMS, and the images of FNSTENV, FNSAVE and FXSAVE. [SDM] vol. 1, 8.1.10 and 10.5 */
import { CPU } from "../../cpu";
import {
  FPU_CONTROL, FPU_CS, FPU_DP, FPU_DS, FPU_IP, FPU_OPCODE, FPU_REGISTER_SIZE, FPU_REGISTERS, FPU_STATUS, FPU_TAGS, MODEL_MXCSR, MXCSR, XMM,
} from "../../../layout";
import { BUSY, ES, EXCEPTIONS, SF } from "../rounding";
import { NORMAL, ZERO, takeF80 } from "../operands";
import { control, highOf, registerAddress, setTop, significandOf, status, summarise } from "./stack";

/** MXCSR_MASK in an image of a processor without DAZ, which knows of no such field. [SDM] vol. 1, 11.6.6 */
const NO_MASK: u32 = 0;
const DAZ: u32 = 0x40;

/** Whether bits of `value` do not exist in MXCSR: loading them means #GP. */
export function isBadMxcsr(value: u32): bool {
  return (value & ~load<u32>(CPU + MODEL_MXCSR)) != 0;
}

/** What an image says of the bits of MXCSR. */
export function mxcsrMask(): u32 {
  const mask = load<u32>(CPU + MODEL_MXCSR);
  return mask & DAZ ? mask : NO_MASK;
}

export function fninit(): void {
  store<u16>(CPU + FPU_CONTROL, 0x37f);
  store<u16>(CPU + FPU_STATUS, 0);
  store<u8>(CPU + FPU_TAGS, 0xff);
  store<u64>(CPU + FPU_IP, 0);
  store<u64>(CPU + FPU_DP, 0);
  store<u16>(CPU + FPU_OPCODE, 0);
  store<u16>(CPU + FPU_CS, 0);
  store<u16>(CPU + FPU_DS, 0);
}

export function fnclex(): void {
  store<u16>(CPU + FPU_STATUS, status() & ~(EXCEPTIONS | SF | ES | BUSY));
}

/** FLDCW. Returns 1 when an exception raised before is now unmasked, and so pending. */
export function fldcw(word: i32): i32 {
  store<u16>(CPU + FPU_CONTROL, (word & 0x1f7f) | 0x40);
  return summarise();
}

/** Whether a waiting instruction must raise #MF (or IRQ 13, by CR0.NE) before it begins. */
export function fwait(): i32 {
  return (status() >> 7) & 1;
}

/** What each MMX instruction but EMMS does first: TOP 0, no register empty. */
export function mmx_enter(): void {
  setTop(0);
  store<u8>(CPU + FPU_TAGS, 0);
}

/** What an MMX instruction does to the register it writes: sign and exponent all ones. */
export function mmx_written(register: i32): void {
  store<u16>(CPU + FPU_REGISTERS + (register << 4), 0xffff, 8);
}

export function emms(): void {
  store<u8>(CPU + FPU_TAGS, 0xff);
}

/** The 16-bit tag word: 0 valid, 1 zero, 2 special, 3 empty, from bit 0 for R0. */
function tagWord(): i32 {
  const empty: i32 = load<u8>(CPU + FPU_TAGS);
  let word = 0;
  for (let register = 0; register < 8; register++) {
    let tag = 3;
    if (((empty >> register) & 1) == 0) {
      const address = CPU + FPU_REGISTERS + (register << 4);
      const kind = takeF80(load<u64>(address), load<u16>(address, 8));
      tag = kind == NORMAL ? 0 : kind == ZERO ? 1 : 2;
    }
    word |= tag << (register * 2);
  }
  return word;
}

/** Of a tag word only "empty" counts when it is loaded. */
function loadTags(word: i32): void {
  let empty = 0;
  for (let register = 0; register < 8; register++) {
    if (((word >> (register * 2)) & 3) == 3) empty |= 1 << register;
  }
  store<u8>(CPU + FPU_TAGS, empty);
}

/** Layouts of the environment: 14 bytes for 16-bit operands, else 28; real and virtual-8086 mode have one of their own. */
const WIDE: i32 = 1;
const REAL: i32 = 2;

/** Bytes of an environment. `format`: bit 0 for 32-bit operands, bit 1 for the real-mode layout. */
export function fpu_env_size(format: i32): i32 {
  return format & WIDE ? 28 : 14;
}

/** FNSTENV: writes the image at an address of the linear memory, then masks all exceptions. */
export function fnstenv(address: u32, format: i32): void {
  writeEnvironment(address, format);
  store<u16>(CPU + FPU_CONTROL, control() | EXCEPTIONS);
  summarise();
}

function writeEnvironment(address: u32, format: i32): void {
  const ip = load<u32>(CPU + FPU_IP);
  const dp = load<u32>(CPU + FPU_DP);
  const opcode: u32 = load<u16>(CPU + FPU_OPCODE) & 0x7ff;
  const cs: u32 = load<u16>(CPU + FPU_CS);
  const ds: u32 = load<u16>(CPU + FPU_DS);
  if (format & WIDE) {
    store<u32>(address, 0xffff0000 | control());
    store<u32>(address, 0xffff0000 | status(), 4);
    store<u32>(address, 0xffff0000 | tagWord(), 8);
    if (format & REAL) {
      store<u32>(address, 0xffff0000 | (ip & 0xffff), 12);
      store<u32>(address, ((ip >> 16) << 12) | opcode, 16);
      store<u32>(address, 0xffff0000 | (dp & 0xffff), 20);
      store<u32>(address, (dp >> 16) << 12, 24);
    } else {
      store<u32>(address, ip, 12);
      store<u32>(address, (opcode << 16) | cs, 16);
      store<u32>(address, dp, 20);
      store<u32>(address, 0xffff0000 | ds, 24);
    }
    return;
  }
  store<u16>(address, control());
  store<u16>(address, status(), 2);
  store<u16>(address, tagWord(), 4);
  store<u16>(address, ip, 6);
  store<u16>(address, dp, 10);
  if (format & REAL) {
    store<u16>(address, ((ip >> 4) & 0xf000) | opcode, 8);
    store<u16>(address, (dp >> 4) & 0xf000, 12);
  } else {
    store<u16>(address, cs, 8);
    store<u16>(address, ds, 12);
  }
}

/** FLDENV. Returns 1 when the state loaded has a pending exception. */
export function fldenv(address: u32, format: i32): i32 {
  const wide = (format & WIDE) != 0;
  const step: u32 = wide ? 4 : 2;
  store<u16>(CPU + FPU_CONTROL, (load<u16>(address) & 0x1f7f) | 0x40);
  store<u16>(CPU + FPU_STATUS, load<u16>(address + step));
  loadTags(load<u16>(address + 2 * step));
  const at = address + 3 * step;
  let ip: u32 = wide ? load<u32>(at) : load<u16>(at);
  const code: u32 = wide ? load<u32>(at + step) : load<u16>(at + step);
  let dp: u32 = wide ? load<u32>(at + 2 * step) : load<u16>(at + 2 * step);
  const data: u32 = wide ? load<u32>(at + 3 * step) : load<u16>(at + 3 * step);
  if (format & REAL) {
    ip = (ip & 0xffff) | ((code & (wide ? 0x0ffff000 : 0xf000)) << 4);
    dp = (dp & 0xffff) | ((data & (wide ? 0x0ffff000 : 0xf000)) << 4);
    store<u16>(CPU + FPU_OPCODE, code & 0x7ff);
    store<u16>(CPU + FPU_CS, 0);
    store<u16>(CPU + FPU_DS, 0);
  } else {
    if (wide) store<u16>(CPU + FPU_OPCODE, (code >> 16) & 0x7ff);
    store<u16>(CPU + FPU_CS, code);
    store<u16>(CPU + FPU_DS, data);
  }
  store<u64>(CPU + FPU_IP, ip);
  store<u64>(CPU + FPU_DP, dp);
  return summarise();
}

/** FNSAVE: the environment, then ST(0) to ST(7), 10 bytes each; then FNINIT. */
export function fnsave(address: u32, format: i32): void {
  writeEnvironment(address, format);
  let at = address + fpu_env_size(format);
  for (let index = 0; index < 8; index++) {
    store<u64>(at, significandOf(index));
    store<u16>(at, highOf(index), 8);
    at += 10;
  }
  fninit();
}

/** FRSTOR. Returns 1 when the state loaded has a pending exception. */
export function frstor(address: u32, format: i32): i32 {
  const pending = fldenv(address, format);
  let at = address + fpu_env_size(format);
  for (let index = 0; index < 8; index++) {
    const register = registerAddress(index);
    store<u64>(register, load<u64>(at));
    store<u16>(register, load<u16>(at, 8), 8);
    at += 10;
  }
  return pending;
}

/**
 * FXSAVE: writes the 512-byte image. `wide` 1: FXSAVE64, with 64-bit pointers; `xmm`: XMM registers that the mode
 * has, 8 or 16. Bytes that the instruction does not write are left alone.
 */
export function fxsave(address: u32, wide: i32, xmm: i32): void {
  saveX87(address, wide);
  store<u32>(address, load<u32>(CPU + MXCSR), 24);
  store<u32>(address, mxcsrMask(), 28);
  memory.copy(address + 160, CPU + XMM, xmm << 4);
}

/**
 * The x87 part of the image.
 *
 * AMD processors leave the three pointers alone unless an exception is pending; here, as on Intel's, they are
 * always written.
 */
export function saveX87(address: u32, wide: i32): void {
  store<u16>(address, control());
  store<u16>(address, status(), 2);
  store<u16>(address, ~load<u8>(CPU + FPU_TAGS) & 0xff, 4);
  store<u16>(address, load<u16>(CPU + FPU_OPCODE) & 0x7ff, 6);
  if (wide) {
    store<u64>(address, load<u64>(CPU + FPU_IP), 8);
    store<u64>(address, load<u64>(CPU + FPU_DP), 16);
  } else {
    store<u32>(address, load<u32>(CPU + FPU_IP), 8);
    store<u32>(address, load<u16>(CPU + FPU_CS), 12);
    store<u32>(address, load<u32>(CPU + FPU_DP), 16);
    store<u32>(address, load<u16>(CPU + FPU_DS), 20);
  }
  for (let index = 0; index < 8; index++) {
    const at = address + 32 + (index << 4);
    store<u64>(at, significandOf(index));
    store<u64>(at, u64(highOf(index)), 8);
  }
}

/** FXRSTOR. Returns 0, or -1 (#GP, nothing loaded) when reserved bits of MXCSR are set. */
export function fxrstor(address: u32, wide: i32, xmm: i32): i32 {
  if (isBadMxcsr(load<u32>(address, 24))) return -1;
  loadX87(address, wide);
  store<u32>(CPU + MXCSR, load<u32>(address, 24));
  memory.copy(CPU + XMM, address + 160, xmm << 4);
  return 0;
}

/** Takes the x87 part of the image. */
export function loadX87(address: u32, wide: i32): void {
  store<u16>(CPU + FPU_CONTROL, (load<u16>(address) & 0x1f7f) | 0x40);
  store<u16>(CPU + FPU_STATUS, load<u16>(address, 2));
  store<u8>(CPU + FPU_TAGS, ~load<u8>(address, 4));
  store<u16>(CPU + FPU_OPCODE, load<u16>(address, 6) & 0x7ff);
  if (wide) {
    store<u64>(CPU + FPU_IP, load<u64>(address, 8));
    store<u64>(CPU + FPU_DP, load<u64>(address, 16));
  } else {
    store<u64>(CPU + FPU_IP, load<u32>(address, 8));
    store<u16>(CPU + FPU_CS, load<u16>(address, 12));
    store<u64>(CPU + FPU_DP, load<u32>(address, 16));
    store<u16>(CPU + FPU_DS, load<u16>(address, 20));
  }
  for (let index = 0; index < 8; index++) {
    const at = address + 32 + (index << 4);
    const register = registerAddress(index);
    store<u64>(register, load<u64>(at));
    store<u16>(register, load<u16>(at, 8), 8);
  }
  summarise();
}

const ALL_REGISTERS: usize = 8 * FPU_REGISTER_SIZE;

/** The x87 state that XRSTOR sets where the image has none: as after FNINIT, and registers of 0. */
export function resetX87(): void {
  fninit();
  memory.fill(CPU + FPU_REGISTERS, 0, ALL_REGISTERS);
}

/** Whether the x87 state is that. */
export function isX87Initial(): bool {
  if (control() != 0x37f || status() || load<u8>(CPU + FPU_TAGS) != 0xff) return false;
  let bits = load<u64>(CPU + FPU_IP) | load<u64>(CPU + FPU_DP) | load<u16>(CPU + FPU_OPCODE);
  bits |= load<u16>(CPU + FPU_CS) | load<u16>(CPU + FPU_DS);
  for (let at: usize = 0; at < ALL_REGISTERS; at += 8) bits |= load<u64>(CPU + FPU_REGISTERS + at);
  return bits == 0;
}
