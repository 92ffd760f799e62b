import { beforeEach, describe, expect, it } from "vitest";
import { Pc } from "../pc.ts";
import { describeWalk } from "./page-walk.ts";

const TABLES = 0x100000;
const CODE = 0x7c00;
/** Present, writable, user; neither accessed nor dirty. */
const USED_BY_NOBODY = 7;

let pc: Pc;
const set = (name: string, value: bigint) => pc.debugger.register(name).set!(value);
const get = (name: string) => pc.debugger.register(name).get();

beforeEach(() => {
  pc = new Pc({ memoryMib: 4, drives: [], bootOrder: [], epochMs: 0 });
  set("ss", 1n);
  set("cs", 0n);
  set("rip", BigInt(CODE));
});

describe("registers", () => {
  it("are had by the manual's names, the x87's by their place on the stack", () => {
    for (const name of ["rax", "r15", "rip", "cr3", "xmm7", "ymm7h", "mxcsr", "dr7", "fs.base"]) {
      set(name, 0x1f80n);
      expect(get(name)).toBe(0x1f80n);
    }
    set("fstat", 0x3800n);
    set("st0", 0x3fff_8000000000000000n);
    set("fstat", 0x3000n);
    expect(get("st1")).toBe(0x3fff_8000000000000000n);
    expect(() => pc.debugger.register("nothing")).toThrow("no register nothing");
  });

  it("a selector brings its base in real mode, and is refused in protected mode", () => {
    set("ds", 0x1234n);
    expect(get("ds.base")).toBe(0x12340n);
    set("cr0", 0x11n);
    expect(() => set("ds", 0x10n)).toThrow("descriptor");
  });
});

describe("memory", () => {
  /** 32-bit paging: linear 4 MiB + n pages is physical 0x8000 + n pages, for two pages. */
  const page = () => {
    const entries = new DataView(pc.memory.ram.buffer, pc.memory.ram.byteOffset);
    entries.setUint32(TABLES + 4, (TABLES + 0x1000) | USED_BY_NOBODY, true);
    entries.setUint32(TABLES + 0x1000, 0x8000 | USED_BY_NOBODY, true);
    entries.setUint32(TABLES + 0x1004, 0x9000 | USED_BY_NOBODY, true);
    set("cr3", BigInt(TABLES));
    set("cr0", 0x80000011n);
    return entries;
  };

  it("is read and written by linear address across pages, up to where nothing is mapped, and leaves no trace", () => {
    const entries = page();
    expect(pc.debugger.writeLinear(0x400ffen, Uint8Array.of(1, 2, 3, 4))).toBe(true);
    expect([...pc.memory.ram.subarray(0x8ffe, 0x9002)]).toEqual([1, 2, 3, 4]);
    expect(pc.debugger.readLinear(0x401ffen, 16)).toHaveLength(2);
    expect(pc.debugger.writeLinear(0x401fffn, Uint8Array.of(1, 2))).toBe(false);
    expect(pc.memory.ram[0x9fff]).toBe(0);
    expect(entries.getUint32(TABLES + 0x1000, true)).toBe(0x8000 | USED_BY_NOBODY);
    expect(entries.getUint32(TABLES + 4, true)).toBe((TABLES + 0x1000) | USED_BY_NOBODY);
  });

  it("of devices is not read, and ROM is not written", () => {
    expect(pc.debugger.readPhysical(0xa0000, 4)).toHaveLength(0);
    expect(pc.debugger.readPhysical(0x9fffe, 4)).toHaveLength(2);
    expect(pc.debugger.readPhysical(0xffff0, 1)).toHaveLength(1);
    expect(pc.debugger.writePhysical(0xffff0, Uint8Array.of(0))).toBe(false);
  });

  it("a walk tells each entry, and why it ends", () => {
    page();
    expect(describeWalk(0x400123n, pc.debugger.walk(0x400123n))).toEqual([
      "PDE   at 100004: 00101007 writable, user",
      "PTE   at 101000: 00008007 writable, user, page of 4 KiB",
      "400123 is physical 8123 (32-bit paging)",
    ]);
    expect(pc.debugger.walk(0x402000n)).toMatchObject({
      physical: undefined,
      failure: "the PTE is not present",
    });
  });
});

describe("stops", () => {
  /** add word [0x500], 1; jmp back */
  beforeEach(() => pc.memory.write(CODE, Uint8Array.of(0x83, 0x06, 0x00, 0x05, 0x01, 0xeb, 0xf9)));

  it("a watchpoint is that of the access, and goes with the debugger, not with a saved state", async () => {
    const state = await pc.save();
    const watchpoint = { kind: "write", address: 0x500n, length: 2 } as const;
    pc.debugger.addWatchpoint(watchpoint);
    const watched = await pc.save();
    expect(pc.runSlice(0, 5)).toEqual({ state: "stopped", by: "watchpoint" });
    expect(pc.debugger.metWatchpoint).toEqual(watchpoint);
    await pc.load(state);
    expect(pc.runSlice(0, 5)).toEqual({ state: "stopped", by: "watchpoint" });
    pc.debugger.removeWatchpoint(watchpoint);
    await pc.load(watched);
    expect(pc.runSlice(0, 5)).toEqual({ state: "busy" });
  });

  it("no more and no longer watchpoints than can be are taken", () => {
    const one = { kind: "read", address: 0n, length: 1 } as const;
    for (let n = 0; n < 8; n++) pc.debugger.addWatchpoint(one);
    expect(() => pc.debugger.addWatchpoint(one)).toThrow("8 watchpoints");
    pc.debugger.clear();
    expect(() => pc.debugger.addWatchpoint({ ...one, length: 5000 })).toThrow("4096 bytes");
  });

  it("a step goes into the handler of an interrupt that waits", () => {
    set("eflags", 0x202n);
    set("rsp", 0x7000n);
    pc.cpu.setInterruptLine(true);
    expect(pc.debugger.step(false)).toBe(false);
    expect(get("rip")).toBe(BigInt(CODE + 5));
    expect(pc.debugger.step(true)).toBe(true);
    expect(get("rsp")).toBe(0x7000n - 6n);
  });
});
