import { describe, expect, it } from "vitest";
import type { CodeSize } from "../cpu/decode/decoder.ts";
import { disassemble } from "./disassembler.ts";

const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));

const textOf = (code: string, size: CodeSize, address = 0x1000n): string =>
  disassemble(bytesOf(code), address, size).text;

// As GNU objdump 2.40 writes them; scripts/disassembly/compare.ts compares whole programs.
const CASES: Record<CodeSize, [string, string][]> = {
  16: [
    ["8b 46 fe", "mov ax,WORD PTR [bp-0x2]"],
    ["66 8b 46 fe", "mov eax,DWORD PTR [bp-0x2]"],
    ["67 8b 44 8b 10", "mov ax,WORD PTR [ebx+ecx*4+0x10]"],
    ["ea 5b e0 00 f0", "jmp 0xf000:0xe05b"],
    ["ff 2e 34 12", "jmp DWORD PTR ds:0x1234"],
    ["e8 fd ff", "call 0x1000"],
    ["f3 a5", "rep movs WORD PTR es:[di],WORD PTR ds:[si]"],
    ["2e d7", "xlat BYTE PTR cs:[bx]"],
    ["98", "cbw"],
    ["cf", "iret"],
    ["66 cf", "iretd"],
  ],
  32: [
    ["83 c0 ff", "add eax,0xffffffff"],
    ["64 a1 28 00 00 00", "mov eax,fs:0x28"],
    ["f0 0f c1 03", "lock xadd DWORD PTR [ebx],eax"],
    ["8d 04 9d 00 01 00 00", "lea eax,[ebx*4+0x100]"],
    ["0f b6 c9", "movzx ecx,cl"],
    ["0f 94 c6", "sete dh"],
    ["c4 08", "les ecx,FWORD PTR [eax]"],
    ["06", "push es"],
    ["0f a9", "pop gs"],
    ["8e d8", "mov ds,eax"],
    ["0f 22 e0", "mov cr4,eax"],
    ["d8 c1", "fadd st,st(1)"],
    ["dc c1", "fadd st(1),st"],
    ["de c1", "faddp st(1),st"],
    ["df e9", "fucomip st,st(1)"],
    ["db 2c 24", "fld TBYTE PTR [esp]"],
    ["f2 ae", "repnz scas al,BYTE PTR es:[edi]"],
    ["ed", "in eax,dx"],
    ["c8 10 00 01", "enter 0x10,0x1"],
    ["0f c2 c8 01", "cmpltps xmm1,xmm0"],
    ["90", "nop"],
    ["f3 90", "pause"],
    ["67 e3 05", "jcxz 0x1008"],
  ],
  64: [
    ["48 b8 88 77 66 55 44 33 22 11", "movabs rax,0x1122334455667788"],
    ["48 8b 05 10 00 00 00", "mov rax,QWORD PTR [rip+0x10]"],
    ["65 48 8b 04 25 28 00 00 00", "mov rax,QWORD PTR gs:0x28"],
    ["40 88 f4", "mov spl,sil"],
    ["44 88 e0", "mov al,r12b"],
    ["6a ff", "push 0xffffffffffffffff"],
    ["48 63 c8", "movsxd rcx,eax"],
    ["48 cf", "iretq"],
    ["48 0f ae 00", "fxsave64 [rax]"],
    ["f3 0f 1e fa", "endbr64"],
    ["0f 05", "syscall"],
    ["66 41 0f 6f 04 24", "movdqa xmm0,XMMWORD PTR [r12]"],
    ["66 49 0f 7e c4", "movq r12,xmm0"],
    ["f2 48 0f 2a c8", "cvtsi2sd xmm1,rax"],
    ["e9 fb ff ff ff", "jmp 0x1000"],
    ["48 0f c7 0f", "cmpxchg16b OWORD PTR [rdi]"],
  ],
};

describe.each([16, 32, 64] as const)("%i-bit code", (size) => {
  it.each(CASES[size])("%s is %s", (code, text) => {
    expect(textOf(code, size)).toBe(text);
    expect(disassemble(bytesOf(code), 0n, size).length).toBe(bytesOf(code).length);
  });
});

it("targets wrap at the ends of the address space", () => {
  expect(textOf("eb 7f", 64, 0xffff_ffff_ffff_fff0n)).toBe("jmp 0x71");
  expect(textOf("eb 7f", 32, 0xffff_fff0n)).toBe("jmp 0x71");
  expect(textOf("eb 7f", 16, 0xf_fff0n)).toBe("jmp 0xf0071");
});

it("what is no instruction, or is cut off, is one bad byte", () => {
  expect(disassemble(bytesOf("0f ff"), 0n, 32)).toEqual({ length: 1, text: "(bad)" });
  expect(disassemble(bytesOf("b8 01"), 0n, 32)).toEqual({ length: 1, text: "(bad)" });
  expect(disassemble(bytesOf("06"), 0n, 64)).toEqual({ length: 1, text: "(bad)" });
});
