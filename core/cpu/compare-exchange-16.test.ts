import { describe, expect, it } from "vitest";
import { Case, DATA, runCase, userMachine } from "./testing/differential.ts";

const GP = 13;
const ZF = 1 << 6;
const [RAX, RCX, RDX, RBX, RSI] = [0, 1, 2, 3, 6];
/** CMPXCHG16B [rsi] */
const CODE = [0x48, 0x0f, 0xc7, 0x0e];

const LOW = 0x1122334455667788n;
const HIGH = 0x99aabbccddeeff00n;
const machine = userMachine(64);

/** With LOW and HIGH in memory at `offset`, and `expected` in RDX:RAX. */
function exchange(expected: readonly [low: bigint, high: bigint], offset = 16): Case {
  const before = new Case();
  before.setCode(CODE);
  before.fx.setUint32(24, 0x1f80, true);
  before.setRegister(RAX, expected[0]);
  before.setRegister(RDX, expected[1]);
  before.setRegister(RBX, 1n);
  before.setRegister(RCX, 2n);
  before.setRegister(RSI, BigInt(DATA + offset));
  before.memory.set(words(LOW, HIGH), offset);
  return runCase(machine, before);
}

const words = (...values: bigint[]): Uint8Array => new Uint8Array(new BigUint64Array(values).buffer);

describe("CMPXCHG16B", () => {
  it("stores RCX:RBX where RDX:RAX is what the memory holds", () => {
    const after = exchange([LOW, HIGH]);
    expect(after.memory.slice(16, 32)).toEqual(words(1n, 2n));
    expect(after.flags & ZF).toBe(ZF);
  });

  it.each([
    ["low", [LOW ^ (1n << 32n), HIGH]],
    ["high", [LOW, HIGH ^ (1n << 63n)]],
  ] as const)("loads RDX:RAX where the %s half differs", (_, expected) => {
    const after = exchange(expected);
    expect(after.memory.slice(16, 32)).toEqual(words(LOW, HIGH));
    expect([after.register(RAX), after.register(RDX)]).toEqual([LOW, HIGH]);
    expect(after.flags & ZF).toBe(0);
  });

  it("is #GP where the memory is not aligned", () => {
    const after = exchange([LOW, HIGH], 24);
    expect(after.vector).toBe(GP);
    expect(after.memory.slice(24, 40)).toEqual(words(LOW, HIGH));
  });
});
