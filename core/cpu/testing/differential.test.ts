import { afterAll, describe, expect, it } from "vitest";
import {
  Case,
  CODE,
  DATA,
  FX_CONTROL,
  FX_MXCSR,
  linuxMachine,
  runCase,
  summary,
  userMachine,
} from "./differential.ts";
import { openNative } from "./native.ts";

const RCX = 1;
const RSP = 4;
const RDI = 7;

it("a branch to itself is one step", () => {
  const before = new Case();
  // CALL with a displacement of -5.
  before.setCode([0xe8, 0xfb, 0xff, 0xff, 0xff], true);
  before.setRegister(RSP, BigInt(DATA + 512));
  const after = runCase(userMachine(), before);
  expect([after.vector, after.ip, after.register(RSP)]).toEqual([-1, BigInt(CODE), BigInt(DATA + 508)]);
});

it("a repeated string instruction runs to its end", () => {
  const before = new Case();
  // REP STOSB.
  before.setCode([0xf3, 0xaa]);
  before.setRegister(RCX, 5n);
  before.setRegister(RDI, BigInt(DATA));
  const after = runCase(userMachine(), before);
  expect([after.ip, after.register(RCX), after.register(RDI)]).toEqual([
    BigInt(CODE + 2),
    0n,
    BigInt(DATA + 5),
  ]);
});

const native = openNative(64);
afterAll(() => native?.close());

describe.skipIf(!native?.hasVex)("upper halves of YMM registers", () => {
  /** Numbers of those that an instruction has changed on the host and here. */
  const changedBy = (code: number[], stepped: boolean): number[][] => {
    const before = new Case();
    before.setCode(code, stepped);
    before.fx.setUint16(FX_CONTROL, 0x37f, true);
    before.fx.setUint32(FX_MXCSR, 0x1f80, true);
    for (let n = 0; n < 32; n++) before.uppers.setBigUint64(n * 8, BigInt(n + 1), true);
    const results = [new Case(native!.run([before.bytes])[0]), runCase(linuxMachine(64), before)];
    return results.map((after) =>
      [...summary(after, before).matchAll(/^ymm(\d+)h/gm)].map(([, number]) => Number(number)),
    );
  };

  it.each([
    ["and stored behind the instruction", false],
    ["and taken from the signal's frame", true],
  ])("are loaded, %s", (_, stepped) => {
    // MOVAPS XMM3, XMM5, which leaves them alone; on the host VMOVAPS XMM11, XMM5 clears one.
    expect(changedBy([0x0f, 0x28, 0xdd], stepped)).toEqual([[], []]);
    expect(changedBy([0xc5, 0x78, 0x28, 0xdd], stepped)[0]).toEqual([11]);
  });
});
