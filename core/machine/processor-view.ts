// The processor as the built-in firmware's services see it.

import type { PhysicalMemory } from "../board/memory.ts";
import type { Cpu } from "../cpu/cpu.ts";
import {
  CR0,
  GPR,
  RIP,
  SEGMENT_ATTRIBUTES,
  SEGMENT_BASE,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
} from "../cpu/layout.ts";
import type { ProcessorView } from "../firmware/processor-view.ts";

const PAGE = 0x1000;
const EFLAGS_VM = 1 << 17;
const ATTRIBUTE_BIG = 0x4000;
const NUMBERS = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 } as const;
type SegmentName = keyof typeof NUMBERS;

/** Memory at linear addresses: nothing is where no page is mapped. */
class LinearMemory implements PhysicalMemory {
  readonly #cpu: Cpu;
  readonly #memory: PhysicalMemory;

  constructor(cpu: Cpu, memory: PhysicalMemory) {
    this.#cpu = cpu;
    this.#memory = memory;
  }

  #physical(linear: number): number | undefined {
    const physical = this.#cpu.runtime.peekPhysical(BigInt(linear >>> 0));
    return physical < 0n ? undefined : Number(physical);
  }

  read8(address: number): number {
    const physical = this.#physical(address);
    return physical === undefined ? 0xff : this.#memory.read8(physical);
  }

  read16(address: number): number {
    return this.read8(address) | (this.read8(address + 1) << 8);
  }

  read32(address: number): number {
    return (this.read16(address) | (this.read16(address + 2) << 16)) >>> 0;
  }

  write8(address: number, value: number): void {
    const physical = this.#physical(address);
    if (physical !== undefined) this.#memory.write8(physical, value);
  }

  write16(address: number, value: number): void {
    this.write8(address, value);
    this.write8(address + 1, value >>> 8);
  }

  write32(address: number, value: number): void {
    this.write16(address, value);
    this.write16(address + 2, value >>> 16);
  }

  read(address: number, into: Uint8Array): void {
    this.#byPage(address, into.length, (physical, done, size) => {
      const part = into.subarray(done, done + size);
      if (physical === undefined) part.fill(0xff);
      else this.#memory.read(physical, part);
    });
  }

  write(address: number, from: Uint8Array): void {
    this.#byPage(address, from.length, (physical, done, size) => {
      if (physical !== undefined) this.#memory.write(physical, from.subarray(done, done + size));
    });
  }

  #byPage(
    address: number,
    length: number,
    visit: (physical: number | undefined, done: number, size: number) => void,
  ): void {
    for (let done = 0; done < length; ) {
      const at = (address + done) % 2 ** 32;
      const size = Math.min(length - done, PAGE - (at % PAGE));
      visit(this.#physical(at), done, size);
      done += size;
    }
  }
}

/** Registers as properties, for {@link ProcessorView}. */
export function processorView(cpu: Cpu, memory: PhysicalMemory): ProcessorView {
  const place = (name: SegmentName): number => SEGMENTS + NUMBERS[name] * SEGMENT_SIZE;
  const register = (number: number) => ({
    enumerable: true,
    get: () => cpu.get32(GPR + number * 8) >>> 0,
    set: (value: number) => cpu.set64(GPR + number * 8, BigInt(value >>> 0)),
  });
  const segment = (name: SegmentName) => ({
    enumerable: true,
    get: () => cpu.get32(place(name) + SEGMENT_SELECTOR) & 0xffff,
    set: (value: number) => {
      cpu.set32(place(name) + SEGMENT_SELECTOR, value & 0xffff);
      cpu.set64(place(name) + SEGMENT_BASE, BigInt(value & 0xffff) << 4n);
      if (name === "cs") {
        const attributes = cpu.get32(place(name) + SEGMENT_ATTRIBUTES);
        cpu.set32(place(name) + SEGMENT_ATTRIBUTES, attributes & ~ATTRIBUTE_BIG);
      }
      cpu.runtime.updateMode();
    },
  });
  const view = {
    linear: new LinearMemory(cpu, memory),
    segmentBase: (name: SegmentName) => Number(cpu.get64(place(name) + SEGMENT_BASE)),
    writeMsr: (number: number, value: bigint) => cpu.writeMsr(number, value),
    get protectedMode() {
      return (cpu.get32(CR0) & 1) !== 0 && (cpu.eflags & EFLAGS_VM) === 0;
    },
    get eip() {
      return cpu.get32(RIP) >>> 0;
    },
    set eip(value: number) {
      cpu.set64(RIP, BigInt(value >>> 0));
    },
    get eflags() {
      return cpu.eflags;
    },
    set eflags(value: number) {
      cpu.eflags = value;
    },
  };
  const GENERAL = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"] as const;
  for (const [number, name] of GENERAL.entries()) Object.defineProperty(view, name, register(number));
  for (const name of Object.keys(NUMBERS) as SegmentName[]) Object.defineProperty(view, name, segment(name));
  return view as unknown as ProcessorView;
}
