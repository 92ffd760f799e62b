import { SSE_EXCEPTION } from "../layout.ts";
import type { FloatCase, FloatMachine } from "./float-machine.ts";

/** An SSE instruction on XMM0 and XMM1 or RAX; `lane` says what numbers to try. */
export interface SseCase extends FloatCase {
  readonly lane: "f32" | "f64" | "i32";
}

const OPERATIONS = ["add", "mul", "sub", "div", "min", "max", "sqrt"];
const FORMS = [
  ["ps", "f32"],
  ["pd", "f64"],
  ["ss", "f32"],
  ["sd", "f64"],
] as const;
const PREDICATES = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"];

/** An instruction from XMM1 (or itself) to XMM0. */
const vector = (text: string, lane: SseCase["lane"], name: string, ...more: number[]): SseCase => ({
  text: `${text} xmm0, xmm1`,
  lane,
  run: ({ f, destination, source }) => void f[name]!(destination, source, ...more),
});

/** From XMM1 to RAX or EAX: nothing changes with an unmasked exception. */
const toGeneral = (
  text: string,
  lane: SseCase["lane"],
  name: string,
  bits: number,
  truncating: number,
): SseCase => ({
  text: `${text} ${bits === 64 ? "rax" : "eax"}, xmm1`,
  lane,
  run: ({ f, source, view, general, state }: FloatMachine) => {
    const value = f[name]!(source, bits, truncating);
    if (view.getUint32(state(SSE_EXCEPTION), true)) return;
    view.setBigUint64(general, BigInt.asUintN(bits, value), true);
  },
});

/** From RAX or EAX to XMM0. */
const fromGeneral = (text: string, lane: SseCase["lane"], name: string, bits: number): SseCase => ({
  text: `${text} xmm0, ${bits === 64 ? "rax" : "eax"}`,
  lane,
  run: ({ f, destination, view, general }) =>
    void f[name]!(destination, BigInt.asIntN(bits, view.getBigUint64(general, true))),
});

/** EFLAGS to RAX. */
const ordering = (text: string, lane: SseCase["lane"], name: string, signals: number): SseCase => ({
  text: `${text} xmm0, xmm1; pushfq; pop rax; and eax, 0x45`,
  lane,
  run: ({ f, destination, source, view, general }) => {
    const flags = f[name]!(destination, source, signals);
    if (flags >= 0) view.setBigUint64(general, BigInt(flags), true);
  },
});

/** Each SSE instruction that the floating-point core does. */
export const SSE_CASES: readonly SseCase[] = [
  ...OPERATIONS.flatMap((name) =>
    FORMS.map(([form, lane]) => vector(`${name}${form}`, lane, `sse_${name}_${form}`)),
  ),
  ...PREDICATES.flatMap((name, number) =>
    FORMS.map(([form, lane]) => vector(`cmp${name}${form}`, lane, `sse_cmp_${form}`, number)),
  ),
  ordering("comiss", "f32", "sse_comi_ss", 1),
  ordering("ucomiss", "f32", "sse_comi_ss", 0),
  ordering("comisd", "f64", "sse_comi_sd", 1),
  ordering("ucomisd", "f64", "sse_comi_sd", 0),
  vector("cvtps2pd", "f32", "sse_cvtps2pd"),
  vector("cvtss2sd", "f32", "sse_cvtss2sd"),
  vector("cvtpd2ps", "f64", "sse_cvtpd2ps"),
  vector("cvtsd2ss", "f64", "sse_cvtsd2ss"),
  vector("cvtdq2ps", "i32", "sse_cvtdq2ps", 4),
  vector("cvtdq2pd", "i32", "sse_cvtdq2pd"),
  vector("cvtps2dq", "f32", "sse_cvtps2dq", 4, 0),
  vector("cvttps2dq", "f32", "sse_cvtps2dq", 4, 1),
  vector("cvtpd2dq", "f64", "sse_cvtpd2dq", 16, 0),
  vector("cvttpd2dq", "f64", "sse_cvtpd2dq", 16, 1),
  fromGeneral("cvtsi2ss", "f32", "sse_cvtsi2ss", 32),
  fromGeneral("cvtsi2ss", "f32", "sse_cvtsi2ss", 64),
  fromGeneral("cvtsi2sd", "f64", "sse_cvtsi2sd", 32),
  fromGeneral("cvtsi2sd", "f64", "sse_cvtsi2sd", 64),
  ...[32, 64].flatMap((bits) => [
    toGeneral("cvtss2si", "f32", "sse_cvtss2si", bits, 0),
    toGeneral("cvttss2si", "f32", "sse_cvtss2si", bits, 1),
    toGeneral("cvtsd2si", "f64", "sse_cvtsd2si", bits, 0),
    toGeneral("cvttsd2si", "f64", "sse_cvtsd2si", bits, 1),
  ]),
];
