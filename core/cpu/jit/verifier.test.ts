import { describe, expect, it } from "vitest";
import { GPR, RECORDS, RIP, TLB } from "../layout.ts";
import { DATA, userMachine } from "../testing/differential.ts";
import { createRandom } from "../testing/float-random.ts";
import type { Machine } from "../testing/machine.ts";
import { structuredProgram } from "../testing/structured-programs.ts";
import { Divergence, Verifier } from "./verifier.ts";

const CODE = 0x21000;
const COUNTERS = 0x40000;
const STACK = BigInt(DATA + 0x800);
const PROGRAMS = Number(process.env.TWINBOX_VERIFIER_PROGRAMS ?? 25);

function place(machine: Machine, program: Uint8Array): void {
  machine.write(CODE, program);
  machine.cpu.set64(RIP, BigInt(CODE));
  machine.cpu.set64(GPR + 4 * 8, STACK);
}

describe.each([32, 64] as const)("%i-bit programs", (codeSize) => {
  it("pass, and a bit that differs in what the interpreter reads is found", { timeout: 600_000 }, () => {
    let compared = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const machine = userMachine(codeSize, 1, "all");
      const random = createRandom(seed);
      place(machine, structuredProgram(random, codeSize, 40, { data: DATA, counters: COUNTERS }));
      for (let slice = 0; slice < 400 && !machine.cpu.halted; slice++) machine.cpu.run(37);
      compared += machine.cpu.compiler.regionsCompared;
    }
    expect(compared).toBeGreaterThan(PROGRAMS * 20);
  });
});

/** The decoded record's immediate operand, which the interpreter reads anew each time, becomes another. */
function plant(machine: Machine, immediate: bigint, other: bigint): void {
  const records = new BigInt64Array(machine.view.buffer, RECORDS, 0x2000);
  const at = records.indexOf(immediate);
  expect(at).toBeGreaterThan(0);
  records[at] = other;
}

it("compiled code that does something else than the interpreter ends the run, and is told in full", () => {
  const machine = userMachine(32, 1, "all");
  machine.assemble(CODE, 32, (a) => {
    a.label("start");
    a.mov("eax", 0x12345678);
    a.inc("ecx");
    a.jmp("start");
  });
  machine.cpu.set64(RIP, BigInt(CODE));
  for (let n = 0; n < 20; n++) machine.cpu.run(50);
  expect(machine.cpu.compiler.regionsCompared).toBeGreaterThan(0);
  plant(machine, 0x12345678n, 0x12345679n);
  let met: unknown;
  try {
    machine.cpu.run(50);
  } catch (error) {
    met = error;
  }
  expect(met).toBeInstanceOf(Divergence);
  const { linear, instructions, differences, message } = met as Divergence;
  expect(linear).toBe(BigInt(CODE));
  expect(instructions).toBeGreaterThan(2);
  expect(differences).toEqual([{ what: "rax", compiled: "12345678", interpreted: "12345679" }]);
  expect(message).toContain("rax is 12345678 compiled, 12345679 interpreted");
});

it("a region is repeated for as long as it has run, also if new code that it called has ended the budget", () => {
  const machine = userMachine(32, 1, "all");
  const functions = CODE + 0x1000;
  const LENGTH = 16;
  const COUNT = 400;
  for (let n = 0; n < COUNT; n++) {
    machine.assemble(functions + n * LENGTH, 32, (a) => {
      a.inc("eax");
      a.ret();
    });
  }
  machine.assemble(CODE, 32, (a) => {
    a.label("again");
    a.call("ebx");
    a.add("ebx", "edx");
    a.dec("ecx");
    a.jnz("again");
    a.hlt();
  });
  const { cpu } = machine;
  /** Calls functions that lie so far apart, and gives how many were called. */
  const callAll = (apart: number): number => {
    machine.set("eax", 0);
    machine.set("ebx", functions);
    machine.set("ecx", COUNT);
    machine.set("edx", apart);
    machine.set("esp", Number(STACK));
    cpu.set64(RIP, BigInt(CODE));
    cpu.unhalt();
    while (!cpu.halted) cpu.run(100_000);
    return machine.get("eax");
  };
  for (let n = 0; n < 5; n++) callAll(0);
  const compared = cpu.compiler.regionsCompared;
  expect(compared).toBeGreaterThan(0);
  expect(callAll(LENGTH)).toBe(COUNT);
  expect(cpu.compiler.regionsCompared).toBeGreaterThan(compared);
});

describe("of a thousand runs of a region", () => {
  it.each([
    ["sampled", 66],
    ["all", 1000],
  ] as const)("%s: %i are compared", (sampling, expected) => {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((TLB + 0x1000) / 0x10000) });
    const verifier = new Verifier(
      {
        memory,
        base: 0,
        step() {},
        flushTlb() {},
        linearIp: (ip) => ip,
        hostPage: () => undefined,
        eflags: () => 2,
      },
      sampling,
    );
    let runs = 0;
    const run = verifier.standIn(() => {
      runs++;
      return 0;
    }) as (record: number) => number;
    for (let n = 0; n < 1000; n++) run(TLB);
    expect(runs).toBe(1000);
    expect(verifier.compared).toBe(expected);
  });
});
