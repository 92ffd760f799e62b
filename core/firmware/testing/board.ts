// The built-in firmware on a processor with the chips that its services drive: for tests of them from guest code, in
// real mode, and at the pace of the test.

import { Bus } from "../../board/bus.ts";
import { type BusTarget, unconnected, type Width } from "../../board/device.ts";
import type { PhysicalMemory } from "../../board/memory.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { Cpu } from "../../cpu/cpu.ts";
import {
  A20_MASK,
  CR0,
  GPR,
  PAGE_READ,
  PAGE_WRITE,
  PHYSICAL_MAP,
  RAM,
  RIP,
  ROM,
  SEGMENT_BASE,
  SEGMENT_SELECTOR,
  SEGMENT_SIZE,
  SEGMENTS,
} from "../../cpu/layout.ts";
import { PicPair } from "../../devices/chipset/pic.ts";
import { Pit } from "../../devices/chipset/pit.ts";
import { Port92 } from "../../devices/chipset/port92.ts";
import { Rtc } from "../../devices/chipset/rtc.ts";
import { Vga } from "../../devices/display/vga.ts";
import { I8042 } from "../../devices/input/i8042.ts";
import { Keyboard } from "../../devices/input/keyboard.ts";
import { Mouse } from "../../devices/input/mouse.ts";
import { Uart16550 } from "../../devices/serial/uart16550.ts";
import { addresses, irqs, ports, type Range } from "../../memory-map.ts";
import { buildFirmware } from "../build.ts";
import { Firmware } from "../firmware.ts";
import type { FirmwareConfig, FirmwareDrive } from "../hardware.ts";
import type { ProcessorView } from "../processor-view.ts";

const MIB = 0x10_0000;
const PAGE = 0x1000;
const WASM_PAGE = 0x10000;
const GENERAL = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"] as const;
const SEGMENT_NAMES = ["es", "cs", "ss", "ds", "fs", "gs"] as const;
/** Guest time of an instruction. */
const INSTRUCTION_NS = 10;
const SLICE = 10_000;

/** The processor's state as services see it, without paging. */
function processorView(cpu: Cpu, linear: PhysicalMemory): ProcessorView {
  const segment = (name: string) => SEGMENTS + SEGMENT_NAMES.indexOf(name as "es") * SEGMENT_SIZE;
  const view = {
    linear,
    segmentBase: (name: string) => Number(cpu.get64(segment(name) + SEGMENT_BASE)),
    writeMsr: (number: number, value: bigint) => cpu.writeMsr(number, value),
    get protectedMode() {
      return (cpu.get32(CR0) & 1) !== 0;
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
  GENERAL.forEach((name, i) => {
    Object.defineProperty(view, name, {
      get: () => cpu.get32(GPR + 8 * i) >>> 0,
      set: (value: number) => cpu.set64(GPR + 8 * i, BigInt(value >>> 0)),
    });
  });
  for (const name of SEGMENT_NAMES) {
    Object.defineProperty(view, name, {
      get: () => cpu.get32(segment(name) + SEGMENT_SELECTOR) & 0xffff,
      set: (value: number) => {
        cpu.set32(segment(name) + SEGMENT_SELECTOR, value & 0xffff);
        cpu.set64(segment(name) + SEGMENT_BASE, BigInt(value & 0xffff) << 4n);
      },
    });
  }
  return view as unknown as ProcessorView;
}

export class FirmwareBoard {
  readonly cpu: Cpu;
  readonly clock = new VirtualClock();
  readonly io = new Bus("ports");
  readonly vga: Vga;
  readonly keyboard: Keyboard;
  readonly mouse: Mouse;
  readonly uart: Uart16550;
  readonly firmware: Firmware;
  readonly view: ProcessorView;
  readonly memory: PhysicalMemory;
  /** What the guest has sent on COM1. */
  serial = "";
  readonly #ram: Uint8Array;
  readonly #pic: PicPair;

  constructor(config: FirmwareConfig, drives: FirmwareDrive[]) {
    const size = config.memoryMib * MIB;
    const wasm = new WebAssembly.Memory({ initial: Math.ceil((RAM + size) / WASM_PAGE) });
    this.#ram = new Uint8Array(wasm.buffer, RAM, size);
    const image = buildFirmware(config);
    new Uint8Array(wasm.buffer, ROM, image.rom.length).set(image.rom);
    this.#map(wasm, size, image.rom.length);
    this.#pic = new PicPair({ set: (high) => this.cpu.setInterruptLine(high) });
    const line = (irq: number) => this.#pic.lines[irq]!;
    this.vga = new Vga({
      video: new Uint8Array(0x100_0000),
      dirtyPages: { collect: (into) => void into.fill(1) },
      clock: this.clock,
    });
    this.cpu = new Cpu({
      memory: wasm,
      mmioRead: (address, width) => this.#device(address)?.read(address - 0xa0000, width) ?? 0xffff_ffff,
      mmioWrite: (address, value, width) => this.#device(address)?.write(address - 0xa0000, value, width),
      portRead: (port, width) => this.io.read(port, width),
      portWrite: (port, value, width) => this.io.write(port, value, width),
      acknowledge: () => this.#pic.acknowledge(),
      timeStamp: () => ({ base: 0, mark: 0, step: 1 }),
      readMsr: () => undefined,
      writeMsr: () => false,
      taskPriority: 0,
      floatingPointError: () => false,
      randomBits: () => 0n,
      log: () => {},
    });
    this.memory = this.#physicalMemory();
    this.view = processorView(this.cpu, this.memory);
    this.keyboard = new Keyboard(this.clock);
    this.mouse = new Mouse(this.clock);
    this.uart = new Uart16550("uart0", line(irqs.com1), this.clock);
    this.uart.onTransmit = (byte) => {
      this.serial += String.fromCharCode(byte);
    };
    this.firmware = new Firmware(image, config, {
      ports: this.io,
      memory: this.memory,
      registers: new Bus("memory"),
      drives,
      processor: this.view,
      stopProcessor: () => this.cpu.stopSoon(),
      wake: () => this.cpu.unhalt(),
      activity: () => {},
    });
    this.#attachChips(line);
    this.clock.elapsed = () => 0;
  }

  /** RAM, the ROM at its two places, and nothing at the VGA's window. */
  #map(wasm: WebAssembly.Memory, size: number, romSize: number): void {
    const map = new Uint32Array(wasm.buffer, PHYSICAL_MAP, 0x10_0000);
    const place = (base: number, length: number, at: number, access: number) => {
      for (let offset = 0; offset < length; offset += PAGE)
        map[(base + offset) / PAGE] = (at + offset) | access;
    };
    place(0, size, RAM, PAGE_READ | PAGE_WRITE);
    place(addresses.vgaMemory.base, addresses.vgaMemory.length, 0, 0);
    for (let page = 0xa0; page < 0xc0; page++) map[page] = 0;
    place(addresses.lowBios.base, romSize, ROM, PAGE_READ);
    place(2 ** 32 - romSize, romSize, ROM, PAGE_READ);
  }

  #attachChips(line: (irq: number) => { set(high: boolean): void }): void {
    const attach = ({ base, length }: Range, target: BusTarget, width: Width = 1) =>
      this.io.attach({ base, length, name: `port ${base.toString(16)}`, target, width });
    const a20 = new Port92({ set: (high) => this.cpu.set32(A20_MASK, high ? -1 : ~MIB) }, () =>
      this.cpu.reset(),
    );
    const i8042 = new I8042(
      this.keyboard,
      this.mouse,
      { irq1: line(irqs.keyboard), irq12: line(irqs.mouse), a20: unconnected, reset: () => this.cpu.reset() },
      this.clock,
    );
    attach(ports.pic1, this.#pic.master);
    attach(ports.pic2, this.#pic.slave);
    attach(ports.pit, new Pit(line(irqs.timer), this.clock));
    attach(ports.rtc, new Rtc(line(irqs.rtc), this.clock));
    attach(ports.systemControlA, a20);
    attach(ports.keyboardData, i8042.dataPort);
    attach(ports.keyboardCommand, i8042.commandPort);
    attach(ports.com1, this.uart);
    attach(ports.vga, this.vga.ports);
    attach(ports.vbe, this.vga.dispiPorts, 2);
    attach(ports.firmwareCall, this.firmware.callPort);
  }

  #device(address: number): BusTarget | undefined {
    const { base, length } = addresses.vgaMemory;
    return address >= base && address < base + length ? this.vga.window : undefined;
  }

  #physicalMemory(): PhysicalMemory {
    const isRam = (address: number) =>
      address < this.#ram.length && (address < addresses.vgaMemory.base || address >= MIB);
    const rom = new Uint8Array(this.#ram.buffer, ROM, addresses.lowBios.length);
    const read8 = (address: number): number => {
      if (isRam(address)) return this.#ram[address]!;
      const inRom = rom[address - addresses.lowBios.base];
      return inRom ?? this.#device(address)?.read(address - addresses.vgaMemory.base, 1) ?? 0xff;
    };
    const write8 = (address: number, value: number): void => {
      if (isRam(address)) {
        this.cpu.runtime.physicalWrite(address, 1);
        this.#ram[address] = value;
      } else {
        this.#device(address)?.write(address - addresses.vgaMemory.base, value & 0xff, 1);
      }
    };
    const read16 = (address: number) => read8(address) | (read8(address + 1) << 8);
    const write16 = (address: number, value: number) => {
      write8(address, value);
      write8(address + 1, value >>> 8);
    };
    return {
      read8,
      read16,
      read32: (address) => (read16(address) | (read16(address + 2) << 16)) >>> 0,
      write8,
      write16,
      write32: (address, value) => {
        write16(address, value);
        write16(address + 2, value >>> 16);
      },
      read: (address, into) => {
        for (let i = 0; i < into.length; i++) into[i] = read8(address + i);
      },
      write: (address, from) => {
        for (let i = 0; i < from.length; i++) write8(address + i, from[i]!);
      },
    };
  }

  /** The lines of the text screen, without the blanks at their ends. */
  text(): string[] {
    this.vga.screen.refresh();
    return (this.vga.screen.text() ?? []).map((row) => row.trimEnd());
  }

  /** Runs until `done` or for so many slices; a halted processor lets time pass. */
  async run(done: () => boolean, slices = 2000): Promise<boolean> {
    for (let i = 0; i < slices; i++) {
      const before = this.cpu.instructions;
      this.cpu.run(SLICE);
      const ran = this.cpu.instructions - before;
      this.firmware.serve();
      // A halted processor sleeps up to the next alarm.
      const next = this.cpu.halted ? Math.min(this.clock.nextDeadline, this.clock.base + 1e7) : 0;
      this.clock.moveTo(Math.max(next, this.clock.base + ran * INSTRUCTION_NS));
      if (done()) return true;
      if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return false;
  }
}
