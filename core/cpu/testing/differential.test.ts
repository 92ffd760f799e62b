import { expect, it } from "vitest";
import { Case, CODE, DATA, runCase, userMachine } from "./differential.ts";

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
