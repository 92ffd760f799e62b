import { describe, expect, it } from "vitest";
import {
  CR4_ALLOWED,
  EFER,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_SIZE,
  SEGMENTS,
  STAR,
  XCR0,
} from "../layout.ts";
import { DATA, ModelMachine, RAX, RBX, RCX, RDX, RSP } from "../testing/model-machine.ts";
import { CODE } from "../testing/protected-world.ts";
import { CPU_MODEL_NAMES, type CpuChoice, type CpuModelName, describeCpu, parseCpu } from "./catalogue.ts";
import { CPU_VENDORS } from "./model.ts";

const CHOICES: CpuChoice[] = CPU_MODEL_NAMES.flatMap((model) =>
  CPU_VENDORS.map((vendor) => ({ model, vendor })),
);
const named = CHOICES.map((choice) => [describeCpu(choice), choice] as const);
const MACHINES = new Map(CHOICES.map((choice) => [describeCpu(choice), new ModelMachine(choice)]));

/** The machine of a choice, as after a reset. */
function machineOf(text: string): ModelMachine {
  const machine = MACHINES.get(text)!;
  machine.reset();
  return machine;
}

const UD = 6;
const GP = 13;
/** CR4.OSFXSR, OSXMMEXCPT, FSGSBASE, OSXSAVE. */
const CR4_USER = 0x5_0600;

describe("a model's name", () => {
  it.each(named)("%s is understood as it is written", (text, choice) => {
    expect(parseCpu(text)).toEqual(choice);
  });
});

/** An instruction, and the first model that has it; those after have it too. */
const FIRST: readonly (readonly [name: string, bytes: number[], since: CpuModelName])[] = [
  ["BSWAP", [0x0f, 0xc8], "i486"],
  ["XADD", [0x0f, 0xc1, 0xc0], "i486"],
  ["CMPXCHG", [0x0f, 0xb1, 0xc0], "i486"],
  ["CPUID", [0x0f, 0xa2], "pentium3"],
  ["RDTSC", [0x0f, 0x31], "pentium3"],
  ["CMPXCHG8B", [0x0f, 0xc7, 0x0d, 0, DATA >> 8, 0, 0], "pentium3"],
  ["MOV EAX, CR4", [0x0f, 0x20, 0xe0], "pentium3"],
  ["CMOVO", [0x0f, 0x40, 0xc0], "pentium3"],
  ["FCMOVB", [0xda, 0xc0], "pentium3"],
  ["FCOMI", [0xdb, 0xf0], "pentium3"],
  ["NOP EAX", [0x0f, 0x1f, 0xc0], "pentium3"],
  ["PADDD MM0, MM0", [0x0f, 0xfe, 0xc0], "pentium3"],
  ["FXSAVE", [0x0f, 0xae, 0x05, 0, DATA >> 8, 0, 0], "pentium3"],
  ["MOVAPS", [0x0f, 0x28, 0xc0], "pentium3"],
  ["SFENCE", [0x0f, 0xae, 0xf8], "pentium3"],
  ["MOVAPD", [0x66, 0x0f, 0x28, 0xc0], "core2"],
  ["CLFLUSH", [0x0f, 0xae, 0x3d, 0, DATA >> 8, 0, 0], "core2"],
  ["MFENCE", [0x0f, 0xae, 0xf0], "core2"],
  ["HADDPS", [0xf2, 0x0f, 0x7c, 0xc0], "core2"],
  ["PSHUFB", [0x66, 0x0f, 0x38, 0x00, 0xc0], "core2"],
  ["PMULLD", [0x66, 0x0f, 0x38, 0x40, 0xc0], "x86-64-v2"],
  ["CRC32", [0xf2, 0x0f, 0x38, 0xf1, 0xc0], "x86-64-v2"],
  ["POPCNT", [0xf3, 0x0f, 0xb8, 0xc0], "x86-64-v2"],
  ["AESENC", [0x66, 0x0f, 0x38, 0xdc, 0xc0], "x86-64-v2"],
  ["MOVBE", [0x0f, 0x38, 0xf0, 0x05, 0, DATA >> 8, 0, 0], "x86-64-v2"],
  ["XSAVE", [0x0f, 0xae, 0x25, 0, DATA >> 8, 0, 0], "x86-64-v2"],
  ["RDRAND", [0x0f, 0xc7, 0xf0], "x86-64-v2"],
  ["RDSEED", [0x0f, 0xc7, 0xf8], "x86-64-v2"],
  ["ANDN", [0xc4, 0xe2, 0x78, 0xf2, 0xc0], "x86-64-v3"],
  ["MULX", [0xc4, 0xe2, 0x7b, 0xf6, 0xc0], "x86-64-v3"],
];

describe.each(named)("%s", (text, { model, vendor }) => {
  it("has the instructions of its time, and #UD for later ones", () => {
    const machine = machineOf(text);
    const rank = CPU_MODEL_NAMES.indexOf(model);
    const met = FIRST.map(([name, bytes]) => {
      machine.cr4 = CR4_USER;
      return [name, machine.step(...bytes) !== UD];
    });
    expect(met).toEqual(FIRST.map(([name, , since]) => [name, CPU_MODEL_NAMES.indexOf(since) <= rank]));
  });

  it("lets EFLAGS.AC be set, and EFLAGS.ID where there is CPUID", () => {
    const machine = machineOf(text);
    machine.set(RAX, 0x24_0002n);
    machine.step(0x50);
    machine.step(0x9d);
    expect(machine.machine.cpu.eflags & 0x24_0000).toBe(model === "i486" ? 0x4_0000 : 0x24_0000);
  });

  it("has its signature in EDX after reset and, where there is CPUID, in leaf 1", () => {
    const machine = machineOf(text);
    machine.machine.cpu.reset();
    const signature = machine.get(RDX);
    machine.reset();
    if (model === "i486") expect(Number(signature) >> 8).toBe(4);
    else expect(machine.cpuid(1)[0]).toBe(Number(signature));
  });

  it("takes the bits of CR4 that it has, and no other", () => {
    const machine = machineOf(text);
    if (model === "i486") return;
    const allowed = machine.machine.cpu.get32(CR4_ALLOWED);
    const taken = Array.from({ length: 32 }, (_, bit) => bit)
      // PCIDE is for long mode alone.
      .filter((bit) => bit !== 17)
      .filter((bit) => {
        machine.cr4 = 0;
        machine.set(RAX, 1n << BigInt(bit));
        return machine.step(0x0f, 0x22, 0xe0) === -1;
      });
    expect(taken.reduce((sum, bit) => sum | (1 << bit), 0)).toBe(allowed & ~(1 << 17));
    expect((allowed >> 18) & 1).toBe(model.startsWith("x86-64") ? 1 : 0);
  });

  it("has SYSCALL in 32-bit code only if it is AMD's", () => {
    const machine = machineOf(text);
    if (!machine.wrmsr(0xc0000080, 1n)) {
      expect(["i486", "pentium3"]).toContain(model);
      return;
    }
    machine.machine.cpu.set64(STAR, 0x0010_0008_0001_2340n);
    const vector = machine.step(0x0f, 0x05);
    expect(vector).toBe(vendor === "amd" ? -1 : UD);
    if (vendor === "amd") expect([machine.machine.ip, machine.get(RCX)]).toEqual([0x12340, 0x20002n]);
  });
});

describe("a null selector", () => {
  /** Base of FS after a MOV of null to it, where it was 0x1234000. */
  const baseOfNull = (text: string): bigint => {
    const machine = machineOf(text);
    machine.enterLong();
    const base = SEGMENTS + 4 * SEGMENT_SIZE + SEGMENT_BASE;
    machine.machine.cpu.set64(base, 0x1234000n);
    machine.set(RAX, 0n);
    expect(machine.step(0x8e, 0xe0)).toBe(-1);
    return machine.machine.cpu.get64(base);
  };

  it("clears the base, except on AMD's before Zen 2", () => {
    for (const text of ["core2", "x86-64-v2", "x86-64-v2,vendor=amd"]) expect(baseOfNull(text)).toBe(0n);
    expect(baseOfNull("core2,vendor=amd")).toBe(0x1234000n);
  });
});

describe("a near branch with the prefix 66, in 64-bit code", () => {
  // As seen on a processor of the Zen family.
  it.each<[string, number[], bigint]>([
    ["JMP", [0x66, 0xe9], 0n],
    ["JNO", [0x66, 0x0f, 0x81], 0n],
    ["CALL", [0x66, 0xe8], 2n],
  ])("is of 16 bits on AMD's: %s", (_, opcode, pushed) => {
    const machine = machineOf("x86-64-v2,vendor=amd");
    machine.enterLong();
    const rsp = machine.get(RSP);
    // To 16 bytes before address 0.
    const distance = -(CODE + opcode.length + 2) - 16;
    expect(machine.step(...opcode, distance & 0xff, (distance >> 8) & 0xff)).toBe(-1);
    expect(machine.machine.cpu.get64(RIP)).toBe(0xfff0n);
    expect(rsp - machine.get(RSP)).toBe(pushed);
  });

  it("is as without it on Intel's, and with REX.W", () => {
    for (const [text, rex] of [
      ["x86-64-v2", []],
      ["x86-64-v2,vendor=amd", [0x48]],
    ] as const) {
      const machine = machineOf(text);
      machine.enterLong();
      expect(machine.step(0x66, ...rex, 0xe9, 0x10, 0x00, 0x01, 0x00)).toBe(-1);
      expect(machine.machine.cpu.get64(RIP)).toBe(BigInt(CODE + 6 + rex.length) + 0x10010n);
    }
  });
});

describe("a Pentium III", () => {
  it("has no DAZ: MXCSR refuses it, and FXSAVE tells no mask", () => {
    for (const [text, daz] of [
      ["pentium3", false],
      ["pentium3,vendor=amd", false],
      ["core2", true],
    ] as const) {
      const machine = machineOf(text);
      machine.cr4 = 0x200;
      machine.machine.write(DATA, Uint8Array.of(0xc0, 0x1f, 0, 0));
      machine.set(RAX, BigInt(DATA));
      // LDMXCSR [EAX]
      expect(machine.step(0x0f, 0xae, 0x10)).toBe(daz ? -1 : GP);
      // FXSAVE [EAX]
      expect(machine.step(0x0f, 0xae, 0x00)).toBe(-1);
      expect(machine.machine.view.getUint32(DATA + 28, true)).toBe(daz ? 0xffff : 0);
    }
  });

  it("has 36 bits of physical address, by its MTRRs", () => {
    const PHYSMASK0 = 0x201;
    for (const [text, bits] of [
      ["pentium3", 36n],
      ["core2", 36n],
      ["x86-64-v2", 40n],
    ] as const) {
      const machine = machineOf(text);
      expect(machine.wrmsr(PHYSMASK0, (1n << (bits - 1n)) | 0x800n)).toBe(true);
      expect(machine.wrmsr(PHYSMASK0, (1n << bits) | 0x800n)).toBe(false);
    }
  });

  it("of AMD's has the clock control that Linux looks for", () => {
    expect(machineOf("pentium3,vendor=amd").wrmsr(0xc001001b, 0x2000_0001n)).toBe(true);
    expect(machineOf("core2,vendor=amd").wrmsr(0xc001001b, 0x2000_0001n)).toBe(false);
  });
});

describe("CPUID", () => {
  it("tells the vendor", () => {
    const vendorOf = (text: string): string => {
      const [, b, c, d] = machineOf(text).cpuid(0);
      const bytes = new Uint8Array(Uint32Array.of(b, d, c).buffer);
      return String.fromCharCode(...bytes);
    };
    expect(vendorOf("core2")).toBe("GenuineIntel");
    expect(vendorOf("core2,vendor=amd")).toBe("AuthenticAMD");
  });

  it("above the highest leaf answers as the highest on Intel's, with zeros on AMD's", () => {
    const intel = machineOf("pentium3");
    expect(intel.cpuid(0x80000000)).toEqual(intel.cpuid(2));
    expect(intel.cpuid(2)[0]).not.toBe(0);
    expect(machineOf("pentium3,vendor=amd").cpuid(100)).toEqual([0, 0, 0, 0]);
  });

  it("tells the local APIC while that is enabled", () => {
    for (const text of ["x86-64-v2", "x86-64-v2,vendor=amd"]) {
      const machine = machineOf(text);
      const told = (leaf: number): number => machine.cpuid(leaf)[3] & (1 << 9);
      expect(told(1)).not.toBe(0);
      expect(told(0x80000001) !== 0).toBe(text !== "x86-64-v2");
      machine.machine.msrs.set(0x1b, 0xfee0_0100n);
      expect([told(1), told(0x80000001)]).toEqual([0, 0]);
    }
  });

  it("tells caches by subleaf, until there are no more", () => {
    for (const [text, leaf] of [
      ["x86-64-v2", 4],
      ["x86-64-v2,vendor=amd", 0x8000001d],
    ] as const) {
      const machine = machineOf(text);
      const sizes = [0, 1, 2, 3, 4].map((subleaf) => {
        const [a, b, c] = machine.cpuid(leaf, subleaf);
        if ((a & 31) === 0) return 0;
        return ((b >>> 22) + 1) * ((b & 0xfff) + 1) * (c + 1);
      });
      expect(sizes[0]).toBe(32 * 1024);
      expect(sizes[3]).toBe(8192 * 1024);
      expect(sizes[4]).toBe(0);
    }
  });

  it("has OSXSAVE as CR4 has it", () => {
    const machine = machineOf("x86-64-v2");
    machine.cr4 = 0;
    expect(machine.cpuid(1)[2] & (1 << 27)).toBe(0);
    machine.cr4 = CR4_USER;
    expect(machine.cpuid(1)[2] & (1 << 27)).toBe(1 << 27);
    expect(machine.cpuid(13)).toEqual([3, 576, 576, 0]);
  });

  it("tells what x86-64-v3 adds", () => {
    for (const vendor of ["", ",vendor=amd"]) {
      const added = (leaf: number, register: number): number =>
        machineOf(`x86-64-v3${vendor}`).cpuid(leaf)[register]! ^
        machineOf(`x86-64-v2${vendor}`).cpuid(leaf)[register]!;
      // FMA, AVX, F16C; BMI1, AVX2, BMI2.
      expect(added(1, 2) >>> 0).toBe((1 << 12) | (1 << 28) | (1 << 29));
      expect(added(7, 1) >>> 0).toBe((1 << 3) | (1 << 5) | (1 << 8));
      expect([added(1, 3), added(7, 2), added(0x80000001, 2)]).toEqual([0, 0, 0]);
    }
  });

  it("tells how long XSAVE's images are, with what is enabled and at most", () => {
    const machine = machineOf("x86-64-v3");
    const { cpu } = machine.machine;
    cpu.set64(XCR0, 3n);
    expect(machine.cpuid(13)).toEqual([7, 576, 832, 0]);
    expect(machine.cpuid(13, 1)).toEqual([15, 576, 0, 0]);
    cpu.set64(XCR0, 7n);
    expect(machine.cpuid(13)).toEqual([7, 832, 832, 0]);
    expect(machine.cpuid(13, 1)).toEqual([15, 832, 0, 0]);
    expect(machine.cpuid(13, 2)).toEqual([256, 576, 0, 0]);
    expect(machine.cpuid(13, 3)).toEqual([0, 0, 0, 0]);
    expect(machineOf("x86-64-v2").cpuid(13, 2)).toEqual([0, 0, 0, 0]);
  });
});

describe("model-specific registers", () => {
  it("tell Intel's systems that nothing is speculated, and AMD's by CPUID", () => {
    const intel = machineOf("x86-64-v2");
    expect(intel.cpuid(7)[3] & (1 << 29)).not.toBe(0);
    // RDCL_NO, IBRS_ALL, SSB_NO, MDS_NO, TAA_NO.
    expect(intel.rdmsr(0x10a)! & 0x133n).toBe(0x133n);
    expect(intel.wrmsr(0x10a, 0n)).toBe(false);
    expect(machineOf("x86-64-v2,vendor=amd").rdmsr(0x10a)).toBeUndefined();
    expect(machineOf("core2").rdmsr(0x10a)).toBeUndefined();
  });

  it("have a switch for what the history of branches tells, which kernels prefer to clearing it themselves", () => {
    const machine = machineOf("x86-64-v2");
    expect(machine.cpuid(7)[0]).toBe(2);
    expect(machine.cpuid(7, 1)).toEqual([0, 0, 0, 0]);
    expect(machine.cpuid(7, 2)[3]).toBe(1 << 4);
    expect(machine.wrmsr(0x48, 1n << 10n)).toBe(true);
    expect(machine.rdmsr(0x48)).toBe(1n << 10n);
  });

  it("switch features by IA32_MISC_ENABLE", () => {
    const machine = machineOf("x86-64-v2");
    const MISC = 0x1a0;
    const original = machine.rdmsr(MISC)!;
    const last = machine.cpuid(0)[0];
    expect(last).toBeGreaterThan(2);
    expect(machine.wrmsr(MISC, original | (1n << 22n))).toBe(true);
    expect(machine.cpuid(0)[0]).toBe(2);
    expect(machine.cpuid(7)).toEqual(machine.cpuid(2));
    expect(machine.wrmsr(MISC, original | (1n << 34n))).toBe(true);
    expect(machine.cpuid(0)[0]).toBe(last);
    expect(machine.cpuid(0x80000001)[3] & (1 << 20)).toBe(0);
    expect(machine.wrmsr(0xc0000080, 0x800n)).toBe(false);
    expect(machine.wrmsr(MISC, original)).toBe(true);
    expect(machine.cpuid(0x80000001)[3] & (1 << 20)).not.toBe(0);
    expect(machine.wrmsr(0xc0000080, 0x800n)).toBe(true);
    // There are neither BTS nor PEBS to switch on.
    expect(machine.wrmsr(MISC, original & ~0x1800n)).toBe(false);
  });

  it("of machine checks on Intel's enable all of a bank's errors or none", () => {
    for (const [text, taken] of [
      ["x86-64-v2", false],
      ["x86-64-v2,vendor=amd", true],
    ] as const) {
      const machine = machineOf(text);
      expect(machine.wrmsr(0x400, 0n)).toBe(true);
      expect(machine.wrmsr(0x400, ~0n & 0xffff_ffff_ffff_ffffn)).toBe(true);
      expect(machine.wrmsr(0x400, 1n)).toBe(taken);
      expect(machine.wrmsr(0x401, 1n)).toBe(false);
    }
  });

  it("have the Pentium's for machine checks, which are those of the first bank", () => {
    for (const text of ["pentium3", "pentium3,vendor=amd", "x86-64-v2"]) {
      const machine = machineOf(text);
      expect([machine.rdmsr(0), machine.rdmsr(1)]).toEqual([0n, 0n]);
      expect(machine.wrmsr(0, 0x1234n)).toBe(true);
      expect(machine.rdmsr(0x402)).toBe(0x1234n);
      expect([machine.wrmsr(1, 0n), machine.wrmsr(1, 1n)]).toEqual([true, false]);
    }
    expect(machineOf("i486").step(0x0f, 0x32)).toBe(UD);
  });

  it("have reserved bits, and commands cannot be read", () => {
    const machine = machineOf("x86-64-v2");
    expect(machine.wrmsr(0x48, 7n)).toBe(true);
    expect(machine.rdmsr(0x48)).toBe(7n);
    expect(machine.wrmsr(0x48, 8n)).toBe(false);
    expect(machine.wrmsr(0x49, 1n)).toBe(true);
    expect(machine.rdmsr(0x49)).toBeUndefined();
    machine.machine.cpu.reset();
    machine.reset();
    expect(machine.rdmsr(0x48)).toBe(0n);
  });

  it("that another vendor's or an older model has are not there", () => {
    // HWCR, IA32_MISC_ENABLE, EFER, IA32_SYSENTER_CS, LSTAR.
    const there = (text: string): boolean[] =>
      [0xc0010015, 0x1a0, 0xc0000080, 0x174, 0xc0000082].map(
        (number) => machineOf(text).rdmsr(number) !== undefined,
      );
    expect(there("pentium3")).toEqual([false, false, false, true, false]);
    expect(there("pentium3,vendor=amd")).toEqual([true, false, true, true, false]);
    expect(there("core2")).toEqual([false, true, true, true, true]);
    expect(there("core2,vendor=amd")).toEqual([true, false, true, true, true]);
  });

  it("refuse what EFER, PAT and the MTRRs cannot hold", () => {
    const machine = machineOf("x86-64-v2");
    expect(machine.wrmsr(0xc0000080, 0x901n)).toBe(true);
    expect(machine.wrmsr(0xc0000080, 0x2n)).toBe(false);
    expect(machine.wrmsr(0xc0000080, 1n << 21n)).toBe(false);
    expect(machineOf("x86-64-v2,vendor=amd").wrmsr(0xc0000080, 1n << 21n)).toBe(true);
    expect(machine.wrmsr(0x277, 0x0007040600070406n)).toBe(true);
    expect(machine.wrmsr(0x277, 0x0007040600070403n)).toBe(false);
    expect(machine.wrmsr(0x277, 0x0807040600070406n)).toBe(false);
    // PHYSBASE0, PHYSMASK0, FIX64K, DEF_TYPE.
    expect(machine.wrmsr(0x200, 0xc0000006n)).toBe(true);
    expect(machine.wrmsr(0x200, 0xc0000002n)).toBe(false);
    expect(machine.wrmsr(0x201, 0xffc0000800n)).toBe(true);
    expect(machine.wrmsr(0x201, 1n << 40n)).toBe(false);
    expect(machine.wrmsr(0x250, 0x0606060606060607n)).toBe(false);
    expect(machine.wrmsr(0x2ff, 0xc06n)).toBe(true);
    expect(machine.wrmsr(0x2ff, 0x1006n)).toBe(false);
  });

  it("count nothing in the counters of the P6 and the K7, which RDPMC reads", () => {
    const p6 = machineOf("pentium3");
    expect(p6.wrmsr(0xc1, 0x1234n)).toBe(true);
    p6.set(RCX, 0n);
    expect(p6.step(0x0f, 0x33)).toBe(-1);
    expect(p6.get(RAX)).toBe(0x1234n);
    p6.set(RCX, 2n);
    expect(p6.step(0x0f, 0x33)).toBe(GP);
    const modern = machineOf("x86-64-v2");
    modern.set(RCX, 0n);
    expect(modern.step(0x0f, 0x33)).toBe(GP);
  });
});

describe("fast calls in long mode", () => {
  it("SYSENTER is Intel's", () => {
    for (const [text, vector] of [
      ["x86-64-v2", -1],
      ["x86-64-v2,vendor=amd", UD],
    ] as const) {
      const machine = machineOf(text);
      machine.wrmsr(0x174, 8n);
      machine.enterLong();
      expect(machine.step(0x0f, 0x34)).toBe(vector);
    }
  });

  it("SYSRET of AMD's leaves all of SS but its selector", () => {
    const attributes = (text: string): number => {
      const machine = machineOf(text);
      machine.wrmsr(0xc0000080, 1n);
      machine.wrmsr(0xc0000081, 0x0010_0008_0000_0000n);
      machine.enterLong();
      machine.machine.cpu.set32(SEGMENTS + 2 * SEGMENT_SIZE + SEGMENT_ATTRIBUTES, 0x1_0000);
      machine.set(RCX, 0x1000n);
      machine.set(11, 0x202n);
      expect(machine.step(0x48, 0x0f, 0x07)).toBe(-1);
      return machine.machine.cpu.get32(SEGMENTS + 2 * SEGMENT_SIZE + SEGMENT_ATTRIBUTES);
    };
    expect(attributes("x86-64-v2")).toBe(0xc0f3);
    expect(attributes("x86-64-v2,vendor=amd")).toBe(0x1_0000);
  });

  it("SYSRET to an address that is not canonical is #GP at once on Intel's, at the next fetch on AMD's", () => {
    for (const [text, vector] of [
      ["x86-64-v2", GP],
      ["x86-64-v2,vendor=amd", -1],
    ] as const) {
      const machine = machineOf(text);
      machine.wrmsr(0xc0000080, 1n);
      machine.enterLong();
      machine.set(RCX, 1n << 50n);
      expect(machine.step(0x48, 0x0f, 0x07)).toBe(vector);
    }
  });
});

describe("FS and GS base", () => {
  it("need CR4.FSGSBASE, and canonical addresses", () => {
    const machine = machineOf("x86-64-v2");
    machine.enterLong(3);
    machine.cr4 = 0x600;
    expect(machine.step(0xf3, 0x48, 0x0f, 0xae, 0xd0)).toBe(UD);
    machine.cr4 = CR4_USER;
    machine.set(RAX, 0xffff_8000_1234_5678n);
    expect(machine.step(0xf3, 0x48, 0x0f, 0xae, 0xd0)).toBe(-1);
    expect(machine.step(0xf3, 0x48, 0x0f, 0xae, 0xc3)).toBe(-1);
    expect(machine.get(RBX)).toBe(0xffff_8000_1234_5678n);
    expect(machine.step(0xf3, 0x0f, 0xae, 0xc3)).toBe(-1);
    expect(machine.get(RBX)).toBe(0x1234_5678n);
    machine.set(RAX, 1n << 47n);
    expect(machine.step(0xf3, 0x48, 0x0f, 0xae, 0xd8)).toBe(GP);
    expect(machine.step(0x0f, 0xae, 0xc3)).toBe(UD);
  });
});

describe("MONITOR and MWAIT", () => {
  const MONITOR = [0x0f, 0x01, 0xc8];
  const MWAIT = [0x0f, 0x01, 0xc9];
  const switchedOn = (): ModelMachine => {
    const machine = machineOf("x86-64-v2");
    machine.wrmsr(0x1a0, machine.rdmsr(0x1a0)! | (1n << 18n));
    machine.set(RAX, BigInt(DATA));
    machine.set(RCX, 0n);
    return machine;
  };

  it("are there, and told, once IA32_MISC_ENABLE says so, at level 0", () => {
    const off = machineOf("x86-64-v2");
    expect(off.cpuid(1)[2] & 8).toBe(0);
    expect([off.step(...MONITOR), off.step(...MWAIT)]).toEqual([UD, UD]);
    const on = switchedOn();
    expect(on.cpuid(1)[2] & 8).toBe(8);
    on.set(RAX, BigInt(DATA));
    on.set(RCX, 0n);
    expect([on.step(...MONITOR), on.step(...MWAIT)]).toEqual([-1, -1]);
    expect(on.machine.cpu.halted).toBe(0);
    on.enterLong(3);
    expect([on.step(...MONITOR), on.step(...MWAIT)]).toEqual([UD, UD]);
    expect(machineOf("x86-64-v2,vendor=amd").step(...MONITOR)).toBe(UD);
  });

  it("know no extensions in ECX, and MONITOR looks at its operand", () => {
    const machine = switchedOn();
    machine.set(RCX, 1n);
    expect([machine.step(...MONITOR), machine.step(...MWAIT)]).toEqual([GP, GP]);
    machine.set(RCX, 0n);
    machine.enterLong();
    machine.set(RAX, 1n << 47n);
    expect(machine.step(...MONITOR)).toBe(GP);
  });
});

describe("RDRAND and RDSEED", () => {
  it("write what the host has drawn, in the operand's width, and set CF alone", () => {
    const machine = machineOf("x86-64-v2");
    machine.enterLong();
    machine.set(RAX, ~0n);
    machine.machine.randoms.push(0x1111_2222_3333_4444n, 0x5555_6666_7777_8888n, 0x9999_aaaa_bbbb_ccccn);
    machine.machine.cpu.eflags = 0x8d6;
    expect(machine.step(0x66, 0x0f, 0xc7, 0xf0)).toBe(-1);
    expect(machine.machine.cpu.eflags & 0x8d5).toBe(1);
    expect(machine.get(RAX)).toBe(0xffff_ffff_ffff_4444n);
    machine.step(0x0f, 0xc7, 0xf8);
    expect(machine.get(RAX)).toBe(0x7777_8888n);
    machine.step(0x48, 0x0f, 0xc7, 0xf0);
    expect(machine.get(RAX)).toBe(0x9999_aaaa_bbbb_ccccn);
    expect(machine.step(0xf3, 0x0f, 0xc7, 0xf8)).toBe(UD);
  });
});

describe("what an older model takes for an older instruction", () => {
  it("TZCNT and LZCNT are BSF and BSR with a prefix that is ignored", () => {
    const run = (text: string, opcode: number): bigint => {
      const machine = machineOf(text);
      machine.set(RAX, 0x10n);
      machine.step(0xf3, 0x0f, opcode, 0xd8);
      return machine.get(RBX);
    };
    expect(run("core2", 0xbd)).toBe(4n);
    expect(run("x86-64-v2", 0xbd)).toBe(27n);
    expect(run("x86-64-v2", 0xbc)).toBe(4n);
  });
});

describe("long mode", () => {
  it("is not there on 32-bit models", () => {
    const machine = machineOf("pentium3,vendor=amd");
    expect(machine.wrmsr(0xc0000080, 0x100n)).toBe(false);
    expect(machine.machine.cpu.get64(EFER)).toBe(0n);
  });
});
