import { bda, ebdaSegment } from "../bda.ts";
import type { Call, Outcome } from "../call.ts";
import type { Ports } from "../hardware.ts";
import type { ClockBios } from "./clock.ts";
import { systemMemoryMap } from "./memory-map.ts";
import type { MouseBios } from "./mouse.ts";

const SMAP = 0x534d4150;
const UNSUPPORTED = 0x86;
const CONTROL_PORT_A = 0x92;
const A20 = 0x02;
const ENTRY_SIZE = 20;

/** INT 15h, and INT 11h and 12h. */
export class SystemBios {
  readonly #io: Ports;
  readonly #memoryMib: number;
  readonly #mouse: MouseBios;
  readonly #clock: ClockBios;
  /** Far pointer to the configuration table of AH=C0h. */
  readonly #configuration: number;

  constructor(io: Ports, memoryMib: number, mouse: MouseBios, clock: ClockBios, configuration: number) {
    this.#io = io;
    this.#memoryMib = memoryMib;
    this.#mouse = mouse;
    this.#clock = clock;
    this.#configuration = configuration;
  }

  /** INT 11h. */
  equipment(call: Call): void {
    call.ax = call.memory.read16(bda.equipment);
  }

  /** INT 12h. */
  memorySize(call: Call): void {
    call.ax = call.memory.read16(bda.memorySize);
  }

  /** KiB above 1 MiB. */
  get #extendedKib(): number {
    return (this.#memoryMib - 1) * 1024;
  }

  call(call: Call): Outcome {
    switch (call.ah) {
      case 0x24:
        this.#a20(call);
        return undefined;
      case 0x4f:
        // The scan code stays as it is: carry says to go on with it.
        call.carry = true;
        return undefined;
      case 0x80:
      case 0x81:
      case 0x82:
      case 0x85:
      case 0x90:
      case 0x91:
        call.ah = 0;
        call.carry = false;
        return undefined;
      case 0x83:
        this.#clock.eventWait(call);
        return undefined;
      case 0x86:
        return this.#clock.wait(call);
      case 0x87:
        this.#moveBlock(call);
        return undefined;
      case 0x88:
        call.ax = Math.min(this.#extendedKib, 0xfc00);
        call.carry = false;
        return undefined;
      case 0xc0:
        call.cpu.es = this.#configuration >>> 16;
        call.bx = this.#configuration;
        call.ah = 0;
        call.carry = false;
        return undefined;
      case 0xc1:
        call.cpu.es = ebdaSegment;
        call.carry = false;
        return undefined;
      case 0xc2:
        return this.#mouse.call(call);
      case 0xe8:
        this.#bigMemory(call);
        return undefined;
      default:
        call.ah = UNSUPPORTED;
        call.carry = true;
        return undefined;
    }
  }

  #a20(call: Call): void {
    const port = this.#io.inb(CONTROL_PORT_A);
    call.carry = false;
    switch (call.al) {
      case 0x00:
        this.#io.outb(CONTROL_PORT_A, port & ~(A20 | 1));
        break;
      case 0x01:
        this.#io.outb(CONTROL_PORT_A, (port & ~1) | A20);
        break;
      case 0x02:
        call.al = port & A20 ? 1 : 0;
        break;
      case 0x03:
        // By the keyboard controller and by port 92h.
        call.bx = 3;
        break;
      default:
        call.carry = true;
        call.ah = UNSUPPORTED;
        return;
    }
    call.ah = 0;
  }

  /** AH=87h: copies CX words between two segments described by the table at ES:SI. */
  #moveBlock(call: Call): void {
    const { memory } = call;
    const table = call.address("es", call.si);
    const base = (descriptor: number) =>
      (memory.read16(descriptor + 2) |
        (memory.read8(descriptor + 4) << 16) |
        (memory.read8(descriptor + 7) << 24)) >>>
      0;
    const bytes = new Uint8Array(call.cx * 2);
    const gate = this.#io.inb(CONTROL_PORT_A);
    if ((gate & A20) === 0) this.#io.outb(CONTROL_PORT_A, gate | A20);
    memory.read(base(table + 0x10), bytes);
    memory.write(base(table + 0x18), bytes);
    if ((gate & A20) === 0) this.#io.outb(CONTROL_PORT_A, gate);
    call.ah = 0;
    call.zero = true;
    call.carry = false;
  }

  #bigMemory(call: Call): void {
    const { cpu } = call;
    switch (call.al) {
      case 0x01: {
        // KiB from 1 to 16 MiB, then blocks of 64 KiB above.
        call.ax = Math.min(this.#extendedKib, 15 * 1024);
        call.bx = Math.max(0, this.#memoryMib - 16) * 16;
        call.cx = call.ax;
        call.dx = call.bx;
        call.carry = false;
        return;
      }
      case 0x81:
        cpu.eax = Math.min(this.#extendedKib, 15 * 1024);
        cpu.ebx = Math.max(0, this.#memoryMib - 16) * 16;
        cpu.ecx = cpu.eax;
        cpu.edx = cpu.ebx;
        call.carry = false;
        return;
      case 0x20:
        this.#memoryMap(call);
        return;
      default:
        call.ah = UNSUPPORTED;
        call.carry = true;
    }
  }

  #memoryMap(call: Call): void {
    const { cpu, memory } = call;
    const map = systemMemoryMap(this.#memoryMib);
    const entry = map[cpu.ebx];
    if (cpu.edx !== SMAP || cpu.ecx < ENTRY_SIZE || !entry) {
      call.ah = UNSUPPORTED;
      call.carry = true;
      return;
    }
    const at = call.address("es", call.di);
    memory.write32(at, entry.base);
    memory.write32(at + 4, 0);
    memory.write32(at + 8, entry.length);
    memory.write32(at + 12, 0);
    memory.write32(at + 16, entry.type);
    cpu.eax = SMAP;
    cpu.ecx = ENTRY_SIZE;
    cpu.ebx = cpu.ebx + 1 < map.length ? cpu.ebx + 1 : 0;
    call.carry = false;
  }
}
