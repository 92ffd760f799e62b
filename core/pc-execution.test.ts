// How guest code is run: tier by tier, compared, and with a time of its own.

import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Assembler } from "./assembler/assembler.ts";
import { RECORDS } from "./cpu/layout.ts";
import type { BlockDevice } from "./disk/block-device.ts";
import { Pc } from "./pc.ts";
import type { KernelOptions, PcOptions } from "./pc-options.ts";
import { catchInterrupt, multibootKernel } from "./testing/kernels.ts";

const MIB = 0x10_0000;
const RESULTS = 0x500;
const IDE = 0x1f0;
const READ_SECTORS = 0x20;
const DATA_REQUEST = 8;

/** A multiboot kernel that does the same again and again. */
const kernel = (code: (a: Assembler) => void): KernelOptions =>
  multibootKernel((a) => {
    code(a);
    a.jmp("entry");
  });

/** Reads a sector, counts how long that takes, adds up the time-stamp counter, and pauses. */
const readsAndCounts = kernel((a) => {
  const out = (port: number, value: number): void => {
    a.mov("edx", port);
    a.mov("eax", value);
    a.out("dx", "al");
  };
  out(IDE + 6, 0xe0);
  out(IDE + 2, 1);
  for (const register of [3, 4, 5]) out(IDE + register, 0);
  out(IDE + 7, READ_SECTORS);
  a.label("wait");
  a.mov("edx", IDE + 7);
  a.inc(`dword [${RESULTS}]`);
  a.in("al", "dx");
  a.test("al", DATA_REQUEST);
  a.jz("wait");
  a.mov("edx", IDE);
  a.mov("ecx", 256);
  a.label("take");
  a.in("ax", "dx");
  a.loop("take");
  a.mov("ecx", 40000);
  a.label("pause");
  a.loop("pause");
  a.rdtsc();
  a.add(`[${RESULTS + 4}]`, "eax");
});

/** A disk whose reads take a while of the host's. */
const slowDisk = (ms: () => number): BlockDevice => ({
  name: "slow",
  size: MIB,
  readOnly: true,
  async read(_offset, into) {
    await new Promise((resolve) => setTimeout(resolve, ms()));
    into.fill(0x5a);
  },
  write: async () => {},
  flush: async () => {},
  close: async () => {},
});

function machine(options: Partial<PcOptions>): Pc {
  return new Pc({ memoryMib: 2, drives: [], bootOrder: [], epochMs: 0, ...options });
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe.each(["auto", "eager", "off"] as const)("with --jit %s", (jit) => {
  it("a deterministic machine does the same whatever the host's clock and disk do", async () => {
    const ends: string[] = [];
    for (const host of [
      { disk: () => 0, ns: (n: number) => n * 1e3, maxMs: 1 },
      { disk: () => 1 + (ends.length % 3), ns: (n: number) => n * n * 1e7, maxMs: 20 },
    ]) {
      const pc = machine({
        deterministic: true,
        jit,
        kernel: readsAndCounts,
        drives: [{ slot: "hda", kind: "disk", device: slowDisk(host.disk) }],
      });
      for (let n = 0; pc.statistics().timeNs < 20e6; n++) {
        pc.runSlice(host.ns(n), host.maxMs);
        await turn();
      }
      expect(pc.memory.read32(RESULTS)).toBeGreaterThan(1);
      const { instructions, compiler } = pc.statistics();
      expect(compiler.regionsCompiled > 0).toBe(jit !== "off");
      ends.push(`${instructions} ${await pc.checksum()}`);
    }
    expect(ends[1]).toBe(ends[0]);
  });
});

it("a guest that goes on while a disk waits leaves the event loop its turns, which bring the answer", async () => {
  let answer = () => {};
  const disk = slowDisk(() => 0);
  disk.read = () => new Promise((resolve) => (answer = resolve));
  const pc = machine({ kernel: readsAndCounts, drives: [{ slot: "hda", kind: "disk", device: disk }] });
  const slices = (count: number) => {
    // A minute each, unless it is given up before.
    for (let n = 0; n < count; n++) expect(pc.runSlice(n * 1e6, 60_000)).toEqual({ state: "busy" });
  };
  slices(1);
  while (!pc.drives.busy) slices(1);
  const begun = pc.memory.read32(RESULTS);
  slices(20);
  expect(pc.memory.read32(RESULTS)).toBeGreaterThan(begun);
  expect(pc.memory.read32(RESULTS + 4)).toBe(0);
  answer();
  await turn();
  slices(1);
  expect(pc.memory.read32(RESULTS + 4)).not.toBe(0);
});

it("a machine that differs in one byte of memory has another checksum", async () => {
  const pc = machine({ deterministic: true, kernel: kernel((a) => a.nop()) });
  pc.runSlice(0);
  const before = await pc.checksum();
  pc.memory.ram[RESULTS]! ^= 1;
  const after = await pc.checksum();
  expect(after.split(" ")[0]).not.toBe(before.split(" ")[0]);
  expect(after.split(" ").slice(1)).toEqual(before.split(" ").slice(1));
});

it("a halted deterministic machine goes on by its own time", () => {
  const pc = machine({
    deterministic: true,
    kernel: kernel((a) => {
      a.cli();
      a.hlt();
    }),
  });
  for (let n = 0; n < 1000; n++) expect(pc.runSlice(0).state).toBe("busy");
  const { timeNs, instructions } = pc.statistics();
  expect(timeNs).toBeGreaterThan(4e9);
  expect(instructions).toBeLessThan(timeNs / 10);
});

describe("a guest that halts between the ticks of its timer", () => {
  /** Counts the ticks of the 8254, a hundred a second, if interrupt request 0 is not masked. */
  const ticking = (mask: number) =>
    kernel((a) => {
      const out = (port: number, value: number): void => {
        a.mov("al", value);
        a.out(port, "al");
      };
      catchInterrupt(a, 8, "tick");
      out(0x21, mask);
      out(0x43, 0x34);
      out(0x40, 11932 & 0xff);
      out(0x40, 11932 >> 8);
      a.label("wait");
      a.sti();
      a.hlt();
      a.jmp("wait");
      a.label("tick");
      a.inc(`dword [${RESULTS}]`);
      for (let n = 0; n < 5; n++) out(0x80, n);
      out(0x20, 0x20);
      a.iret();
    });

  /** The machine on a host whose clock is the test's, with nothing to do but sleep as long as it is told to. */
  class Host {
    ms = 0;
    /** When the machine is to run next. */
    dueMs = 0;
    slices = 0;
    readonly pc: Pc;

    constructor(mask: number) {
      this.pc = machine({ kernel: ticking(mask) });
      const clock = vi.spyOn(performance, "now").mockImplementation(() => this.ms);
      onTestFinished(() => clock.mockRestore());
    }

    run(): void {
      const slice = this.pc.runSlice(this.ms * 1e6);
      this.slices++;
      this.dueMs = this.ms + (slice.state === "idle" ? slice.sleepNs / 1e6 : 0);
    }

    runTo(ms: number): void {
      while (this.dueMs <= ms) {
        this.ms = this.dueMs;
        this.run();
      }
      this.ms = ms;
    }

    get ticks(): number {
      return this.pc.memory.read32(RESULTS);
    }
  }

  it("is woken for several at once, and has each of them", () => {
    const host = new Host(0xfe);
    host.runTo(5000);
    host.run();
    const [slices, ticks] = [host.slices, host.ticks];
    host.runTo(10_000);
    host.run();
    expect(host.slices - slices).toBeLessThan(120);
    expect(host.ticks - ticks).toBeGreaterThanOrEqual(499);
    expect(host.ticks - ticks).toBeLessThanOrEqual(501);
    expect(host.pc.statistics().timeNs / 1e6).toBeCloseTo(10_000, 0);
  });

  it("has those that are due, and the right time, when something comes in meanwhile", () => {
    const host = new Host(0xfe);
    host.runTo(5000);
    host.run();
    const { ticks } = host;
    host.ms += 30;
    expect(host.dueMs).toBeGreaterThan(host.ms);
    host.run();
    expect(host.ticks - ticks).toBe(3);
    expect(host.pc.statistics().timeNs / 1e6).toBeCloseTo(5030, 0);
  });

  it("is not woken for those that are masked", () => {
    const host = new Host(0xff);
    host.runTo(1000);
    host.run();
    expect(host.slices).toBeLessThan(20);
    expect(host.dueMs).toBeGreaterThan(2000);
    expect(host.ticks).toBe(0);
  });
});

it("what verify finds is told with the code, in one line", () => {
  const pc = machine({
    jit: "eager",
    verify: "all",
    kernel: kernel((a) => {
      a.mov("ebx", 0x12345678);
      a.inc("ecx");
    }),
  });
  for (let n = 0; pc.statistics().compiler.regionsCompared === 0; n++) pc.runSlice(n * 1e6, 1);
  // The interpreter reads the immediate operand in the decoded record anew each time; the compiled code has it.
  const records = new BigInt64Array(pc.memory.wasm.buffer, RECORDS, 0x10000);
  const at = records.lastIndexOf(0x12345678n);
  records[at] = 0x12345679n;
  const entry = (MIB + 32).toString(16);
  expect(() => {
    for (let n = 0; n < 100; n++) pc.runSlice(n * 1e6, 1);
  }).toThrow(
    expect.objectContaining({
      kind: "internal",
      message: expect.stringMatching(
        new RegExp(
          `^compiled code at ${entry} does not .* rbx is 12345678 compiled, 12345679 interpreted; ` +
            "the 32-bit code there: mov ebx,0x12345678; inc ecx; jmp 0x100020",
        ),
      ),
    }),
  );
});
