// Debug registers, breakpoints and single steps. [SDM] vol. 3B, chapter 18 (debug, branch profile, TSC).
//
// While TF is set or a breakpoint is armed the run loop runs every instruction by itself, and pages with data
// breakpoints are never entered in the translation table, so that each access to them is seen here.

import { CR4, DR, EFLAGS, EXCEPTION, RIP, SEGMENT_BASE, SHADOW } from "../layout";
import { CPU } from "./cpu";
import { clearFlags, code64, requirePrivilege, RF, TF } from "./eflags";
import { DB, GP, raise, raisePlain, setException, stopSoon, UD } from "./exceptions";
import { stepsBranches } from "./msr";
import { flushTlb } from "./tlb";
import { CS, segment } from "./processor";

const DR6: usize = DR + 48;
const DR7: usize = DR + 56;

const DR6_BREAKPOINTS: u64 = 15;
const DR6_BD: u64 = 1 << 13;
const DR6_BS: u32 = 1 << 14;
const DR6_WRITABLE: u64 = 0xe00f;
const DR6_ONES: u64 = 0xffff0ff0;
const DR7_ENABLED: u32 = 0xff;
const DR7_GD: u32 = 1 << 13;
const DR7_WRITABLE: u64 = 0xffff23ff;
const DR7_ONES: u64 = 0x400;
const CR4_DE: u32 = 1 << 3;

// R/W fields of DR7.
const ON_EXECUTE = 0;
const ON_WRITE = 1;
const ON_IO = 2;
const ON_ACCESS = 3;

/** SHADOW after MOV SS and POP SS: debug traps are held off too. */
const HOLD_TRAPS = 2;

/** TF when the instruction that is run by itself began; an INT that it executes clears it. */
let traced: bool = false;
/** Data and I/O breakpoints that it has met, as in DR6. */
let met: u32 = 0;
/** The #DB about to be delivered is the fault of general detect. */
let generalDetect: bool = false;

/** Whether any breakpoint is enabled. */
// @ts-ignore: decorator of AssemblyScript
@inline
export function armed(): bool {
  return (load<u32>(CPU + DR7) & DR7_ENABLED) != 0;
}

export function singleStepping(): bool {
  return (load<u32>(CPU + EFLAGS) & TF) != 0 || armed();
}

function isEnabled(n: u32): bool {
  return ((load<u32>(CPU + DR7) >> (2 * n)) & 3) != 0;
}

function kindOf(n: u32): u32 {
  return (load<u32>(CPU + DR7) >> (16 + 4 * n)) & 3;
}

/** Length of a breakpoint in bytes: LEN 0 to 3 is 1, 2, 8, 4. */
function lengthOf(n: u32): u64 {
  const field = (load<u32>(CPU + DR7) >> (18 + 4 * n)) & 3;
  return field == 2 ? 8 : field + 1;
}

function overlaps(n: u32, address: u64, size: u64): bool {
  const length = lengthOf(n);
  const start = load<u64>(CPU + DR + 8 * n) & ~(length - 1);
  return address < start + length && start < address + size;
}

/** Whether a page, which is about to be entered in the translation table, holds a data breakpoint. */
export function watched(page: u64): bool {
  for (let n: u32 = 0; n < 4; n++) {
    if (isEnabled(n) && (kindOf(n) & ON_WRITE) && overlaps(n, page, 0x1000)) return true;
  }
  return false;
}

/** Notes the data breakpoints that an access meets. */
export function noteAccess(linear: u64, size: u32, write: bool): void {
  for (let n: u32 = 0; n < 4; n++) {
    const kind = kindOf(n);
    if (isEnabled(n) && (kind == ON_ACCESS || (kind == ON_WRITE && write)) && overlaps(n, linear, size)) met |= 1 << n;
  }
}

/** The same for IN, OUT, INS and OUTS. */
export function noteIo(port: u32, size: u32): void {
  if (!(load<u32>(CPU + CR4) & CR4_DE)) return;
  for (let n: u32 = 0; n < 4; n++) {
    if (isEnabled(n) && kindOf(n) == ON_IO && overlaps(n, port, size)) met |= 1 << n;
  }
}

/**
 * Before an instruction that is run by itself. `held`: the one before was MOV SS or POP SS. False: it does not run,
 * for it has met an instruction breakpoint.
 */
export function beginStep(held: i32): bool {
  traced = (load<u32>(CPU + EFLAGS) & TF) != 0;
  if (!held) met = 0;
  const resumed = (load<u32>(CPU + EFLAGS) & RF) != 0;
  clearFlags(RF);
  if (held || resumed || !armed()) return true;
  const ip = load<u64>(CPU + RIP);
  const linear = code64() ? ip : (ip + load<u64>(segment(CS) + SEGMENT_BASE)) & 0xffffffff;
  let found: u32 = 0;
  for (let n: u32 = 0; n < 4; n++) {
    if (isEnabled(n) && kindOf(n) == ON_EXECUTE && load<u64>(CPU + DR + 8 * n) == linear) found |= 1 << n;
  }
  if (!found) return true;
  report(found);
  return false;
}

/**
 * After it, if it met no exception: its debug trap, unless it was MOV SS or POP SS. `branched`: it was a branch, and
 * was taken.
 */
export function endStep(branched: i32): void {
  if (load<i32>(CPU + SHADOW) == HOLD_TRAPS) return;
  const bits = met | (traced && (branched || !stepsBranches()) ? DR6_BS : 0);
  met = 0;
  if (bits && load<i32>(CPU + EXCEPTION) < 0) report(bits);
}

function report(bits: u32): void {
  noteInStatus(bits);
  setException(DB, -1);
}

function noteInStatus(bits: u32): void {
  const kept = load<u64>(CPU + DR6) & (bits & <u32>DR6_BREAKPOINTS ? ~DR6_BREAKPOINTS : ~0);
  store<u64>(CPU + DR6, kept | bits);
}

/** INT n has cleared TF: there is no trap after it. */
export function cancelTrap(): void {
  traced = false;
}

/** SYSRET that sets TF is a step itself: the trap is taken before the first instruction that it returns to. */
export function trapAtOnce(): void {
  traced = false;
  report(DR6_BS);
}

/** INT1 raises #DB itself: breakpoints that MOV SS has met before are told with it, not after. */
export function joinTraps(): void {
  if (met) noteInStatus(met);
  met = 0;
  traced = false;
}

/** Whether the #DB being delivered is general detect. */
export function takeGeneralDetect(): bool {
  const taken = generalDetect;
  generalDetect = false;
  return taken;
}

/** Number of the register that MOV DRn means, if it may be used. */
function accessible(number: u32): u32 {
  if (number > 7) raisePlain(UD);
  if (number == 4 || number == 5) {
    if (load<u32>(CPU + CR4) & CR4_DE) raisePlain(UD);
    number += 2;
  }
  requirePrivilege();
  if (load<u32>(CPU + DR7) & DR7_GD) {
    store<u64>(CPU + DR6, load<u64>(CPU + DR6) | DR6_BD);
    generalDetect = true;
    raisePlain(DB);
  }
  return number;
}

export function readDebug(number: u32): u64 {
  return load<u64>(CPU + DR + 8 * accessible(number));
}

export function writeDebug(number: u32, value: u64): void {
  number = accessible(number);
  if (number >= 6 && value >> 32) raise(GP, 0);
  if (number == 6) value = (value & DR6_WRITABLE) | DR6_ONES;
  else if (number == 7) value = (value & DR7_WRITABLE) | DR7_ONES;
  store<u64>(CPU + DR + 8 * number, value);
  flushTlb();
  stopSoon();
}
