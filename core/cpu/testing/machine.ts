// A processor with nothing but RAM, for tests.

import { Cpu, type CpuHost } from "../cpu.ts";
import {
  CPL,
  CR0,
  CR4,
  PAGE_READ,
  PAGE_WRITE,
  PHYSICAL_MAP,
  RAM,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
} from "../layout.ts";

const PAGE = 0x1000;
const WASM_PAGE = 0x10000;

/** CR0 with PE, MP, ET and NE; CR4 with OSFXSR and OSXMMEXCPT. */
const CR0_PROTECTED = 0x33n;
const CR4_SIMD = 0x600n;

/** Attributes of flat 32-bit segments, less their DPL. */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;

export class TestMachine {
  readonly cpu: Cpu;
  /** RAM from physical address 0. */
  readonly ram: Uint8Array;
  readonly ramView: DataView;

  /** `ramBytes` is a multiple of 64 KiB; `host` replaces what reads as ones and ignores writes. */
  constructor(ramBytes = 0x400000, host: Partial<CpuHost> = {}) {
    const memory = new WebAssembly.Memory({ initial: (RAM + ramBytes) / WASM_PAGE });
    const map = new Uint32Array(memory.buffer, PHYSICAL_MAP, ramBytes / PAGE);
    for (let page = 0; page < map.length; page++) map[page] = (RAM + page * PAGE) | PAGE_READ | PAGE_WRITE;
    this.ram = new Uint8Array(memory.buffer, RAM, ramBytes);
    this.ramView = new DataView(memory.buffer, RAM, ramBytes);
    this.cpu = new Cpu({
      memory,
      mmioRead: () => 0xffffffff,
      mmioWrite: () => {},
      portRead: () => 0xffffffff,
      portWrite: () => {},
      acknowledge: () => 0xff,
      timeStamp: (instructions) => BigInt(instructions),
      readMsr: () => undefined,
      writeMsr: () => false,
      taskPriority: 0,
      floatingPointError: () => false,
      log: () => {},
      ...host,
    });
  }

  /** Puts bytes at a physical address, as a bus master does. */
  write(address: number, bytes: ArrayLike<number>): void {
    this.cpu.runtime.physicalWrite(address, bytes.length);
    this.ram.set(bytes, address);
  }

  setSegment(number: number, selector: number, base: number, limit: number, attributes: number): void {
    const place = SEGMENTS + number * SEGMENT_SIZE;
    this.cpu.set64(place + SEGMENT_BASE, BigInt(base));
    this.cpu.set32(place + SEGMENT_LIMIT, limit);
    this.cpu.set32(place + SEGMENT_SELECTOR, selector);
    this.cpu.set32(place + SEGMENT_ATTRIBUTES, attributes);
  }

  /** Flat 32-bit protected mode without paging, at a privilege level, with x87 and SSE in use. */
  enterFlat32(privilege: 0 | 3 = 0): void {
    const level = privilege << 5;
    for (let number = 0; number < 6; number++) {
      const code = number === 1;
      const selector = (code ? 0x8 : 0x10) | privilege;
      this.setSegment(number, selector, 0, 0xffffffff, (code ? FLAT_CODE : FLAT_DATA) | level);
    }
    this.cpu.set64(CR0, CR0_PROTECTED);
    this.cpu.set64(CR4, CR4_SIMD);
    this.cpu.set32(CPL, privilege);
    this.cpu.runtime.flushTlb();
    this.cpu.runtime.updateMode();
  }

  /** Runs the one instruction at an address; the vector of the exception that it meets, or -1. */
  step(address: number): number {
    this.cpu.set64(RIP, BigInt(address));
    return this.cpu.step();
  }
}
