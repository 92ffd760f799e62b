// The processor's registers by the manual's names, as numbers without sign.

import { TwinboxError } from "../base/errors.ts";
import type { Cpu } from "../cpu/cpu.ts";
import {
  CR0,
  CR2,
  CR3,
  CR4,
  DR,
  EFER,
  FPU_CONTROL,
  FPU_CS,
  FPU_DP,
  FPU_DS,
  FPU_IP,
  FPU_OPCODE,
  FPU_REGISTER_SIZE,
  FPU_REGISTERS,
  FPU_STATUS,
  FPU_TAGS,
  GDTR_BASE,
  GDTR_LIMIT,
  GPR,
  IDTR_BASE,
  IDTR_LIMIT,
  KERNEL_GS_BASE,
  MXCSR,
  RIP,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
  XMM,
  YMM_HIGH,
} from "../cpu/layout.ts";

export interface Register {
  readonly name: string;
  readonly bits: number;
  get(): bigint;
  /** Absent: only to be read. */
  set?(value: bigint): void;
}

const GENERAL = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"];
const SEGMENT_REGISTERS = ["es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"];
const EFLAGS_VM = 1 << 17;

/** Registers of a processor by name: rax to r15, rip, eflags, es to tr with .base and .limit, cr0 …, st0 …, xmm0 …, and ymm0h …, the upper halves. */
export function registersOf(cpu: Cpu): ReadonlyMap<string, Register> {
  const map = new Map<string, Register>();
  const add = (name: string, bits: number, get: () => bigint, set?: (value: bigint) => void) =>
    map.set(name, { name, bits, get, ...(set && { set }) });
  const word = (name: string, place: number, bits: 16 | 32 | 64, after: () => void = () => {}) => {
    const read = () => (bits === 64 ? cpu.get64(place) : BigInt.asUintN(bits, BigInt(cpu.get32(place))));
    add(name, bits, read, (value) => {
      if (bits === 64) cpu.set64(place, value);
      else cpu.set32(place, Number(BigInt.asIntN(32, BigInt.asUintN(bits, value))));
      after();
    });
  };
  const remap = () => {
    cpu.runtime.flushTlb();
    cpu.runtime.updateMode();
  };

  for (let n = 0; n < 16; n++) word(GENERAL[n] ?? `r${n}`, GPR + n * 8, 64);
  word("rip", RIP, 64);
  add(
    "eflags",
    32,
    () => BigInt(cpu.eflags),
    (value) => {
      cpu.eflags = Number(BigInt.asUintN(32, value));
    },
  );
  SEGMENT_REGISTERS.forEach((name, n) => {
    const place = SEGMENTS + n * SEGMENT_SIZE;
    const selector = () => BigInt(cpu.get32(place + SEGMENT_SELECTOR) & 0xffff);
    add(name, 16, selector, (value) => {
      if (value === selector()) return;
      const real = !(cpu.get32(CR0) & 1) || (cpu.eflags & EFLAGS_VM) !== 0;
      if (!real || n > 5) {
        throw new TwinboxError(
          "invalid-state",
          `${name} has a descriptor: a selector alone does not load it.`,
        );
      }
      cpu.set32(place + SEGMENT_SELECTOR, Number(BigInt.asUintN(16, value)));
      cpu.set64(place + SEGMENT_BASE, BigInt.asUintN(16, value) << 4n);
      cpu.runtime.updateMode();
    });
    word(`${name}.base`, place + SEGMENT_BASE, 64, () => cpu.runtime.updateMode());
    word(`${name}.limit`, place + SEGMENT_LIMIT, 32, () => cpu.runtime.updateMode());
  });
  word("cr0", CR0, 64, remap);
  word("cr2", CR2, 64);
  word("cr3", CR3, 64, remap);
  word("cr4", CR4, 64, remap);
  word("efer", EFER, 64, remap);
  word("k_gs_base", KERNEL_GS_BASE, 64);
  word("gdtr.base", GDTR_BASE, 64);
  word("gdtr.limit", GDTR_LIMIT, 32);
  word("idtr.base", IDTR_BASE, 64);
  word("idtr.limit", IDTR_LIMIT, 32);
  for (const n of [0, 1, 2, 3, 6, 7]) word(`dr${n}`, DR + n * 8, 64, () => cpu.runtime.flushTlb());

  const top = () => (cpu.get32(FPU_STATUS) >> 11) & 7;
  for (let n = 0; n < 8; n++) {
    const place = () => FPU_REGISTERS + ((top() + n) & 7) * FPU_REGISTER_SIZE;
    add(
      `st${n}`,
      80,
      () => cpu.get64(place()) | ((cpu.get64(place() + 8) & 0xffffn) << 64n),
      (value) => {
        cpu.set64(place(), value);
        cpu.set64(place() + 8, (value >> 64n) & 0xffffn);
      },
    );
  }
  word("fctrl", FPU_CONTROL, 16);
  word("fstat", FPU_STATUS, 16);
  /** The x87's tag word: 3 empty, 1 zero, 2 special, 0 valid, two bits a register. [SDM] vol. 1, 8.1.7. */
  const tagOf = (n: number): number => {
    if ((cpu.get32(FPU_TAGS) >> n) & 1) return 3;
    const significand = cpu.get64(FPU_REGISTERS + n * FPU_REGISTER_SIZE);
    const exponent = cpu.get32(FPU_REGISTERS + n * FPU_REGISTER_SIZE + 8) & 0x7fff;
    if (exponent === 0 && significand === 0n) return 1;
    return exponent === 0 || exponent === 0x7fff || significand >> 63n === 0n ? 2 : 0;
  };
  add(
    "ftag",
    16,
    () => BigInt(Array.from({ length: 8 }, (_, n) => tagOf(n) << (2 * n)).reduce((a, b) => a | b)),
    (value) => {
      const empty = Array.from({ length: 8 }, (_, n) =>
        ((value >> BigInt(2 * n)) & 3n) === 3n ? 1 << n : 0,
      );
      cpu.set32(
        FPU_TAGS,
        empty.reduce((a, b) => a | b),
      );
    },
  );
  word("fiseg", FPU_CS, 16);
  word("fioff", FPU_IP, 64);
  word("foseg", FPU_DS, 16);
  word("fooff", FPU_DP, 64);
  word("fop", FPU_OPCODE, 16);
  const vector = (name: string, place: number) =>
    add(
      name,
      128,
      () => cpu.get64(place) | (cpu.get64(place + 8) << 64n),
      (value) => {
        cpu.set64(place, value);
        cpu.set64(place + 8, value >> 64n);
      },
    );
  for (let n = 0; n < 16; n++) {
    vector(`xmm${n}`, XMM + n * 16);
    vector(`ymm${n}h`, YMM_HIGH + n * 16);
  }
  word("mxcsr", MXCSR, 32);
  return map;
}
