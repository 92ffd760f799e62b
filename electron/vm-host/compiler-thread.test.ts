import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { Assembler } from "../../core/assembler/assembler.ts";
import type { CompiledLoop } from "../../core/cpu/jit/module-compiler.ts";
import { createPc } from "../../core/pc.ts";
import { CompilerThread } from "./compiler-thread.ts";

const MULTIBOOT = 0x1badb002;
const WITH_ADDRESSES = 0x10000;
const MIB = 0x10_0000;
/** Where the kernel counts. */
const COUNTER = 0x500;

/** A multiboot kernel that counts, with so many instructions a round besides. */
function counter(others = 0): Uint8Array {
  const a = new Assembler({ bits: 32, origin: MIB });
  a.label("header");
  a.dd(MULTIBOOT, WITH_ADDRESSES, -(MULTIBOOT + WITH_ADDRESSES));
  a.dd("header", MIB, 0, 0, "entry");
  a.label("entry");
  a.inc(`dword [${COUNTER}]`);
  for (let n = 0; n < others; n++) a.inc("eax");
  a.jmp("entry");
  return a.assemble();
}

const threads: CompilerThread[] = [];

afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.close();
});

/** A PC that counts, and whose compiler is a thread with that program. */
async function counting(program?: string, kernel = counter()) {
  const compiler = new CompilerThread(program);
  threads.push(compiler);
  const pc = await createPc({
    memoryMib: 4,
    drives: [],
    bootOrder: [],
    epochMs: 0,
    kernel: { image: kernel, commandLine: "" },
    compiler,
  });
  return {
    pc,
    /** Until a module has come from the thread. */
    async runUntilCompiled(): Promise<void> {
      while (pc.statistics().compiler.regionsCompiled === 0) {
        pc.runSlice(performance.now() * 1e6, 2);
        await turn();
      }
    },
  };
}

it("compiles while the guest goes on, which then runs what was compiled", async () => {
  const { pc, runUntilCompiled } = await counting();
  await runUntilCompiled();
  const { bytesCompiled, instructionsCompiled } = pc.statistics().compiler;
  expect(bytesCompiled).toBeGreaterThan(0);
  expect(instructionsCompiled).toBeGreaterThanOrEqual(2);
  const before = pc.statistics().instructions;
  pc.runSlice(performance.now() * 1e6, 2);
  expect(pc.statistics().instructions).toBeGreaterThan(before);
});

it("compiles what the guest stays in once more, whole", async () => {
  const { pc } = await counting(undefined, counter(400));
  const isWhole = (): boolean => {
    const { regionsDropped, instructionsCompiled } = pc.statistics().compiler;
    return regionsDropped > 0 && instructionsCompiled > 402;
  };
  while (!isWhole()) {
    pc.runSlice(performance.now() * 1e6, 2);
    await turn();
  }
  const before = pc.statistics().instructions;
  pc.runSlice(performance.now() * 1e6, 2);
  expect(pc.statistics().instructions).toBeGreaterThan(before);
});

it("compiles the interpreter's loops besides", async () => {
  const compiler = new CompilerThread();
  threads.push(compiler);
  for (const codeSize of [2, 1]) compiler.addLoop(codeSize);
  const loops: CompiledLoop[] = [];
  while (loops.length < 2) {
    expect(compiler.take()).toBeUndefined();
    const loop = compiler.takeLoop();
    if (loop) loops.push(loop);
    await turn();
  }
  expect(loops.map(({ codeSize }) => codeSize)).toEqual([2, 1]);
  for (const { imported } of loops) expect(imported).toContain("slowRead");
});

it("what has gone wrong in the thread ends the next slice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "twinbox-compiler-"));
  const program = join(folder, "worker.mjs");
  writeFileSync(program, `throw new Error("no such register");`);
  const { runUntilCompiled } = await counting(program);
  await expect(runUntilCompiled()).rejects.toThrow("no such register");
  rmSync(folder, { recursive: true });
});
