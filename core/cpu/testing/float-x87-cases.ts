import { FPU_STORE_HIGH } from "../layout.ts";
import type { FloatCase, FloatMachine } from "./float-machine.ts";

/** Arithmetic by the number in the reg field of D8. */
const ARITHMETIC = [
  ["add", 0],
  ["mul", 1],
  ["sub", 4],
  ["subr", 5],
  ["div", 6],
  ["divr", 7],
] as const;

/** An instruction that is one call. */
const call = (text: string, name: string, ...values: number[]): FloatCase => ({
  text,
  run: ({ f }) => void f[name]!(...values),
});

/** A comparison that sets EFLAGS. */
const flags = (text: string, quiet: number, pops: number): FloatCase => ({
  text,
  run: ({ f }) => f.fcomi!(1, quiet, pops),
});

const f32 = ({ view, destination }: FloatMachine) => view.getInt32(destination, true);
const f64 = ({ view, destination }: FloatMachine) => view.getBigInt64(destination, true);

/** A store: the value, what writes it, then the flags and the pop. */
const storing = (
  text: string,
  value: (machine: FloatMachine) => bigint | number,
  bytes: number,
  pops: number,
): FloatCase => ({
  text,
  run: (machine) => {
    const { f, view, destination, state } = machine;
    const result = value(machine);
    if (f.fst_writes!()) {
      if (bytes === 2) view.setInt16(destination, Number(result), true);
      else if (bytes === 4) view.setInt32(destination, Number(result), true);
      else view.setBigInt64(destination, BigInt(result), true);
      if (bytes === 10) view.setUint16(destination + 8, view.getUint16(state(FPU_STORE_HIGH), true), true);
    }
    f.fst_commit!(pops);
    return undefined;
  },
});

/** All x87 instructions that silicon decides to the last bit. */
export const X87_CASES: readonly FloatCase[] = [
  ...ARITHMETIC.flatMap(([name, number]): FloatCase[] => [
    call(`f${name} st, st(1)`, `fpu_${name}`, 0, 1, 0),
    call(`f${name} st(1), st`, `fpu_${name}`, 1, 0, 0),
    call(`f${name}p st(1), st`, `fpu_${name}`, 1, 0, 1),
    { text: `f${name} dword ptr [rdi]`, memory: "f32", run: (m) => void m.f.fpu_arith_f32!(number, f32(m)) },
    { text: `f${name} qword ptr [rdi]`, memory: "f64", run: (m) => void m.f[`fpu_${name}_f64`]!(f64(m)) },
    { text: `fi${name} dword ptr [rdi]`, memory: "i32", run: (m) => void m.f.fpu_arith_int!(number, f32(m)) },
    {
      text: `fi${name} word ptr [rdi]`,
      memory: "i16",
      run: (m) => void m.f.fpu_arith_int!(number, m.view.getInt16(m.destination, true)),
    },
  ]),
  call("fsqrt", "fsqrt"),
  call("fchs", "fchs"),
  call("fabs", "fabs"),
  call("fxch st(1)", "fxch", 1),
  call("fxch st(7)", "fxch", 7),
  call("fcmove st, st(1)", "fcmov", 1, 1),
  call("fcmovne st, st(1)", "fcmov", 1, 0),
  call("ffree st(1)", "ffree", 1, 0),
  call("fincstp", "fincstp"),
  call("fdecstp", "fdecstp"),
  call("fld1", "fldconst", 0),
  call("fldl2t", "fldconst", 1),
  call("fldl2e", "fldconst", 2),
  call("fldpi", "fldconst", 3),
  call("fldlg2", "fldconst", 4),
  call("fldln2", "fldconst", 5),
  call("fldz", "fldconst", 6),
  call("fld st(0)", "fld_st", 0),
  call("fld st(7)", "fld_st", 7),
  { text: "fld dword ptr [rdi]", memory: "f32", run: (m) => void m.f.fld_f32!(f32(m)) },
  { text: "fld qword ptr [rdi]", memory: "f64", run: (m) => void m.f.fld_f64!(f64(m)) },
  {
    text: "fld tbyte ptr [rdi]",
    memory: "f80",
    run: (m) => void m.f.fld_f80!(f64(m), m.view.getUint16(m.destination + 8, true)),
  },
  {
    text: "fild word ptr [rdi]",
    memory: "i16",
    run: (m) => void m.f.fild!(BigInt(m.view.getInt16(m.destination, true))),
  },
  { text: "fild dword ptr [rdi]", memory: "i32", run: (m) => void m.f.fild!(BigInt(f32(m))) },
  { text: "fild qword ptr [rdi]", memory: "i64", run: (m) => void m.f.fild!(f64(m)) },
  {
    text: "fbld tbyte ptr [rdi]",
    memory: "bcd",
    run: (m) => void m.f.fbld!(f64(m), m.view.getUint16(m.destination + 8, true)),
  },
  storing("fst dword ptr [rdi]", (m) => m.f.fst_f32!(), 4, 0),
  storing("fstp dword ptr [rdi]", (m) => m.f.fst_f32!(), 4, 1),
  storing("fst qword ptr [rdi]", (m) => m.f.fst_f64!(), 8, 0),
  storing("fstp qword ptr [rdi]", (m) => m.f.fst_f64!(), 8, 1),
  storing("fstp tbyte ptr [rdi]", (m) => m.f.fst_f80!(), 10, 1),
  storing("fist word ptr [rdi]", (m) => m.f.fist!(16), 2, 0),
  storing("fistp dword ptr [rdi]", (m) => m.f.fist!(32), 4, 1),
  storing("fistp qword ptr [rdi]", (m) => m.f.fist!(64), 8, 1),
  storing("fisttp word ptr [rdi]", (m) => m.f.fisttp!(16), 2, 1),
  storing("fisttp dword ptr [rdi]", (m) => m.f.fisttp!(32), 4, 1),
  storing("fisttp qword ptr [rdi]", (m) => m.f.fisttp!(64), 8, 1),
  storing("fbstp tbyte ptr [rdi]", (m) => m.f.fbstp!(), 10, 1),
  call("fst st(3)", "fst_st", 3, 0),
  call("fstp st(1)", "fst_st", 1, 1),
  call("fcom st(1)", "fcom", 1, 0, 0),
  call("fcomp st(1)", "fcom", 1, 0, 1),
  call("fcompp", "fcom", 1, 0, 2),
  call("fucom st(1)", "fcom", 1, 1, 0),
  call("fucomp st(1)", "fcom", 1, 1, 1),
  call("fucompp", "fcom", 1, 1, 2),
  { text: "fcom dword ptr [rdi]", memory: "f32", run: (m) => void m.f.fcom_f32!(f32(m), 0) },
  { text: "fcomp qword ptr [rdi]", memory: "f64", run: (m) => void m.f.fcom_f64!(f64(m), 1) },
  { text: "ficom dword ptr [rdi]", memory: "i32", run: (m) => void m.f.fcom_int!(f32(m), 0) },
  {
    text: "ficomp word ptr [rdi]",
    memory: "i16",
    run: (m) => void m.f.fcom_int!(m.view.getInt16(m.destination, true), 1),
  },
  flags("fcomi st, st(1)", 0, 0),
  flags("fcomip st, st(1)", 0, 1),
  flags("fucomi st, st(1)", 1, 0),
  flags("fucomip st, st(1)", 1, 1),
  call("ftst", "ftst"),
  call("fxam", "fxam"),
  call("fprem", "fprem", 0),
  call("fprem1", "fprem", 1),
  call("fscale", "fscale"),
  call("fxtract", "fxtract"),
  call("frndint", "frndint"),
  call("fnclex", "fnclex"),
];
