// When regions are compiled, how much at once, and when again.

import { describe, expect, it } from "vitest";
import { GPR, RIP } from "../layout.ts";
import { DATA, userMachine } from "../testing/differential.ts";
import { codeBytesIn } from "./code-memory.ts";
import { type CompiledModule, LocalCompiler, type ModuleCompiler } from "./module-compiler.ts";
import type { RegionOrder } from "./region-order.ts";

const START = 0x20000;
const EAX = GPR;
const EBX = GPR + 3 * 8;

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));

it("a region is compiled again when a branch out of it was taken often", () => {
  const machine = userMachine(32, 100);
  const { cpu } = machine;
  // INC ECX · CMP BYTE [DATA], 0 · JNE +2 · JMP START; INC EBX · JMP START
  machine.write(START, bytes("41 80 3d 00 00 11 00 00 75 02 eb f4 43 eb f1"));
  machine.write(DATA, Uint8Array.of(0));
  cpu.set64(RIP, BigInt(START));
  const run = (): void => {
    for (let n = 0; n < 200; n++) cpu.run(1000);
  };
  run();
  expect(cpu.get64(EBX)).toBe(0n);
  expect(cpu.compiler.regionsCompiled).toBe(1);
  machine.write(DATA, Uint8Array.of(1));
  run();
  expect(cpu.get64(EBX)).toBeGreaterThan(30_000n);
  // What was missing and its own region are one, and the first is gone.
  expect(cpu.compiler.regionsDropped).toBe(1);
  expect(cpu.compiler.regionsCompiled).toBe(2);
});

/** INC EAX, so many, and a jump back to the first. */
const loop = (length: number): Uint8Array => {
  const code = new Uint8Array(length + 5).fill(0x40);
  code[length] = 0xe9;
  new DataView(code.buffer).setInt32(length + 1, -length - 5, true);
  return code;
};
const [SHORT, LONG] = [0x30000, 0x40000];

/** Two loops that have become hot one after the other, and of which nothing is compiled yet. */
function twoHotLoops(compiler: ModuleCompiler = new LocalCompiler()) {
  const machine = userMachine(32, undefined, undefined, compiler);
  const { cpu } = machine;
  machine.write(SHORT, loop(20));
  machine.write(LONG, loop(250));
  for (const [start, instructions] of [
    [SHORT, 21],
    [LONG, 251],
  ] as const) {
    cpu.set64(RIP, BigInt(start));
    cpu.run(4500 * instructions);
  }
  expect(cpu.compiler.regionsCompiled).toBe(0);
  return { machine, cpu };
}

/** Compiles as the PC itself does, but not before it is let. */
class SlowCompiler extends LocalCompiler {
  /** Instructions in the regions that were added, one after the other. */
  readonly added: number[] = [];
  /** Physical addresses where they are entered. */
  readonly entries: number[] = [];
  ready = false;

  override add(order: RegionOrder): void {
    this.added.push(order.nodes.reduce((sum, { count }) => sum + count, 0));
    this.entries.push(order.nodes[0]!.physical);
    super.add(order);
  }

  override take(): CompiledModule | undefined {
    return this.ready ? super.take() : undefined;
  }
}

it("little is compiled between two runs, and least while the compiler is new", () => {
  const compiler = new SlowCompiler();
  const { cpu } = twoHotLoops(compiler);
  const steps: number[] = [];
  let last = 0;
  for (let n = 0; n < 30; n++) {
    const regions = compiler.added.length;
    cpu.run(1);
    const now = compiler.added.reduce((sum, count) => sum + count, 0);
    const instructions = now - last;
    if (instructions > 0) steps.push(instructions);
    // A region ends with the block that makes it too long.
    const most = compiler.added.length > regions + 1 ? 100 : 50 + last + 32;
    expect(instructions).toBeLessThanOrEqual(most);
    last = now;
  }
  expect(steps[0]).toBe(21);
  expect(steps.length).toBeGreaterThan(2);
});

it("the guest goes on until a module is compiled elsewhere, and the next one grows meanwhile", () => {
  const compiler = new SlowCompiler();
  const { machine, cpu } = twoHotLoops(compiler);
  for (let n = 0; n < 60; n++) cpu.run(1);
  const regions = compiler.added.length;
  const THIRD = 0x50000;
  machine.write(THIRD, loop(30));
  cpu.set64(RIP, BigInt(THIRD));
  const since = cpu.instructions;
  while (compiler.added.length === regions && cpu.instructions < since + 1_000_000) cpu.run(10_000);
  expect(compiler.added.length).toBeGreaterThan(regions);
  // It has become hot, and then waited for company as long as there was none.
  expect(cpu.instructions).toBeGreaterThan(since + 500_000);
  expect(cpu.compiler.regionsCompiled).toBe(0);
  compiler.ready = true;
  for (let n = 0; n < 3; n++) cpu.run(1);
  expect(cpu.compiler.regionsCompiled).toBe(compiler.added.length);
});

it("what is left of a region that was written over before it was entered becomes hot again", () => {
  const compiler = new SlowCompiler();
  const machine = userMachine(32, 100, undefined, compiler);
  const { cpu } = machine;
  const run = (): void => {
    cpu.set64(RIP, BigInt(START));
    cpu.run(10);
  };
  // INC ECX · JMP to the next; INC EBX · JMP START
  machine.write(START, bytes("41 eb 00 43 eb fa"));
  while (compiler.added.length === 0) run();
  // INC EDX for INC EBX
  machine.write(START + 3, bytes("42"));
  compiler.ready = true;
  for (let n = 0; n < 300; n++) run();
  expect(compiler.entries.filter((entry) => entry === START)).toHaveLength(2);
  const ebx = cpu.get64(EBX);
  run();
  expect(cpu.get64(EBX)).toBe(ebx);
});

describe("a loop that becomes hot first", () => {
  // INC EBX · MOV ECX, [DATA] · JMP to DEC; INC EAX · DEC ECX · JNE to INC EAX · JMP START
  const NEST = bytes("43 8b 0d 00 00 11 00 eb 01 40 49 75 fc eb f1");
  const INNER = START + 9;

  /** Runs rounds of the outer loop with so many of the inner one each. */
  function nest() {
    const compiler = new SlowCompiler();
    compiler.ready = true;
    const machine = userMachine(32, 100, undefined, compiler);
    const { cpu } = machine;
    machine.write(START, NEST);
    cpu.set64(RIP, BigInt(START));
    for (const register of [EAX, EBX]) cpu.set64(register, 0n);
    return {
      ...{ compiler, cpu },
      inner(times: number): void {
        machine.write(DATA, Uint8Array.from([times & 0xff, times >> 8, times >> 16, 0]));
      },
    };
  }

  it("is compiled with the one around it, from where that begins", () => {
    const { compiler, cpu, inner } = nest();
    inner(20);
    for (let n = 0; n < 200; n++) cpu.run(1000);
    expect(compiler.entries[0]).toBe(START);
    expect(compiler.added[0]).toBe(7);
    // INC EAX is run once less than DEC ECX in each round, of which the last need not be over.
    const rounds = cpu.get64(EBX);
    expect(rounds).toBeGreaterThan(3000n);
    expect(19n * rounds - cpu.get64(EAX)).toBeLessThanOrEqual(19n);
  });

  it("is compiled by itself if the guest stays in it", () => {
    const { compiler, cpu, inner } = nest();
    inner(4);
    while (compiler.entries.length === 0) cpu.run(10);
    inner(0x100000);
    for (let n = 0; n < 200; n++) cpu.run(1000);
    expect(compiler.entries).toContain(INNER);
  });

  it("is compiled by itself if the one around it was hardly ever run", () => {
    const { compiler, cpu, inner } = nest();
    inner(0x100000);
    for (let n = 0; n < 200; n++) cpu.run(1000);
    expect(compiler.entries).toEqual([INNER]);
  });
});

/** Takes large regions, as a thread of its own does. */
class PatientCompiler extends SlowCompiler {
  override readonly largest = 1000;
  /** Of the modules that were finished. */
  readonly forLong: boolean[] = [];

  override finish(isForLong = false): void {
    this.forLong.push(isForLong);
    super.finish();
  }
}

describe("a region that the guest is met in often", () => {
  /** Runs a loop of more instructions than a region has as a rule; returns the sizes of regions that were asked for. */
  function runLong(compiler: SlowCompiler): number[] {
    compiler.ready = true;
    const machine = userMachine(32, 100, undefined, compiler);
    const { cpu } = machine;
    machine.write(LONG, loop(400));
    cpu.set64(RIP, BigInt(LONG));
    cpu.set64(GPR, 0n);
    for (let n = 0; n < 100; n++) cpu.run(401 * 100);
    // A byte each, but for the jump.
    expect(cpu.get64(GPR) % 400n).toBe((cpu.get64(RIP) - BigInt(LONG)) % 400n);
    expect(cpu.get64(GPR)).toBeGreaterThanOrEqual(100n * 100n * 400n);
    return compiler.added;
  }

  it("is compiled again with all that can be reached, once, and optimized at once", () => {
    const compiler = new PatientCompiler();
    const sizes = runLong(compiler);
    expect(sizes.filter((size) => size === 401)).toHaveLength(1);
    expect(compiler.forLong.filter((isForLong) => isForLong)).toHaveLength(1);
  });

  it("stays as it is where the guest would wait for that", () => {
    expect(Math.max(...runLong(new SlowCompiler()))).toBeLessThan(340);
  });

  it("is in use until there is the other", () => {
    const compiler = new PatientCompiler();
    compiler.ready = true;
    const machine = userMachine(32, 100, undefined, compiler);
    const { cpu } = machine;
    machine.write(LONG, loop(400));
    cpu.set64(RIP, BigInt(LONG));
    const run = (): void => cpu.run(401 * 100);
    while (cpu.compiler.regionsCompiled === 0) run();
    compiler.ready = false;
    while (!compiler.added.includes(401)) run();
    const { regionsDropped } = cpu.compiler;
    for (let n = 0; n < 100; n++) run();
    expect(cpu.compiler.regionsDropped).toBe(regionsDropped);
    compiler.ready = true;
    for (let n = 0; n < 3; n++) run();
    expect(cpu.compiler.regionsDropped).toBe(regionsDropped + 1);
  });
});

it("what has kept the compiler from it ends the run", () => {
  const compiler = new SlowCompiler();
  const { cpu } = twoHotLoops(compiler);
  compiler.take = () => {
    throw new Error("out of memory");
  };
  expect(() => cpu.run(1)).toThrow("out of memory");
});

it("code that is written over before its region is entered runs as it is then", () => {
  const compiler = new SlowCompiler();
  const { machine, cpu } = twoHotLoops(compiler);
  while (compiler.added.length < 1) cpu.run(1);
  // INC EBX · JMP to it
  machine.write(SHORT, bytes("43 eb fd"));
  compiler.ready = true;
  for (let n = 0; n < 30; n++) cpu.run(1);
  expect(cpu.compiler.regionsDropped).toBe(1);
  const eax = cpu.get64(GPR);
  cpu.set64(RIP, BigInt(SHORT));
  cpu.run(1000);
  expect(cpu.get64(EBX)).toBeGreaterThan(400n);
  expect(cpu.get64(GPR)).toBe(eax);
});

describe("room for code", () => {
  const AFTER = 100;
  /** Of which the default has room for four. */
  const BYTES = Math.floor(codeBytesIn() / 4.5);
  const LENGTH = 20;
  const loopAt = (n: number): number => START + n * 0x1000;

  /** Says that each region is large. */
  class LargeCompiler extends SlowCompiler {
    override ready = true;

    override take(): CompiledModule | undefined {
      const made = super.take();
      return made && { ...made, bytes: made.bytes.map(() => BYTES) };
    }
  }

  function loops() {
    const compiler = new LargeCompiler();
    const machine = userMachine(32, AFTER, undefined, compiler);
    const { cpu } = machine;
    for (let n = 0; n < 12; n++) machine.write(loopAt(n), loop(LENGTH));
    return {
      /** Enters the nth loop so many times, ten at a time. */
      run(n: number, times: number): void {
        cpu.set64(RIP, BigInt(loopAt(n)));
        for (let ran = 0; ran < times; ran += 10) cpu.run(10 * (LENGTH + 1));
      },
      compiled: (n: number): number => compiler.entries.filter((entry) => entry === loopAt(n)).length,
      get dropped(): number {
        return cpu.compiler.regionsDropped;
      },
    };
  }

  it("is made of the oldest code that is not in use", () => {
    const all = loops();
    for (const n of [0, 1, 2, 3]) all.run(n, 2 * AFTER);
    expect(all.dropped).toBe(0);
    all.run(0, 2 * AFTER);
    all.run(4, 2 * AFTER);
    expect(all.dropped).toBe(1);
    for (const n of [0, 1]) all.run(n, 10 * AFTER);
    expect(all.compiled(0)).toBe(1);
    expect(all.compiled(1)).toBe(2);
  });

  it("is not fought for by what is hardly worth it", () => {
    const all = loops();
    for (const n of [0, 1, 2, 3, 4, 5, 6]) all.run(n, 10 * AFTER);
    expect(all.dropped).toBeGreaterThan(1);
    all.run(7, 2 * AFTER);
    expect(all.compiled(7)).toBe(0);
    all.run(7, 40 * AFTER);
    expect(all.compiled(7)).toBe(1);
  });
});
