// System instructions. What they do is in core/cpu/runtime; here their operands are fetched and results stored.

import {
  CPL,
  CR0,
  CR4,
  GDTR_BASE,
  IDTR_BASE,
  KERNEL_GS_BASE,
  SEGMENT_BASE,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
} from "../layout.ts";
import { constant32, constant64, type Expression, extendU, i32, i64 } from "../wasm/expression.ts";
import {
  BR,
  type Context,
  fromI64,
  GP,
  OF,
  opsFor,
  RAX,
  RCX,
  signExtend,
  toI64,
  UD,
  zeroExtend,
} from "./context.ts";

const CS = 1;
const GS = 5;
const LDTR = 6;
const TR = 7;

const bytesOf = (c: Context): number => c.size / 8;

/** An address or offset as i64. */
const wide = (value: Expression): Expression => (value.type === "i64" ? value : extendU(value));

const selectorOf = (c: Context, number: number): Expression =>
  c.state(SEGMENTS + number * SEGMENT_SIZE + SEGMENT_SELECTOR, 16);

/** A 16-bit value, as an operand of `bits`. */
const widen = (bits: number, value: Expression): Expression => (bits === 64 ? extendU(value) : value);

/** What SGDT, SIDT, SLDT, SMSW and STR tell is for level 0 alone under CR4.UMIP. */
const CR4_UMIP = 1 << 11;
const checkUserMode = (c: Context): void =>
  c.faultIf(
    i32.and(
      i32.ne(c.state(CPL, 32), constant32(0)),
      i32.ne(i32.and(c.state(CR4, 32), constant32(CR4_UMIP)), constant32(0)),
    ),
    GP,
    constant32(0),
  );

const requirePrivilege = (c: Context): void => c.faultIf(c.state(CPL, 32), GP, constant32(0));

// --- Segment registers ---------------------------------------------------------------------------------------

export const pushSegment =
  (number: number) =>
  (c: Context): void =>
    c.push(c.size, widen(c.size, selectorOf(c, number)));

export const popSegment =
  (number: number) =>
  (c: Context): void => {
    const { value, commit } = c.pop(c.size);
    const selector = i32.and(fromI64(32, toI64(c.size, value)), constant32(0xffff));
    const changed = c.callThrowing("moveToSegment", constant32(number), selector);
    commit();
    c.body.if(changed, () => c.leaveAfter());
  };

/** MOV from a segment register; a register is written whole. */
export const movFromSegment = (c: Context): void => {
  const number = c.registerNumber(1);
  c.faultIf(i32.gtU(number, constant32(GS)), UD);
  const place = i32.add(
    c.stateAddress(SEGMENTS + SEGMENT_SELECTOR),
    i32.mul(number, constant32(SEGMENT_SIZE)),
  );
  c.write(0, widen(c.width(0), i32.load16U(place)));
};

export const movToSegment = (c: Context): void => {
  const number = c.registerNumber(0);
  c.faultIf(i32.or(i32.eq(number, constant32(CS)), i32.gtU(number, constant32(GS))), UD);
  const changed = c.callThrowing("moveToSegment", number, c.read(1));
  c.body.if(changed, () => c.leaveAfter());
};

/** Offset (i64) and selector of a far pointer in memory. */
function readFarPointer(c: Context): { offset: Expression; selector: Expression } {
  const bytes = bytesOf(c);
  const linear = c.linear(bytes + 2, false);
  const offset = toI64(c.size, c.load(c.size, linear));
  const add = linear.type === "i64" ? i64 : i32;
  return { offset, selector: c.load(16, add.add(linear, add.constant(bytes))) };
}

/** LDS, LES, LFS, LGS, LSS. */
export const loadFarPointer =
  (number: number) =>
  (c: Context): void => {
    const { offset, selector } = readFarPointer(c);
    const changed = c.callThrowing("loadSegment", constant32(number), selector);
    c.write(0, fromI64(c.size, offset));
    c.body.if(changed, () => c.leaveAfter());
  };

// --- Far transfers -------------------------------------------------------------------------------------------

function farCall(c: Context, selector: Expression, offset: Expression): void {
  c.runAndLeave("farCall", selector, offset, constant32(bytesOf(c)), c.nextIp());
}

function farJump(c: Context, selector: Expression, offset: Expression): void {
  c.runAndLeave("farJump", selector, offset, c.nextIp());
}

export const farCallDirect = (c: Context): void => farCall(c, c.immediate2, c.immediate);
export const farJumpDirect = (c: Context): void => farJump(c, c.immediate2, c.immediate);

export const farCallIndirect = (c: Context): void => {
  const { offset, selector } = readFarPointer(c);
  farCall(c, selector, offset);
};

export const farJumpIndirect = (c: Context): void => {
  const { offset, selector } = readFarPointer(c);
  farJump(c, selector, offset);
};

export const farReturn = (c: Context): void => {
  c.runAndLeave("farReturn", constant32(bytesOf(c)), constant32(0));
};

export const farReturnAndRelease = (c: Context): void => {
  c.runAndLeave("farReturn", constant32(bytesOf(c)), c.read(0));
};

// --- Interrupts ----------------------------------------------------------------------------------------------

export const int = (c: Context): void => {
  c.runAndLeave("softwareInterrupt", c.read(0), c.nextIp());
};

export const int3 = (c: Context): void => {
  c.runAndLeave("softwareException", constant32(3), c.nextIp());
};

export const into = (c: Context): void =>
  c.body.if(c.flags.of(), () => {
    c.runAndLeave("softwareException", constant32(OF), c.nextIp());
  });

export const int1 = (c: Context): void => {
  c.runAndLeave("hardwareBreakpoint", c.nextIp());
};

export const iret = (c: Context): void => {
  c.runAndLeave("interruptReturn", constant32(bytesOf(c)), c.nextIp());
};

/** #BR unless the signed index lies between the two bounds in memory. */
export const bound = (c: Context): void => {
  const bytes = bytesOf(c);
  const o = opsFor(c.size);
  const linear = c.linear(2 * bytes, false);
  const index = signExtend(c.size, c.read(0));
  const lower = signExtend(c.size, c.load(c.size, linear));
  const upper = signExtend(c.size, c.load(c.size, i32.add(linear, constant32(bytes))));
  c.faultIf(i32.or(o.ltS(index, lower), o.gtS(index, upper)), BR);
};

// --- Flags ---------------------------------------------------------------------------------------------------

/** CLI and STI: the runtime tells whether they may. */
const changeInterrupts =
  (name: string) =>
  (c: Context): void =>
    c.faultIf(i32.eqz(c.call(name)), GP, constant32(0));

export const cli = changeInterrupts("clearInterruptFlag");
export const sti = changeInterrupts("setInterruptFlag");

export const pushf = (c: Context): void => {
  const image = c.callThrowing("flagsToPush", constant32(bytesOf(c)));
  c.push(c.size, widen(c.size, image));
};

export const popf = (c: Context): void => {
  const { value, commit } = c.pop(c.size);
  c.runThrowing("popFlags", fromI64(32, toI64(c.size, value)), constant32(bytesOf(c)));
  commit();
};

// --- Descriptor tables ---------------------------------------------------------------------------------------

/** SLDT and STR. */
const storeSelector =
  (number: number) =>
  (c: Context): void => {
    c.runThrowing("requireProtected");
    checkUserMode(c);
    c.write(0, widen(c.width(0), selectorOf(c, number)));
  };

export const sldt = storeSelector(LDTR);
export const str = storeSelector(TR);
export const lldt = (c: Context): void => c.runThrowing("loadLdt", c.read(0));
export const ltr = (c: Context): void => c.runThrowing("loadTask", c.read(0));
export const verr = (c: Context): void => c.runThrowing("verifySegment", c.read(0), constant32(0));
export const verw = (c: Context): void => c.runThrowing("verifySegment", c.read(0), constant32(1));

/** LAR and LSL: the register is written only if the runtime has an answer. */
const lookUp =
  (name: string) =>
  (c: Context): void => {
    const answer = c.callThrowing(name, c.read(1));
    c.body.if(i64.geS(answer, constant64(0)), () => c.write(0, fromI64(c.width(0), answer)));
  };

export const lar = lookUp("accessRights");
export const lsl = lookUp("segmentLimit");

export const arpl = (c: Context): void => {
  c.runThrowing("requireProtected");
  const selector = c.read(0);
  const level = i32.and(c.read(1), constant32(3));
  const lower = c.body.let(i32.ltU(i32.and(selector, constant32(3)), level));
  c.body.if(lower, () => c.write(0, i32.or(i32.and(selector, constant32(0xfffc)), level)));
  c.run("setZero", lower);
};

/** LGDT and LIDT: a limit of 16 bits, a base of 24, 32 or 64; one that is not canonical is #GP(0). */
const loadTable =
  (base: number) =>
  (c: Context): void => {
    requirePrivilege(c);
    const long = c.codeSize === 64;
    const linear = c.linear(long ? 10 : 6, false);
    const add = linear.type === "i64" ? i64 : i32;
    const limit = c.load(16, linear);
    const address = c.load(long ? 64 : 32, add.add(linear, add.constant(2)));
    const cut = !long && c.size === 16 ? i32.and(address, constant32(0xffffff)) : address;
    if (long) c.runThrowing("requireCanonical", cut);
    c.setState(base, 64, wide(cut));
    c.setState(base + 8, 32, limit);
  };

/** SGDT and SIDT. The base is stored whole whatever the operand size, as all 32-bit processors do. */
const storeTable =
  (base: number) =>
  (c: Context): void => {
    checkUserMode(c);
    const bits = c.codeSize === 64 ? 64 : 32;
    const bytes = 2 + bits / 8;
    const limit = c.state(base + 8, 16);
    const address = c.state(base, bits);
    c.storeAt(bytes, c.linear(bytes, true), (place) => {
      c.body.store(16, place, limit);
      c.body.store(bits, place, address, 2);
    });
  };

export const lgdt = loadTable(GDTR_BASE);
export const lidt = loadTable(IDTR_BASE);
export const sgdt = storeTable(GDTR_BASE);
export const sidt = storeTable(IDTR_BASE);

// --- Control, debug and model-specific registers -----------------------------------------------------------------

const readSpecial =
  (name: string) =>
  (c: Context): void =>
    c.write(0, fromI64(c.width(0), c.callThrowing(name, c.registerNumber(1))));

const writeSpecial =
  (name: string) =>
  (c: Context): void =>
    c.runThrowing(name, c.registerNumber(0), toI64(c.width(1), c.read(1)));

export const movFromControl = readSpecial("readControl");
export const movToControl = writeSpecial("writeControl");
export const movFromDebug = readSpecial("readDebug");
export const movToDebug = writeSpecial("writeDebug");

export const smsw = (c: Context): void => {
  checkUserMode(c);
  const width = c.width(0);
  c.write(0, width === 16 ? c.state(CR0, 16) : c.state(CR0, width));
};

export const lmsw = (c: Context): void => c.runThrowing("loadMachineStatus", c.read(0));
export const invlpg = (c: Context): void => c.runThrowing("invalidatePage", c.segment(), wide(c.offset()));

export const invpcid = (c: Context): void => {
  requirePrivilege(c);
  const linear = c.linear(16, false);
  const add = linear.type === "i64" ? i64 : i32;
  const low = c.load(64, linear);
  const high = c.load(64, add.add(linear, add.constant(8)));
  c.runThrowing("invalidatePcid", toI64(c.width(0), c.read(0)), low, high);
};

/** CLAC and STAC. */
export const setAlignment =
  (value: 0 | 1) =>
  (c: Context): void => {
    c.faultIf(c.state(CPL, 32), UD);
    c.run("setAlignmentFlag", constant32(value));
  };

export const swapGs = (c: Context): void => {
  requirePrivilege(c);
  const place = SEGMENTS + GS * SEGMENT_SIZE + SEGMENT_BASE;
  const base = c.state(place, 64);
  c.setState(place, 64, c.state(KERNEL_GS_BASE, 64));
  c.setState(KERNEL_GS_BASE, 64, base);
};

/** An instruction that is one function of the runtime without operands. */
export const simple =
  (name: string) =>
  (c: Context): void =>
    c.runThrowing(name);

const requireMonitor = (c: Context): void =>
  c.runThrowing("requireMonitor", c.codeSize === 64 ? c.gpr(RCX, 64) : extendU(c.gpr(RCX, 32)));

/** MONITOR: the line is looked at as by a load of one byte. */
export const monitor = (c: Context): void => {
  requireMonitor(c);
  const offset = c.gpr(RAX, c.addressSize);
  c.loadAddress(1, c.dataLinear(c.body.let(zeroExtend(c.addressSize, offset)), 1, false));
};

/** MWAIT: a processor may leave off waiting at any time, and this one does at once. */
export const mwait = requireMonitor;

/** INVD and WBINVD: caches are not modelled. */
export const flushCaches = requirePrivilege;

/** LFENCE, MFENCE and SFENCE, for memory is always in order; CLFLUSH, for caches are not modelled. */
export const fence = (): void => {};

/** SYSENTER: the function sets RIP itself. */
export const leaving =
  (name: string) =>
  (c: Context): void => {
    c.runAndLeave(name);
  };

/** SYSEXIT and SYSRET: the operand size tells to which code. */
export const leavingBySize =
  (name: string) =>
  (c: Context): void => {
    c.runAndLeave(name, constant32(bytesOf(c)));
  };

export const syscall = (c: Context): void => {
  c.runAndLeave("syscall", c.nextIp());
};

// --- Ports -----------------------------------------------------------------------------------------------------

export const portIn = (c: Context): void =>
  c.write(0, c.callThrowing("portIn", c.read(1), constant32(c.width(0) / 8)));

export const portOut = (c: Context): void =>
  c.runThrowing("portOut", c.read(0), c.read(1), constant32(c.width(1) / 8));
