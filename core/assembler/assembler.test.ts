import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Assembler } from "./assembler.ts";
import type { Mnemonic } from "./instructions.ts";
import { type Bits, far, type Operand } from "./operands.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function one(bits: Bits, mnemonic: Mnemonic, ...operands: Operand[]): string {
  const a = new Assembler({ bits });
  a.instruction(mnemonic, ...operands);
  return hex(a.assemble());
}

type Line = [Mnemonic, ...Operand[]];

const everywhere: Line[] = [
  ["mov", "al", 5],
  ["mov", "ah", "bl"],
  ["mov", "eax", 0x12345678],
  ["mov", "cx", 0xffff],
  ["mov", "edx", "ecx"],
  ["mov", "ds", "ax"],
  ["mov", "ax", "es"],
  ["mov", "byte [eax]", 7],
  ["mov", "word [eax+ecx*4-8]", 0x1234],
  ["mov", "dword [esp+4]", 1],
  ["mov", "dword [fs:ebp]", -1],
  ["mov", "cl", "[edx*8+0x100]"],
  ["movzx", "eax", "byte [ecx]"],
  ["movzx", "eax", "bx"],
  ["movsx", "edx", "word [esi+0x80]"],
  ["lea", "eax", "[ebx+esi*2+1]"],
  ["add", "al", 1],
  ["add", "eax", 1000],
  ["add", "ebx", 100],
  ["sub", "cx", 0x1000],
  ["xor", "word [ebx]", -2],
  ["cmp", "byte [ecx+1]", "dl"],
  ["adc", "edx", "[esi]"],
  ["sbb", "[edi]", "bp"],
  ["test", "al", 0x80],
  ["test", "dword [eax]", 0x100],
  ["test", "bx", "cx"],
  ["inc", "byte [edi]"],
  ["dec", "dword [edi]"],
  ["not", "ecx"],
  ["neg", "bl"],
  ["mul", "dword [ecx]"],
  ["imul", "eax", "ebx"],
  ["imul", "eax", "ebx", 10],
  ["imul", "cx", "[eax]", 1000],
  ["idiv", "si"],
  ["shl", "eax", 1],
  ["sar", "bl", "cl"],
  ["rcr", "word [ebx]", 3],
  ["shld", "eax", "edx", 4],
  ["shrd", "[eax]", "dx", "cl"],
  ["bt", "[eax]", "ecx"],
  ["btc", "eax", 5],
  ["bsf", "eax", "edx"],
  ["bswap", "esi"],
  ["setne", "al"],
  ["cmovg", "eax", "[ecx]"],
  ["xadd", "[eax]", "cl"],
  ["cmpxchg", "[eax]", "edx"],
  ["cmpxchg8b", "[esi]"],
  ["xchg", "eax", "ebx"],
  ["xchg", "[esi]", "cx"],
  ["push", "fs"],
  ["push", 5],
  ["push", 0x1234],
  ["in", "al", 0x60],
  ["in", "eax", "dx"],
  ["out", 0x20, "al"],
  ["out", "dx", "ax"],
  ["ret", 8],
  ["retf"],
  ["int", 0x80],
  ["iretd"],
  ["enter", 16, 0],
  ["movsb"],
  ["stosw"],
  ["lodsd"],
  ["insd"],
  ["cbw"],
  ["cdq"],
  ["lgdt", "[eax]"],
  ["lidt", "[ebx+4]"],
  ["ltr", "ax"],
  ["lldt", "[ecx]"],
  ["smsw", "ax"],
  ["lmsw", "bx"],
  ["invlpg", "[eax]"],
  ["lar", "eax", "ecx"],
  ["cpuid"],
  ["rdtsc"],
  ["wrmsr"],
  ["fnstsw", "ax"],
];

const legacy: Line[] = [
  ["mov", "eax", "cr0"],
  ["mov", "cr3", "ecx"],
  ["mov", "dr7", "eax"],
  ["mov", "al", "[0x1234]"],
  ["mov", "[0x1234]", "eax"],
  ["mov", "[0x1234]", "bl"],
  ["mov", "ax", "[bx+si]"],
  ["mov", "[es:bp]", "dl"],
  ["mov", "word [di+4]", 9],
  ["mov", "cl", "[bp+di-200]"],
  ["push", "es"],
  ["pop", "ds"],
  ["push", "dword [bx]"],
  ["push", "eax"],
  ["pop", "bx"],
  ["inc", "ax"],
  ["dec", "edi"],
  ["pushad"],
  ["popa"],
  ["daa"],
  ["aam"],
  ["les", "bx", "[si]"],
  ["lss", "esp", "[eax]"],
  ["bound", "ax", "[bx]"],
  ["arpl", "[bx]", "cx"],
  ["jmp", "word [bx]"],
  ["call", "eax"],
  ["jmp", "far dword [bx+2]"],
  ["sti"],
];

const long: Line[] = [
  ["mov", "rax", "rbx"],
  ["mov", "r8", "[r9+r10*8+0x1000]"],
  ["mov", "rax", -1],
  ["mov", "r15d", 0x80000000],
  ["mov", "sil", "dil"],
  ["mov", "r12b", "[rsp]"],
  ["mov", "qword [r13]", 5],
  ["mov", "rax", "cr4"],
  ["add", "rsp", 0x100],
  ["push", "r8"],
  ["pop", "rax"],
  ["call", "rax"],
  ["movsxd", "rax", "ecx"],
  ["imul", "r9", "[rax]", 4],
  ["cmpxchg16b", "[rdi]"],
  ["iretq"],
  ["syscall"],
  ["swapgs"],
  ["stosq"],
  ["bswap", "r11"],
  ["inc", "eax"],
  ["setb", "r9b"],
];

const hasGnu = existsSync("/usr/bin/as") && existsSync("/usr/bin/objcopy");

function gnu(bits: Bits, lines: Line[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "assembler-"));
  try {
    const source = lines.map(([mnemonic, ...operands]) => {
      const text = operands
        .map((operand) =>
          String(operand)
            .replace(/^((?:far )?)(byte|word|dword|qword) \[/, "$2 ptr [")
            .replace(/\[(\ws):(.*)\]/, "$1:[$2]")
            .replace(/^\[(0x\w+)\]$/, "ds:[$1]"),
        )
        .join(", ");
      if (String(operands[0]).startsWith("far ")) return `${mnemonic} fword ptr [bx+2]`;
      return `${mnemonic} ${text}`;
    });
    const padded = source.map((line) => `.balign 32, 0xcc\n${line}`).join("\n");
    writeFileSync(join(folder, "a.s"), `.intel_syntax noprefix\n.code${bits}\n${padded}\n.balign 32, 0xcc\n`);
    execFileSync("as", ["--64", "--no-warn", "-o", join(folder, "a.o"), join(folder, "a.s")]);
    execFileSync("objcopy", ["-O", "binary", "-j", ".text", join(folder, "a.o"), join(folder, "a.bin")]);
    const bytes = readFileSync(join(folder, "a.bin"));
    return lines.map((_, i) => bytes.subarray(32 * i, 32 * i + 32).toString("hex"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("encoding", () => {
  for (const [bits, lines] of [
    [16, [...everywhere, ...legacy]],
    [32, [...everywhere, ...legacy]],
    [64, [...everywhere, ...long]],
  ] as [Bits, Line[]][]) {
    it.skipIf(!hasGnu)(`agrees with GNU as in ${bits}-bit code`, () => {
      const expected = gnu(bits, lines);
      const mine = lines.map((line) => one(bits, ...line).padEnd(64, "cc"));
      const text = (list: string[]) =>
        lines.map((line, i) => `${line.join(" ")}: ${list[i]!.replace(/(cc)+$/, "")}`);
      expect(text(mine)).toEqual(text(expected));
    });
  }

  it("writes the manual's own examples of far pointers", () => {
    expect(one(16, "jmp", far(0xf000, 0xe05b))).toBe("ea5be000f0");
    expect(one(16, "jmp", far(8, 0x12345, 32))).toBe("66ea452301000800");
    expect(one(32, "call", far(8, 0x12345))).toBe("9a452301000800");
  });

  it("addresses from the end of the instruction in 64-bit code", () => {
    expect(one(64, "mov", "eax", "[rel 0x1000]")).toBe("8b05fa0f0000");
    expect(one(64, "cmp", "word [rel 0x1000]", 0x1234)).toBe("66813df70f00003412");
  });

  it("refuses what no form takes", () => {
    expect(() => one(32, "mov", "eax", "bl")).toThrow(/no form/);
    expect(() => one(32, "inc", "[eax]")).toThrow(/size/);
    expect(() => one(32, "mov", "rax", 1)).toThrow();
    expect(() => one(64, "mov", "ah", "r8b")).toThrow(/REX/);
    expect(() => one(16, "jmp", "nowhere")).toThrow(/no label "nowhere"/);
  });
});

describe("layout", () => {
  it("takes the short branch where it reaches and the near one where not", () => {
    const a = new Assembler({ bits: 16, origin: 0x7c00 });
    a.label("start");
    a.jmp("end");
    a.jz("start");
    a.fill(0x80, 0x90);
    a.label("end");
    a.jz("start");
    a.jmp("start");
    const bytes = a.assemble();
    expect(hex(bytes.subarray(0, 5))).toBe("e9820074fb");
    expect(hex(bytes.subarray(0x85))).toBe("0f8477ffe974ff");
  });

  it("resolves labels in data, immediates and displacements", () => {
    const a = new Assembler({ bits: 16, origin: 0x7c00 });
    a.mov("si", "table");
    a.mov("ax", "[table+2]");
    a.mov("cx", "end-table");
    a.label("table");
    a.dw("table", "end", 0x55aa);
    a.label("end");
    expect(hex(a.assemble())).toBe("be097ca10b7cb90600097c0f7caa55");
    expect(a.addressOf("end")).toBe(0x7c0f);
  });

  it("pads to addresses and says when the code before is too long", () => {
    const a = new Assembler({ bits: 16, origin: 0x100 });
    a.db("Hi", 0);
    a.align(4, 0xff);
    a.org(0x106);
    a.db(1);
    expect(hex(a.assemble())).toBe("486900ff000001");
    const b = new Assembler({ bits: 16 });
    b.fill(4);
    b.org(2);
    expect(() => b.assemble()).toThrow(/2 bytes too long/);
  });
});
