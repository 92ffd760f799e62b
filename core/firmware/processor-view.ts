import type { PhysicalMemory } from "../board/memory.ts";

/**
 * The processor as a firmware service sees it at the moment a ROM stub calls: its registers, to read and to
 * change, and memory at linear addresses.
 */
export interface ProcessorView {
  /** General registers, unsigned 32 bits. Writing `eax` leaves nothing of the old value. */
  eax: number;
  ebx: number;
  ecx: number;
  edx: number;
  esi: number;
  edi: number;
  ebp: number;
  esp: number;
  /** The instruction after the one that called. */
  eip: number;
  eflags: number;
  /** Selectors. Writing one loads it as real mode does: base is 16 times the selector. */
  cs: number;
  ds: number;
  es: number;
  ss: number;
  fs: number;
  gs: number;
  /** Bases as cached by the processor (they differ from 16 times the selector after protected mode). */
  segmentBase(register: "cs" | "ds" | "es" | "ss" | "fs" | "gs"): number;
  /** Whether CR0.PE is set and EFLAGS.VM clear. */
  readonly protectedMode: boolean;
  /** Sets a model-specific register; false: there is none of this number. */
  writeMsr(number: number, value: bigint): boolean;
  /** Memory at linear addresses: through the page tables when paging is on, with A20 applied. */
  readonly linear: PhysicalMemory;
}
