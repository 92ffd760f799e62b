// A world with paging for tests: two MiB mapped to themselves by pages of 4 KiB, in any of the paging modes, where
// each entry may be set by hand, and 64-bit code with an interrupt table whose handlers halt.

import type { Assembler } from "../../assembler/assembler.ts";
import { CPL, CR0, CR2, CR3, CR4, EFER, GPR, IDTR_BASE, IDTR_LIMIT, PDPTE } from "../layout.ts";
import { cpuModel } from "../models/catalogue.ts";
import type { Feature } from "../models/features.ts";
import { writeModel } from "../models/write-model.ts";
import {
  CODE,
  DATA0,
  DATA3,
  FREE,
  HANDLERS,
  INNER_STACKS,
  STACK,
  TSS,
  USER_STACK,
  World,
} from "./protected-world.ts";

const CORE2 = cpuModel({ model: "core2", vendor: "intel" });

export const PML4 = 0x100000;
export const PDPT = 0x101000;
export const DIRECTORY = 0x102000;
export const TABLE = 0x103000;
/** Of 32-bit paging, whose entries have 4 bytes. */
export const DIRECTORY_32 = 0x104000;
export const TABLE_32 = 0x105000;

/** A page that tests may use, and where it is in {@link TABLE}. */
export const PAGE = 0x80000;
export const PAGE_ENTRY: number = TABLE + (PAGE >> 12) * 8;

// Bits of a paging entry.
export const P = 1n;
export const W = 2n;
export const U = 4n;
export const A = 0x20n;
export const D = 0x40n;
export const PS = 0x80n;
export const G = 0x100n;
export const XD: bigint = 1n << 63n;

// Bits of CR4.
export const PSE = 0x10;
export const PAE = 0x20;
export const PGE = 0x80;
export const UMIP = 0x800;
export const PCIDE = 0x20000;
export const SMEP = 0x100000;
export const SMAP = 0x200000;

export const CODE64_0 = FREE;
export const CODE64_3: number = (FREE + 8) | 3;
const IDT64 = 0x16000;
const CR0_PAGED = 0x80010011;
const CR0_AM = 0x40000;
const LONG_WITH_NX = 0xd00;
/** The vectors whose handlers find an error code. */
const WITH_ERROR = [8, 10, 11, 12, 13, 14, 17];

export interface Fault {
  vector: number;
  error: number | undefined;
  cr2: bigint;
}

export class PagedWorld extends World {
  /** Whether code runs with CR0.AM. */
  alignmentMask = false;

  override reset(features: readonly Feature[] = []): void {
    super.reset();
    const { machine } = this;
    const { cpu, view } = machine;
    writeModel(new DataView(view.buffer), cpu.base, {
      ...CORE2,
      features: new Set([...CORE2.features, ...features]),
    });
    this.setEntry(PML4, BigInt(PDPT) | P | W | U);
    this.setEntry(PDPT, BigInt(DIRECTORY) | P | W | U);
    this.setEntry(DIRECTORY, BigInt(TABLE) | P | W | U);
    view.setUint32(DIRECTORY_32, TABLE_32 | 7, true);
    for (let n = 0; n < 512; n++) {
      this.setEntry(TABLE + n * 8, BigInt(n << 12) | P | W | U);
      view.setUint32(TABLE_32 + n * 4, (n << 12) | 7, true);
    }
    this.setDescriptor(CODE64_0, 0x00af9b000000ffffn);
    this.setDescriptor(CODE64_3, 0x00affb000000ffffn);
    view.setBigUint64(TSS + 4, BigInt(INNER_STACKS[0]), true);
    for (let vector = 0; vector < 256; vector++) {
      const handler = BigInt(HANDLERS + vector * 16);
      const low =
        (handler & 0xffffn) | (BigInt(CODE64_0) << 16n) | (0x8en << 40n) | ((handler >> 16n) << 48n);
      view.setBigUint64(IDT64 + vector * 16, low, true);
    }
  }

  setEntry(place: number, value: bigint): void {
    this.machine.view.setBigUint64(place, BigInt.asUintN(64, value), true);
  }

  entry(place: number): bigint {
    return this.machine.view.getBigUint64(place, true);
  }

  register(number: number): bigint {
    return this.machine.cpu.get64(GPR + number * 8);
  }

  /** 32-bit code at a privilege level under 32-bit paging, or PAE paging if `cr4` says so, until it halts. */
  runPaged(code: (a: Assembler) => void, level: 0 | 3 = 0, cr4 = 0, efer = 0): void {
    this.#enable(cr4, efer, cr4 & PAE ? PDPT : DIRECTORY_32);
    if (cr4 & PAE) this.machine.cpu.set64(PDPTE, BigInt(DIRECTORY) | P);
    this.run(code, level);
  }

  /** The same for 64-bit code under 4-level paging. */
  run64(code: (a: Assembler) => void, level: 0 | 3 = 0, cr4 = 0): void {
    const { machine } = this;
    const { cpu } = machine;
    this.#enable(cr4 | PAE, LONG_WITH_NX, PML4);
    cpu.set64(IDTR_BASE, BigInt(IDT64));
    cpu.set32(IDTR_LIMIT, 0xfff);
    machine.write(CODE, new Uint8Array(0x200).fill(0xf4));
    machine.assemble(CODE, 64, code);
    const selector = level ? CODE64_3 : CODE64_0;
    this.setRegister(1, selector, this.descriptorOf(selector));
    const data = level ? DATA3 : DATA0;
    for (const number of [0, 2, 3, 4, 5]) this.setRegister(number, data, this.descriptorOf(data));
    cpu.set32(CPL, level);
    cpu.set64(GPR + 32, BigInt(level ? USER_STACK : STACK));
    machine.ip = CODE;
    cpu.unhalt();
    cpu.runtime.updateMode();
    machine.run();
  }

  #enable(cr4: number, efer: number, directory: number): void {
    const { cpu } = this.machine;
    cpu.set64(CR3, BigInt(directory));
    cpu.set64(CR4, BigInt(cr4));
    cpu.set64(EFER, BigInt(efer));
    cpu.set64(CR0, BigInt(CR0_PAGED | (this.alignmentMask ? CR0_AM : 0)) & 0xffffffffn);
    cpu.runtime.flushTlb();
  }

  /** The fault in whose handler 64-bit code has stopped; undefined if it has come to its end. */
  get fault64(): Fault | undefined {
    const { machine } = this;
    if (machine.cpu.halted !== 1) throw new Error(`not halted, at ${machine.ip.toString(16)}`);
    const vector = (machine.ip - 1 - HANDLERS) / 16;
    if (vector < 0 || vector > 255) return undefined;
    const error = WITH_ERROR.includes(vector) ? machine.u32(Number(this.register(4))) : undefined;
    return { vector, error, cr2: machine.cpu.get64(CR2) };
  }
}
