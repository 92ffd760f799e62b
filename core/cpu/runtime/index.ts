export { depositBits, extractBits } from "./bit-fields";
export { driveFerr } from "./coprocessor";
export * from "./exceptions";
export { carryOf, getFlags, setFlags, settleFlags, storeFlags } from "./flags";
export { maskMove } from "./mask-move";
export { gather, maskLoad, maskStore } from "./vector-memory";
export * from "./memory";
export { flushPage, flushTlb, protectCodePage, protectVideo } from "./tlb";
export * from "./packed/aes";
export { crc32, pclmulqdq } from "./packed/polynomials";
export { mpsadbw, phminposuw } from "./packed/sums";
export { compareTexts, compareTextsToZero, textIndex, textMask } from "./packed/texts";
export { peekPhysical, walk } from "./paging";
export {
  commitCounted,
  regionModify,
  regionRead,
  regionStore,
  regionWrite,
  storeNotes,
} from "./regions";
export { segmentRead, segmentWrite } from "./segments";
export * from "./float/index";
export { initialize, reset, updateMode } from "./processor";
export { loadSegment, moveToSegment } from "./segment-loads";
export { farCall, farJump, farReturn } from "./transfers";
export { deliverMet, hardwareBreakpoint, interrupt, softwareException, softwareInterrupt } from "./interrupts";
export { interruptReturn } from "./interrupt-return";
export { clearInterruptFlag, flagsToPush, popFlags, setAlignmentFlag, setInterruptFlag, setZero } from "./eflags";
export { accessRights, loadLdt, loadTask, requireProtected, segmentLimit, verifySegment } from "./descriptor-tables";
export { requireCanonical } from "./frames";
export {
  clearTaskSwitched,
  halt,
  invalidatePage,
  invalidatePcid,
  loadMachineStatus,
  readControl,
  requireMonitor,
  writeControl,
} from "./control-registers";
export { beginStep, endStep, readDebug, singleStepping, writeDebug } from "./debug";
export { rdmsr, rdpmc, rdtsc, rdtscp, writeRegister, wrmsr } from "./msr";
export { randomNumber } from "./random";
export { segmentBase, setSegmentBase } from "./segment-bases";
export { xgetbv, xrstor, xsave, xsetbv } from "./xsave";
export { cpuid } from "./cpuid";
export { syscall, sysenter, sysexit, sysret } from "./fast-calls";
export { portIn, portOut } from "./io";
export { enter, popAll, pushAll } from "./stack";
export {
  compareString,
  inString,
  loadString,
  moveString,
  outString,
  scanString,
  storeString,
} from "./strings";
export { divideSigned, divideUnsigned, multiplyHighSigned, multiplyHighUnsigned } from "./wide-integer";
