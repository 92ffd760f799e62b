/**
 * What the instruction emitters call: x87 and SSE arithmetic, exact to the bit in results and flags.
 *
 * x87. A waiting instruction first asks `fwait`: 1 means that #MF (or IRQ 13, by CR0.NE) is due and nothing else is
 * done. Functions return 1 when they leave an unmasked exception pending for the next one. Numbers of operations are
 * those of the reg field of D8 (ADD 0, MUL 1, SUB 4, SUBR 5, DIV 6, DIVR 7), from the destination's view: DC E8+i,
 * "FSUB ST(i), ST(0)", is SUB with destination i. FPU_IP, FPU_DP, FPU_OPCODE, FPU_CS and FPU_DS are the emitters' to
 * set.
 *
 * A store to memory has three steps, so that a page fault leaves the FPU as it was: `fst_…` gives the bits; they are
 * written if `fst_writes` says so; `fst_commit` raises the flags and pops.
 *
 * SSE. Vector functions take addresses of destination and source and return 0, or the unmasked exceptions: #XM (#UD
 * without CR4.OSXMMEXCPT) is then due, and the destination unchanged. Functions whose result is a value leave the
 * exceptions in SSE_EXCEPTION.
 */
export {
  fpu_arith_f32, fpu_arith_int, fsqrt, fchs, fabs, fxch, fcmov, ffree, fincstp, fdecstp,
} from "./x87/arithmetic";
export * from "./x87/operations";
export {
  fld_f32, fld_f64, fld_f80, fld_st, fild, fbld, fldconst, fst_f32, fst_f64, fst_f80, fist, fisttp, fbstp, fst_writes,
  fst_commit, fst_st,
} from "./x87/load-store";
export { fcom, fcom_f32, fcom_f64, fcom_int, ftst, fcomi, fxam } from "./x87/compare";
export { fast_order } from "./x87/usual";
export { f2xm1, fyl2x, fyl2xp1 } from "./x87/logarithms";
export { fsin, fcos, fsincos, fptan, fpatan } from "./x87/trigonometry";
export { fprem, fscale, fxtract, frndint } from "./x87/partial";
export {
  fninit, fnclex, fldcw, fwait, mmx_enter, mmx_written, emms, fpu_env_size, fnstenv, fldenv, fnsave,
  frstor, fxsave, fxrstor,
} from "./x87/control";
export * from "./sse/arithmetic";
export { sse_cmp_ps, sse_cmp_pd, sse_cmp_ss, sse_cmp_sd, sse_comi_ss, sse_comi_sd } from "./sse/compare";
export * from "./sse/convert";
export { sse_fma_pd, sse_fma_ps, sse_fma_sd, sse_fma_ss } from "./sse/fused";
export { sse_cvtph2ps, sse_cvtps2ph } from "./sse/half";
export * from "./sse/horizontal";
export * from "./sse/integral";
export { sse_strange_sd, sse_strange_ss } from "./sse/plain";
export * from "./sse/products";
export { sse_rcp, sse_rsqrt } from "./sse/approximate";
export { sse_settle_parts } from "./sse/status";
