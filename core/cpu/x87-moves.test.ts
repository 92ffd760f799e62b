// Loads and stores in place against the runtime's functions, which know every case and which silicon has judged, at the
// operands where rounding or a format turns.
import { describe, expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import { FPU_CONTROL, FPU_REGISTERS, FPU_STATUS, FPU_TAGS, RIP } from "./layout.ts";
import { CODE, DATA, userMachine } from "./testing/differential.ts";
import { createFloatMachine } from "./testing/float-machine.ts";

const FNINIT = [0xdb, 0xe3];
/** DE, which no store raises, is masked, or not: then code in place leaves the store to the runtime. */
const MASKED = 0x37f;
const DE_UNMASKED = 0x37d;

const machine = userMachine();
const { f, view, state } = createFloatMachine(Buffer.from(RUNTIME_WASM, "base64"));

const absolute = (opcode: number, reg: number, address: number): number[] => [
  opcode,
  (reg << 3) | 5,
  ...[0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff),
];

function step(code: readonly number[]): void {
  machine.cpu.runtime.physicalWrite(CODE, code.length);
  machine.write(CODE, new Uint8Array(code));
  machine.cpu.set64(RIP, BigInt(CODE));
  machine.cpu.step();
}

const STATE = [FPU_STATUS, FPU_TAGS];
const registers = Array.from({ length: 8 }, (_, n) => FPU_REGISTERS + 16 * n);

/** Registers, status and tags of the machine, and of the runtime by itself. */
const ofMachine = (): string =>
  [
    ...registers.flatMap((at) => [machine.cpu.get64(at), machine.cpu.get32(at + 8) & 0xffff]),
    ...STATE.map((at) => machine.cpu.get32(at) & 0xffff),
  ].join(" ");
const ofRuntime = (): string =>
  [
    ...registers.flatMap((at) => [view.getBigInt64(state(at), true), view.getUint16(state(at + 8), true)]),
    ...STATE.map((at) => view.getUint16(state(at), true)),
  ]
    .map((value) => (typeof value === "bigint" ? BigInt.asUintN(64, value) : value))
    .join(" ");

/** Significands that a format with so many bits less rounds down, up, to even, or carries all through. */
function significands(drop: number): bigint[] {
  const unit = 1n << BigInt(drop);
  const half = unit >> 1n;
  const ends = [0n, 1n, half - 1n, half, half + 1n, unit - 1n];
  const starts = [
    0n,
    unit,
    2n * unit,
    (1n << 63n) - unit,
    (1n << 63n) - 2n * unit,
    0x123456789abcdef0n & -unit,
  ];
  return starts.flatMap((start) => ends.map((end) => (1n << 63n) | start | end));
}

const FORMATS = [
  { bits: 32, drop: 40, bias: 127, load: [0xd9, 0], store: [0xd9, 3] },
  { bits: 64, drop: 11, bias: 1023, load: [0xdd, 0], store: [0xdd, 3] },
] as const;

describe.each(FORMATS)("m$bits", ({ bits, drop, bias, load, store }) => {
  /** Exponents of the format's ends and beyond, in the bias of 80 bits. */
  const exponents = [-bias - 1, -bias, 1 - bias, 2 - bias, 0, bias - 1, bias, bias + 1].map((e) => e + 16383);

  it("is stored as the runtime stores it", () => {
    const numbers = exponents.flatMap((exponent) =>
      significands(drop).map((significand): [bigint, number] => [significand, exponent]),
    );
    // Zero, a denormal, an unnormal, infinity and a NaN.
    const others: [bigint, number][] = [
      [0n, 0],
      [1n, 0],
      [1n << 62n, 16383],
      [1n << 63n, 0x7fff],
      [3n << 62n, 0x7fff],
    ];
    let inexact = 0;
    for (const [significand, exponent] of [...numbers, ...others]) {
      for (const high of [exponent, exponent | 0x8000]) {
        const [masked, unmasked] = [MASKED, DE_UNMASKED].map((control) => {
          step(FNINIT);
          machine.cpu.set32(FPU_CONTROL, control);
          machine.view.setBigUint64(DATA, significand, true);
          machine.view.setUint16(DATA + 8, high, true);
          step(absolute(0xdb, 5, DATA));
          step(absolute(store[0], store[1], DATA + 16));
          return `${machine.view.getBigUint64(DATA + 16, true)} ${ofMachine()}`;
        });
        if (machine.cpu.get32(FPU_STATUS) & 0x20) inexact++;
        if (masked !== unmasked) expect.fail(`${high.toString(16)}:${significand.toString(16)}`);
      }
    }
    expect(inexact).toBeGreaterThan(numbers.length);
  });

  it("is loaded as the runtime loads it", () => {
    const fraction = 63 - drop;
    const largest = (1n << BigInt(bits - 1 - fraction)) - 1n;
    for (const exponent of [0n, 1n, 2n, largest >> 1n, largest - 1n, largest]) {
      for (const digits of [0n, 1n, (1n << BigInt(fraction)) - 1n, 1n << BigInt(fraction - 1)]) {
        for (const sign of [0n, 1n]) {
          const value = (sign << BigInt(bits - 1)) | (exponent << BigInt(fraction)) | digits;
          step(FNINIT);
          f.fninit!();
          machine.view.setBigUint64(DATA, value, true);
          // The ninth does not find an empty register.
          for (let n = 0; n < 9; n++) {
            step(absolute(load[0], load[1], DATA));
            f[`fld_f${bits}`]!(bits === 32 ? Number(value) : value);
            if (ofMachine() !== ofRuntime()) expect.fail(`${value.toString(16)}, number ${n}`);
          }
        }
      }
    }
  });
});

describe("moves of registers", () => {
  const MOVES: readonly (readonly [string, number[], (index: number) => void])[] = [
    ["fld st(i)", [0xd9, 0xc0], (index) => f.fld_st!(index)],
    ["fxch st(i)", [0xd9, 0xc8], (index) => f.fxch!(index)],
    ["fst st(i)", [0xdd, 0xd0], (index) => f.fst_st!(index, 0)],
    ["fstp st(i)", [0xdd, 0xd8], (index) => f.fst_st!(index, 1)],
    ["fchs", [0xd9, 0xe0], () => f.fchs!()],
    ["fabs", [0xd9, 0xe1], () => f.fabs!()],
    ["fld1", [0xd9, 0xe8], () => f.fldconst!(0)],
    ["fldz", [0xd9, 0xee], () => f.fldconst!(6)],
  ];

  it.each(MOVES)("%s, with any number of registers in use", (name, [opcode, second], run) => {
    const indices = name.endsWith("(i)") ? [0, 1, 2, 3, 4, 5, 6, 7] : [0];
    for (let used = 0; used <= 8; used++) {
      for (const index of indices) {
        step(FNINIT);
        f.fninit!();
        for (let n = 0; n < used; n++) {
          machine.view.setFloat64(DATA, (n + 1) * (n % 2 ? -1.5 : 1.25), true);
          step(absolute(0xdd, 0, DATA));
          f.fld_f64!(machine.view.getBigUint64(DATA, true));
        }
        step([opcode!, second! + index]);
        run(index);
        if (ofMachine() !== ofRuntime()) expect.fail(`${used} in use, index ${index}`);
      }
    }
  });
});
