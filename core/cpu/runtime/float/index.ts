/** What the instruction emitters call: x87 and SSE arithmetic, exact to the bit in results and flags. */
export {
  fpu_arith, fpu_arith_f32, fpu_arith_f64, fpu_arith_int, fsqrt, fchs, fabs, fxch, fcmov, ffree, fincstp, fdecstp,
} from "./x87/arithmetic";
export {
  fld_f32, fld_f64, fld_f80, fld_st, fild, fbld, fldconst, fst_f32, fst_f64, fst_f80, fist, fisttp, fbstp, fst_writes,
  fst_commit, fst_st,
} from "./x87/load-store";
export { fcom, fcom_f32, fcom_f64, fcom_int, ftst, fcomi, fxam } from "./x87/compare";
export { f2xm1, fyl2x, fyl2xp1 } from "./x87/logarithms";
export { fsin, fcos, fsincos, fptan, fpatan } from "./x87/trigonometry";
export { fprem, fscale, fxtract, frndint } from "./x87/partial";
export {
  fninit, fnclex, fnstcw, fnstsw, fldcw, fwait, mmx_enter, mmx_written, emms, fpu_env_size, fnstenv, fldenv, fnsave,
  frstor, fxsave, fxrstor,
} from "./x87/control";
export * from "./sse/arithmetic";
export { sse_cmp_ps, sse_cmp_pd, sse_cmp_ss, sse_cmp_sd, sse_comi_ss, sse_comi_sd } from "./sse/compare";
export * from "./sse/convert";
export { sse_rcp, sse_rsqrt } from "./sse/approximate";
