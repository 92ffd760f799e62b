import { expect, it } from "vitest";
import { CR2 } from "./layout.ts";
import { userMachine } from "./testing/differential.ts";
import { enterPaged, entryAt, mapPages, runToHalt } from "./testing/paged-loops.ts";

const CODE = 0x20000;
const FROM = 0x80ff3;
const LENGTH = 9001;

const machine = userMachine(32, 1);

const byteAt = (n: number): number => (n * 7 + (n >> 8)) & 0xff;

it.each([
  ["elsewhere", 0x90005],
  ["a few bytes below", FROM - 5],
  ["thousands of bytes below", FROM - 3000],
  ["thousands of bytes above", FROM + 3000],
  ["a few bytes above", FROM + 5],
])("REP MOVSB copies thousands of bytes to %s, one after the other", (_, to) => {
  mapPages(machine, 0x100000, 0x101000, []);
  enterPaged(machine, 0x100000);
  const expected = new Uint8Array(0x20000);
  for (let n = 0; n < expected.length; n++) expected[n] = byteAt(n);
  const base = FROM - 0x4000;
  machine.write(base, expected);
  for (let n = 0; n < LENGTH; n++) expected[to - base + n] = expected[FROM - base + n]!;
  const halted = runToHalt(machine, CODE, (a) => {
    a.mov("esi", FROM);
    a.mov("edi", to);
    a.mov("ecx", LENGTH);
    a.rep();
    a.movsb();
    a.hlt();
  });
  expect(halted).toBe(true);
  const differs = expected.findIndex((byte, n) => machine.u8(base + n) !== byte);
  expect(differs).toBe(-1);
  expect(["ecx", "esi", "edi"].map((name) => machine.get(name as "ecx"))).toEqual([
    0,
    FROM + LENGTH,
    to + LENGTH,
  ]);
});

it("REP MOVSB whose source and target are both absent faults at the source", () => {
  const [source, target] = [0x81000, 0x91000];
  mapPages(machine, 0x100000, 0x101000, []);
  for (const page of [source, target]) machine.view.setUint32(entryAt(0x101000, page), 0, true);
  enterPaged(machine, 0x100000);
  machine.cpu.set64(CR2, 0n);
  runToHalt(machine, CODE, (a) => {
    a.mov("esi", source);
    a.mov("edi", target);
    a.mov("ecx", 100);
    a.rep();
    a.movsb();
    a.hlt();
  });
  expect(machine.cpu.get64(CR2)).toBe(BigInt(source));
});
