import type { Bus, Mapping } from "./bus.ts";
import type { BusTarget, Device, Line, PlainState, Width } from "./device.ts";

/** Offsets in the configuration space of header type 0. [PCI2.1] 6.1 */
export const PciRegister = {
  vendor: 0x00,
  device: 0x02,
  command: 0x04,
  status: 0x06,
  revision: 0x08,
  classCode: 0x09,
  cacheLineSize: 0x0c,
  latencyTimer: 0x0d,
  headerType: 0x0e,
  bar0: 0x10,
  subsystemVendor: 0x2c,
  subsystem: 0x2e,
  rom: 0x30,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
} as const;

/** Bits of the command register. */
export const PciCommand = {
  ioSpace: 1 << 0,
  memorySpace: 1 << 1,
  busMaster: 1 << 2,
  parityErrorResponse: 1 << 6,
  serrEnable: 1 << 8,
  interruptDisable: 1 << 10,
} as const;

const COMMAND_WRITABLE =
  PciCommand.ioSpace |
  PciCommand.memorySpace |
  PciCommand.busMaster |
  PciCommand.parityErrorResponse |
  PciCommand.serrEnable |
  PciCommand.interruptDisable;
/** Status bits that a one written to them clears: the recorded errors. */
const STATUS_ERRORS = 0xf900;
const ROM_ENABLE = 1;
const MULTI_FUNCTION = 0x80;
const BAR_COUNT = 6;
const ROM_BAR = 6;

/** What a base address register claims. */
export interface PciRegion {
  kind: "io" | "memory";
  /** In addresses; a power of two, at least 4 (io), 16 (memory) or 2048 (expansion ROM). */
  size: number;
  prefetchable?: boolean;
  /** Makes the region answer from `base`, or nowhere. */
  place(base: number | null): void;
}

/** The fixed part of a function's configuration header. */
export interface PciHeader {
  vendor: number;
  device: number;
  /** Base class, sub-class and programming interface, 24 bits. */
  classCode: number;
  revision?: number;
  subsystemVendor?: number;
  subsystem?: number;
  /** Whether the slot has more functions than this one. */
  multiFunction?: boolean;
  /** The pin it interrupts on: 1 is INTA#, 4 INTD#, 0 (the default) none. */
  interruptPin?: number;
  /** Further registers with their value at reset, and the bits of them that a guest can write. */
  registers?: readonly PciRegisterSpec[];
  /** Base address registers by number, 0 to 5. */
  bars?: readonly (PciRegion | undefined)[];
  /** The expansion ROM. */
  rom?: PciRegion;
}

/** A register of a function's own in its configuration space. */
export interface PciRegisterSpec {
  offset: number;
  width: Width;
  reset?: number;
  /** Bits that a guest can write. */
  writable?: number;
  /** Bits that a guest clears by writing ones. */
  writeOneToClear?: number;
}

/**
 * The I/O or memory space in which base address registers place their regions. A guest may put a region where
 * something else is, if only for a moment: what came first goes on answering there, and the region waits until the
 * place is free or it is moved again.
 */
export class PciSpace {
  readonly #bus: Bus;
  readonly #waiting = new Set<() => void>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** The `place` of a region of `length` addresses that `target` answers, `width` bytes at once at most. */
  region(name: string, length: number, target: BusTarget, width: Width): PciRegion["place"] {
    const bus = this.#bus;
    let base: number | null = null;
    let mapping: Mapping | undefined;
    const attach = () => {
      const first = base;
      if (
        first === null ||
        bus.mappings.some((one) => first < one.base + one.length && one.base < first + length)
      ) {
        return;
      }
      mapping = bus.attach({ base: first, length, name, target, width });
      this.#waiting.delete(attach);
    };
    return (to) => {
      if (to === base) return;
      mapping?.remove();
      mapping = undefined;
      base = to;
      if (base === null) this.#waiting.delete(attach);
      else this.#waiting.add(attach);
      for (const retry of [...this.#waiting]) retry();
    };
  }
}

interface PciState {
  config: Uint8Array;
  /** Whether the function asks for an interrupt, before the command register's interrupt disable. */
  interrupt: boolean;
}

/**
 * One function on the PCI bus: its configuration space of 256 bytes, its base address registers and its interrupt
 * pin. A chip extends it with registers of its own, which live in `state` beside the configuration space.
 * [PCI2.1] chapter 6
 */
export class PciDevice<Own extends PlainState = Record<never, never>> implements Device {
  readonly name: string;
  readonly version: number = 1;
  state: PciState & Own;
  /** 1 to 4 for INTA# to INTD#, 0 for none. */
  readonly interruptPin: number;
  /** Set by the bus: told of each change of {@link interruptAsserted}. */
  onInterrupt: () => void = () => {};

  readonly #header: PciHeader;
  readonly #ownState: () => Own;
  readonly #writable = new Uint8Array(256);
  readonly #writeOneToClear = new Uint8Array(256);
  /** By number of the base address register; the last is the expansion ROM. */
  readonly #regions: (PciRegion | undefined)[];
  readonly #placed: (number | null)[] = new Array(BAR_COUNT + 1).fill(null);

  /** `ownState` makes the function's own registers as they are after a reset. */
  constructor(name: string, header: PciHeader, ownState: () => Own) {
    this.name = name;
    this.interruptPin = header.interruptPin ?? 0;
    this.#header = header;
    this.#ownState = ownState;
    this.#regions = Array.from({ length: BAR_COUNT }, (_, i) => header.bars?.[i]);
    this.#regions.push(header.rom);
    this.#setMask(PciRegister.command, COMMAND_WRITABLE, 2);
    this.#setMask(PciRegister.cacheLineSize, 0xff, 1);
    this.#setMask(PciRegister.latencyTimer, 0xff, 1);
    this.#setMask(PciRegister.interruptLine, 0xff, 1);
    this.#regions.forEach((region, i) => {
      if (!region) return;
      this.#setMask(barOffset(i), (~(region.size - 1) | (i === ROM_BAR ? ROM_ENABLE : 0)) >>> 0, 4);
    });
    put(this.#writeOneToClear, PciRegister.status, STATUS_ERRORS, 2);
    for (const { offset, width, writable, writeOneToClear } of header.registers ?? []) {
      this.#setMask(offset, writable ?? 0, width);
      put(this.#writeOneToClear, offset, writeOneToClear ?? 0, width);
    }
    this.state = this.#powerOn();
  }

  reset(): void {
    this.state = this.#powerOn();
    this.#placeRegions();
    this.onInterrupt();
  }

  afterLoad(): void {
    this.#placeRegions();
    this.onInterrupt();
  }

  /** Whether the function drives its interrupt pin. */
  get interruptAsserted(): boolean {
    return this.state.interrupt && (this.command & PciCommand.interruptDisable) === 0;
  }

  /** Asks for an interrupt on the function's pin, or takes the request back. */
  setInterrupt(on: boolean): void {
    if (this.state.interrupt === on) return;
    this.state.interrupt = on;
    this.onInterrupt();
  }

  get command(): number {
    return this.configWord(PciRegister.command);
  }

  /** Two bytes of the configuration space. */
  configWord(offset: number): number {
    return this.state.config[offset]! | (this.state.config[offset + 1]! << 8);
  }

  /** Sets configuration bytes from the chip's side, read-only ones too. */
  setConfig(offset: number, value: number, width: Width): void {
    put(this.state.config, offset, value, width);
  }

  /** A configuration read of the guest; `offset` + `width` ≤ 256. */
  readConfig(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.state.config[offset + i]! << (8 * i);
    return value >>> 0;
  }

  /** A configuration write of the guest; `offset` + `width` ≤ 256. */
  writeConfig(offset: number, value: number, width: Width): void {
    const { config } = this.state;
    for (let i = 0; i < width; i++) {
      const at = offset + i;
      const byte = (value >>> (8 * i)) & 0xff;
      const mask = this.#writable[at]!;
      config[at] = ((config[at]! & ~mask) | (byte & mask)) & ~(byte & this.#writeOneToClear[at]!);
    }
    this.#placeRegions();
    if (offset < PciRegister.status && offset + width > PciRegister.command) this.onInterrupt();
    this.configWritten(offset, width);
  }

  /** Called after each configuration write of the guest, for registers with an effect. */
  protected configWritten(_offset: number, _width: Width): void {}

  #powerOn(): PciState & Own {
    return { config: this.#configAtReset(), interrupt: false, ...this.#ownState() };
  }

  #configAtReset(): Uint8Array {
    const header = this.#header;
    const config = new Uint8Array(256);
    put(config, PciRegister.vendor, header.vendor, 2);
    put(config, PciRegister.device, header.device, 2);
    put(config, PciRegister.revision, (header.revision ?? 0) | (header.classCode << 8), 4);
    put(config, PciRegister.headerType, header.multiFunction ? MULTI_FUNCTION : 0, 1);
    put(config, PciRegister.subsystemVendor, header.subsystemVendor ?? 0, 2);
    put(config, PciRegister.subsystem, header.subsystem ?? 0, 2);
    put(config, PciRegister.interruptPin, this.interruptPin, 1);
    this.#regions.forEach((region, i) => {
      if (region && i !== ROM_BAR) put(config, barOffset(i), typeBits(region), 4);
    });
    for (const { offset, reset, width } of header.registers ?? []) put(config, offset, reset ?? 0, width);
    return config;
  }

  #setMask(offset: number, bits: number, width: Width): void {
    put(this.#writable, offset, bits, width);
  }

  #placeRegions(): void {
    this.#regions.forEach((region, i) => {
      if (!region) return;
      const base = this.#baseOf(region, i);
      if (base === this.#placed[i]) return;
      this.#placed[i] = base;
      region.place(base);
    });
  }

  /** Where a region answers; nowhere at address 0 and at the all-ones pattern that finds out its size. */
  #baseOf(region: PciRegion, index: number): number | null {
    const enable = region.kind === "io" ? PciCommand.ioSpace : PciCommand.memorySpace;
    if ((this.command & enable) === 0) return null;
    const value = this.readConfig(barOffset(index), 4);
    if (index === ROM_BAR && (value & ROM_ENABLE) === 0) return null;
    const base = (value & ~(region.size - 1)) >>> 0;
    const limit = region.kind === "io" ? 0x1_0000 : 0x1_0000_0000;
    return base === 0 || base + region.size >= limit ? null : base;
  }
}

const barOffset = (index: number): number =>
  index === ROM_BAR ? PciRegister.rom : PciRegister.bar0 + 4 * index;

const typeBits = (region: PciRegion): number => (region.kind === "io" ? 1 : region.prefetchable ? 8 : 0);

function put(bytes: Uint8Array, offset: number, value: number, width: Width): void {
  for (let i = 0; i < width; i++) bytes[offset + i] = value >>> (8 * i);
}

const CONFIG_ENABLE = 0x8000_0000;
const CONFIG_ADDRESS_BITS = 0x80ff_fffc;
/** Offset of the reset control register (0xCF9) among the configuration ports. */
const RESET_CONTROL = 1;
const CONFIG_DATA = 4;

/**
 * PCI bus 0 and its configuration mechanism #1: CONFIG_ADDRESS at 0xCF8, taken as a double word only, and
 * CONFIG_DATA at 0xCFC. A byte at 0xCF9 is the south bridge's reset control. [PCI2.1] 3.7.4.1
 */
export class PciBus implements Device {
  readonly name = "pci";
  readonly version = 1;
  state = { address: 0 };
  /** The eight ports from 0xCF8; double-word wide. */
  readonly configPorts: BusTarget = {
    read: (offset, width) => this.#read(offset, width),
    write: (offset, value, width) => this.#write(offset, value, width),
  };

  /** By device and function number (`slot` × 8 + `fn`). */
  readonly #functions = new Map<number, PciDevice<PlainState>>();
  readonly #pirq: readonly Line[];
  readonly #resetControl: BusTarget;

  /** `pirq`: the interrupt router's inputs PIRQA# to PIRQD#. `resetControl`: the register at 0xCF9, one byte. */
  constructor(pirq: readonly Line[], resetControl: BusTarget) {
    this.#pirq = pirq;
    this.#resetControl = resetControl;
  }

  /** Puts a function into `slot` (0 to 31) as number `fn` (0 to 7). */
  add({ slot, fn }: { slot: number; fn: number }, device: PciDevice<PlainState>): void {
    const number = slot * 8 + fn;
    const other = this.#functions.get(number);
    if (other) throw new Error(`PCI ${slot}.${fn}: ${device.name} meets ${other.name}`);
    this.#functions.set(number, device);
    if (device.interruptPin === 0) return;
    const route = pirqOf(slot, device.interruptPin);
    device.onInterrupt = () => this.#pirq[route]!.set(this.#isAsserted(route));
  }

  /** The functions present, with slot and function number. */
  *functions(): Iterable<{ slot: number; fn: number; device: PciDevice<PlainState> }> {
    for (const [number, device] of this.#functions) yield { slot: number >> 3, fn: number & 7, device };
  }

  reset(): void {
    this.state = { address: 0 };
  }

  #isAsserted(route: number): boolean {
    for (const [number, device] of this.#functions) {
      if (
        device.interruptAsserted &&
        device.interruptPin > 0 &&
        pirqOf(number >> 3, device.interruptPin) === route
      ) {
        return true;
      }
    }
    return false;
  }

  #read(offset: number, width: Width): number {
    if (offset >= CONFIG_DATA) {
      const device = this.#selected();
      if (!device) return 2 ** (8 * width) - 1;
      return device.readConfig((this.state.address & 0xfc) + offset - CONFIG_DATA, width);
    }
    if (offset === 0 && width === 4) return this.state.address;
    if (offset === RESET_CONTROL && width === 1) return this.#resetControl.read(0, 1);
    return 2 ** (8 * width) - 1;
  }

  #write(offset: number, value: number, width: Width): void {
    if (offset >= CONFIG_DATA) {
      this.#selected()?.writeConfig((this.state.address & 0xfc) + offset - CONFIG_DATA, value, width);
    } else if (offset === 0 && width === 4) {
      this.state.address = (value & CONFIG_ADDRESS_BITS) >>> 0;
    } else if (offset === RESET_CONTROL && width === 1) {
      this.#resetControl.write(0, value, 1);
    }
  }

  #selected(): PciDevice<PlainState> | undefined {
    const { address } = this.state;
    if ((address & CONFIG_ENABLE) === 0 || (address & 0xff_0000) !== 0) return undefined;
    return this.#functions.get((address >>> 8) & 0xff);
  }
}

/** The PIRQ (0 to 3) that a slot's pin (1 to 4) is wired to: pins rotate from slot to slot. */
export const pirqOf = (slot: number, pin: number): number => (slot + pin + 2) & 3;
