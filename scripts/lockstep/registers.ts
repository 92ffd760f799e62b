// What of the registers is compared, in one form for both machines.

/** Without an entry a register is not known (those beyond 32-bit code). */
export type State = ReadonlyMap<string, bigint>;

export const GENERAL = [
  ...["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"],
  ...["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"],
];
export const SEGMENTS = ["cs", "ss", "ds", "es", "fs", "gs"];
const XMM = Array.from({ length: 16 }, (_, n) => `xmm${n}`);
const CONTROL = ["cr0", "cr3", "cr4", "efer", "fs_base", "gs_base", "k_gs_base"];
export const COMPARED = [...GENERAL, "rip", "eflags", ...SEGMENTS, ...CONTROL, ...XMM, "mxcsr"];

/** CF PF AF ZF SF OF. */
export const ARITHMETIC_FLAGS = 0x8d5n;
/** Bit 1 is always set; RF comes and goes with how a machine is stepped. */
const FLAGS_COMPARED = ~0x10002n;
/** CR0.ET and EFER.LMA are as the mode has them. */
const UPPER = new Set(GENERAL.slice(8));

/** Names of the registers that differ; in other than 64-bit code only the lower halves of the first eight count. */
export function differences(ours: State, theirs: State, codeSize: number): string[] {
  return COMPARED.filter((name) => {
    let a = ours.get(name);
    let b = theirs.get(name);
    if (a === undefined || b === undefined) return false;
    if (codeSize !== 64) {
      if (UPPER.has(name) || name.startsWith("xmm")) return false;
      if (GENERAL.includes(name) || name === "rip") {
        a &= 0xffffffffn;
        b &= 0xffffffffn;
      }
    }
    return name === "eflags" ? ((a ^ b) & FLAGS_COMPARED) !== 0n : a !== b;
  });
}

/** A line a register that differs. */
export const describe = (names: readonly string[], ours: State, theirs: State): string[] =>
  names.map((name) => {
    const text = (state: State) => (state.get(name) ?? 0n).toString(16).padStart(16, "0");
    return `  ${name.padEnd(9)} Twinbox ${text(ours)}  QEMU ${text(theirs)}`;
  });
