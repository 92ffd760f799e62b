import { describe, expect, it, vi } from "vitest";
import { Assembler } from "./assembler/assembler.ts";
import { MTRR } from "./cpu/layout.ts";
import { IO_APIC_ID } from "./firmware/tables/apic-ids.ts";
import { addresses } from "./memory-map.ts";
import { Pc } from "./pc.ts";
import type { KernelOptions } from "./pc-options.ts";
import { catchInterrupt, multibootKernel } from "./testing/kernels.ts";

const RESULTS = 0x500;
const HOLE = 0xc000_0000;
const MTRR_PHYSBASE0 = MTRR;
const MTRR_DEF_TYPE = MTRR + 216;

function machine(memoryMib: number, kernel?: KernelOptions): Pc {
  return new Pc({ memoryMib, drives: [], bootOrder: [], epochMs: 0, ...(kernel && { kernel }) });
}

/** A multiboot kernel that halts at the end of the code. */
const kernel = (code: (a: Assembler) => void): KernelOptions =>
  multibootKernel((a) => {
    code(a);
    a.label("end");
    a.cli();
    a.hlt();
    a.jmp("end");
  });

/** Runs until the kernel halts, with interrupts off, or for a minute of the machine's time. */
function runToEnd(pc: Pc): void {
  for (let now = 0; now < 60e9; now += 1e8) {
    const slice = pc.runSlice(now);
    if (pc.cpu.halted && slice.state === "idle" && !(pc.cpu.eflags & 0x200)) return;
  }
  throw new Error(`still at ${pc.cpu.ip.toString(16)}`);
}

describe("INIT", () => {
  const RESUME = 0x6_0000;
  const CD = 0x4000_0000;
  const SYSENTER_CS = 0x174;

  /** What a program finds that goes on by shutdown code 0Ah, after its INIT by the given road. */
  function afterInit(road: (a: Assembler) => void): Pc {
    const pc = machine(
      16,
      kernel((a) => {
        a.mov("eax", "cr0");
        a.or("eax", CD);
        a.mov("cr0", "eax");
        a.mov("eax", 0x200);
        a.mov("cr4", "eax");
        a.mov("eax", 0x1234_5678);
        // MOVD XMM0, EAX.
        a.db(0x66, 0x0f, 0x6e, 0xc0);
        a.mov(`word [${RESULTS}]`, 0x027f);
        a.fldcw(`[${RESULTS}]`);
        a.mov("ecx", SYSENTER_CS);
        a.mov("eax", 0x77);
        a.xor("edx", "edx");
        a.wrmsr();
        a.mov("al", 0x0f);
        a.out(0x70, "al");
        a.mov("al", 0x0a);
        a.out(0x71, "al");
        a.mov("dword [0x467]", RESUME << 12);
        road(a);
      }),
    );
    const a = new Assembler({ bits: 16, origin: 0 });
    a.xor("bx", "bx");
    a.mov("ds", "bx");
    a.mov("eax", "cr0");
    a.mov(`[${RESULTS}]`, "eax");
    a.mov("eax", "cr4");
    a.mov(`[${RESULTS + 4}]`, "eax");
    a.mov("eax", 0x200);
    a.mov("cr4", "eax");
    a.db(0x66, 0x0f, 0x7e, 0xc0);
    a.mov(`[${RESULTS + 8}]`, "eax");
    a.fnstcw(`[${RESULTS + 12}]`);
    a.mov("ecx", SYSENTER_CS);
    a.rdmsr();
    a.mov(`[${RESULTS + 16}]`, "eax");
    a.cli();
    a.hlt();
    pc.memory.ram.set(a.assemble(), RESUME);
    runToEnd(pc);
    return pc;
  }

  const out = (port: number, value: number) => (a: Assembler) => {
    a.mov("edx", port);
    a.mov("eax", value);
    a.out("dx", "al");
  };

  it.each<[string, (a: Assembler) => void]>([
    ["port 92h", out(0x92, 3)],
    ["the keyboard controller", out(0x64, 0xfe)],
    ["a soft reset by port CF9h", out(0xcf9, 4)],
    ["the local APIC's own message", (a) => a.mov("dword [0xfee00300]", 0x4_4500)],
  ])("by %s keeps what the processor was set up with, and the program's memory", (_, road) => {
    const pc = afterInit(road);
    expect(pc.memory.read32(RESULTS)).toBe(0x4000_0010);
    expect(pc.memory.read32(RESULTS + 4)).toBe(0);
    expect(pc.memory.read32(RESULTS + 8)).toBe(0x1234_5678);
    expect(pc.memory.read32(RESULTS + 12) & 0xffff).toBe(0x027f);
    expect(pc.memory.read32(RESULTS + 16)).toBe(0x77);
  });
});

describe("a machine of 3 GiB", () => {
  it("tells its kernel so, and has every byte up to the hole, where there is nothing", () => {
    const top = HOLE - 4;
    const pc = machine(
      3072,
      kernel((a) => {
        a.mov("eax", "[ebx+8]");
        a.mov(`[${RESULTS}]`, "eax");
        a.mov("edi", top);
        a.mov("dword [edi]", 0x12345678);
        a.mov("eax", "[edi]");
        a.mov(`[${RESULTS + 4}]`, "eax");
        a.mov("dword [edi+4]", 0x12345678);
        a.mov("eax", "[edi+4]");
        a.mov(`[${RESULTS + 8}]`, "eax");
      }),
    );
    runToEnd(pc);
    const results = [0, 4, 8].map((n) => pc.memory.read32(RESULTS + n));
    expect(results).toEqual([3071 * 1024, 0x12345678, 0xffffffff]);
    expect(pc.memory.read32(top)).toBe(0x12345678);
  });

  it("runs code at its end, and code that changes there", () => {
    const at = HOLE - 0x1000;
    const pc = machine(
      3072,
      kernel((a) => {
        a.mov("edi", at);
        // MOV EAX, 1; RET, which is then made MOV EAX, 2.
        a.mov("dword [edi]", 0x000001b8);
        a.mov("dword [edi+4]", 0xc300);
        a.call("edi");
        a.mov(`[${RESULTS}]`, "eax");
        a.mov("byte [edi+1]", 2);
        a.call("edi");
        a.mov(`[${RESULTS + 4}]`, "eax");
      }),
    );
    runToEnd(pc);
    expect([0, 4].map((n) => pc.memory.read32(RESULTS + n))).toEqual([1, 2]);
  });
});

describe("the firmware", () => {
  it("leaves the memory type registers set", () => {
    const pc = machine(
      16,
      kernel(() => {}),
    );
    runToEnd(pc);
    expect(pc.cpu.get64(MTRR_DEF_TYPE)).toBe(0xc06n);
    expect(pc.cpu.get64(MTRR_PHYSBASE0)).toBe(BigInt(HOLE));
  });

  it("gives the I/O APIC the ID that its tables tell", () => {
    const pc = machine(
      16,
      kernel((a) => {
        a.mov(`dword [${addresses.ioApic.base}]`, 0);
        a.mov("eax", `[${addresses.ioApic.base + 0x10}]`);
        a.mov(`[${RESULTS}]`, "eax");
      }),
    );
    runToEnd(pc);
    expect(pc.memory.read32(RESULTS)).toBe(IO_APIC_ID << 24);
  });
});

describe("a kernel", () => {
  it("that is none is told before the machine starts", () => {
    expect(() => machine(16, { image: new Uint8Array(1000), commandLine: "" })).toThrow(
      /neither a Linux bzImage nor a multiboot/,
    );
  });
});

describe("the local APIC", () => {
  it("sends the processor an NMI by a command to itself", () => {
    const pc = machine(
      16,
      kernel((a) => {
        catchInterrupt(a, 2, "nmi");
        a.mov("ebx", 0);
        a.mov("dword [0xfee00300]", 0x44400);
        // Interrupts are looked for between blocks, not after each store.
        a.mov("ecx", 100);
        a.label("wait");
        a.dec("ecx");
        a.jnz("wait");
        a.mov(`[${RESULTS}]`, "ebx");
        a.jmp("end");
        a.label("nmi");
        a.inc("ebx");
        a.iret();
      }),
    );
    runToEnd(pc);
    expect(pc.memory.read32(RESULTS)).toBe(1);
  });
});

describe("a slice", () => {
  it("ends in time though its guest does nothing but access a device", () => {
    const pc = machine(
      16,
      kernel((a) => {
        a.label("poll");
        a.in("al", "dx");
        a.jmp("poll");
      }),
    );
    // The host's clock is the test's: an access to a device takes 5 µs, and nothing else any time.
    let ms = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => ms);
    const read = pc.ports.read.bind(pc.ports);
    pc.ports.read = (port, width) => {
      ms += 0.005;
      return read(port, width);
    };
    try {
      const lengths: number[] = [];
      for (let slice = 0; slice < 10; slice++) {
        const began = ms;
        pc.runSlice(ms * 1e6, 8);
        lengths.push(ms - began);
      }
      expect(Math.max(...lengths)).toBeLessThan(8 + 6);
      expect(lengths.at(-1)).toBeGreaterThan(7);
    } finally {
      clock.mockRestore();
    }
  });
});
