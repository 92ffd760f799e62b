// The motherboard: every chip, built and wired. Where each sits is in memory-map.ts; read the constructor first.

import { TwinboxError } from "./base/errors.ts";
import { Bus } from "./board/bus.ts";
import type { BusTarget, Device, Width } from "./board/device.ts";
import { PciBus, PciDevice, PciSpace } from "./board/pci.ts";
import { encodeSnapshot, openSnapshot, type SnapshotParts } from "./board/snapshot.ts";
import { Cpu, SHUTDOWN } from "./cpu/cpu.ts";
import { Divergence } from "./cpu/jit/verifier.ts";
import { A20_MASK, CPU_BASE, TLB } from "./cpu/layout.ts";
import { cpuModel, DEFAULT_CPU, describeCpu } from "./cpu/models/catalogue.ts";
import { Debugger } from "./debug/debugger.ts";
import { describeDivergence } from "./debug/describe-divergence.ts";
import { PowerManagement } from "./devices/chipset/acpi-pm.ts";
import { CoprocessorError } from "./devices/chipset/coprocessor-error.ts";
import { Dma } from "./devices/chipset/dma.ts";
import { HostBridge } from "./devices/chipset/i440fx.ts";
import { noSpeaker, Port61 } from "./devices/chipset/port61.ts";
import { Port92 } from "./devices/chipset/port92.ts";
import { Smbus } from "./devices/chipset/smbus.ts";
import { vgaPciFunction } from "./devices/display/pci-function.ts";
import { MMIO_SIZE, Vga } from "./devices/display/vga.ts";
import { I8042 } from "./devices/input/i8042.ts";
import { Keyboard } from "./devices/input/keyboard.ts";
import { Mouse } from "./devices/input/mouse.ts";
import { Uart16550 } from "./devices/serial/uart16550.ts";
import { piix3IdeHeader } from "./devices/storage/ide.ts";
import type { BlockDevice } from "./disk/block-device.ts";
import { kernelKind } from "./firmware/boot/kernel.ts";
import { buildFirmware } from "./firmware/build.ts";
import { Firmware } from "./firmware/firmware.ts";
import { Drives } from "./machine/drives.ts";
import { describeInCmos } from "./machine/foreign-firmware.ts";
import { Interrupts } from "./machine/interrupts.ts";
import { MachineMemory } from "./machine/machine-memory.ts";
import { OrderedTransfers } from "./machine/ordered-transfers.ts";
import { processorView } from "./machine/processor-view.ts";
import { Rest } from "./machine/rest.ts";
import { SerialPort } from "./machine/serial-port.ts";
import { stateChecksum } from "./machine/state-checksum.ts";
import { Timekeeper } from "./machine/timekeeper.ts";
import { addresses, irqs, pciSlots, ports, type Range } from "./memory-map.ts";
import type { DriveSlot, PcControl, PcOptions, PcStatistics, Screen, Slice } from "./pc-options.ts";

const MIB = 0x10_0000;
const IA32_APIC_BASE = 0x1b;
const IA32_TSC_DEADLINE = 0x6e0;
/** Host time after which a slice looks at the clock again, in nanoseconds. */
const LOOK_AROUND_NS = 1e6;
/** Instructions after which it does too, however fast they were so far: what comes may take ten times as long. */
const LOOK_AROUND_INSTRUCTIONS = 250_000;
/** So many look at the clock one by one: what emits handlers, and the firmware, run for the first time themselves. */
const FIRST_INSTRUCTIONS = 40;
/** Accesses to devices after which it does too: each takes as long as hundreds of instructions on memory. */
const LOOK_AROUND_ACCESSES = 1000;
/**
 * Host time, in nanoseconds, after which a guest that goes on while a drive waits for the host lets the event loop have its turn; twice
 * as long each time that the drive still waits.
 */
const FIRST_WAIT_NS = 5e4;
/** Machine time of a slice that does not follow the host's clock, in nanoseconds. */
const SLICE_NS = 5e6;
/** Entries of a block after which it is compiled; the processor's own choice for `auto`. */
const COMPILE_AFTER = {
  auto: {},
  eager: { compileAfter: 1 },
  off: { compileAfter: Number.POSITIVE_INFINITY },
};
const LARGEST_FIRMWARE = MIB;
/** Of what this file itself puts into a saved state. */
const BOARD_VERSION = 1;
/** Host milliseconds of work on a saved state, or to load one, between two turns of the event loop. */
const SAVING_MS = 5;
const WIDTH_OF_PORTS: Width = 4;

/** The host's clock; every JavaScript host has it. */
declare const performance: { now(): number };
/** The host's source of random numbers; every JavaScript host has it. */
declare const crypto: { getRandomValues(array: BigUint64Array): BigUint64Array };

const hostRandomBits = (): bigint => crypto.getRandomValues(new BigUint64Array(1))[0]!;

/** A register that keeps its byte: the POST code. */
class Latch implements Device, BusTarget {
  readonly version = 1;
  readonly name: string;
  state = { value: 0 };

  constructor(name: string) {
    this.name = name;
  }

  reset(): void {
    this.state.value = 0;
  }

  read(): number {
    return this.state.value;
  }

  write(_offset: number, value: number): void {
    this.state.value = value;
  }
}

export class Pc implements PcControl {
  onWake: () => void = () => {};
  onSerial: (port: number, bytes: Uint8Array) => void = () => {};
  onLeds: (leds: number) => void = () => {};
  onActivity: (slot: DriveSlot) => void = () => {};

  readonly cpu: Cpu;
  readonly memory: MachineMemory;
  readonly ports: Bus = new Bus("I/O ports");
  readonly registers: Bus = new Bus("memory");
  readonly interrupts: Interrupts;
  readonly drives: Drives;
  readonly vga: Vga;
  readonly keyboard: Keyboard;
  readonly pointer: Mouse;
  readonly power: PowerManagement;
  readonly firmware: Firmware | undefined;
  readonly debugger: Debugger;
  readonly #options: PcOptions;
  readonly #time: Timekeeper;
  readonly #rest = new Rest();
  /** Of a machine whose time is that of its instructions. */
  readonly #transfers: OrderedTransfers | undefined;
  readonly #serial: SerialPort[];
  readonly #devices: Device[] = [];
  readonly #port92: Port92;
  /** Ends of transfers, to be heard of between two instructions. */
  #completions: (() => void)[] = [];
  /** Host nanoseconds that the guest may go on for while a drive waits. */
  #waitNs = FIRST_WAIT_NS;
  /** Accesses to devices since the slice last looked at the clock. */
  #accesses = 0;
  #pendingReset: "none" | "processor" | "machine" = "none";
  #off = false;
  #a20 = true;
  #ignne = false;

  constructor(options: PcOptions) {
    this.#options = options;
    this.#transfers = options.deterministic ? new OrderedTransfers() : undefined;
    this.memory = new MachineMemory(options.memoryMib, this.registers);
    this.#time = new Timekeeper(() => this.cpu?.instructions ?? 0);
    const { clock } = this.#time;
    clock.epoch = options.epochMs;
    this.cpu = this.#makeProcessor();
    clock.onNearer = () => {
      if (this.#time.cutsBudget) this.cpu.stopSoon();
    };
    this.memory.observer = {
      physicalWrite: (physical, size) => this.cpu.runtime.physicalWrite(physical, size),
      mapChanged: (physical, length) => this.cpu.mapChanged(physical, length),
      protectVideo: () => this.cpu.runtime.protectVideo(),
    };
    const memorySpace = new PciSpace(this.registers);
    const ioSpace = new PciSpace(this.ports);

    this.interrupts = new Interrupts({
      clock,
      intr: { set: (high) => this.cpu.setInterruptLine(high) },
      processor: {
        nmi: () => this.cpu.requestNmi(),
        smi() {},
        init: () => this.#reset("processor"),
        startUp() {},
      },
      tscTime: Number,
      placeLocalApic: (target) => memorySpace.region("local APIC", addresses.localApic.length, target, 4),
      resetMachine: () => this.#reset("machine"),
    });
    const { interrupts } = this;
    const line = (irq: number) => interrupts.line(irq);

    const dma = new Dma(this.memory);
    const drives = options.drives.map((drive) => ({ ...drive, device: this.#ordered(drive.device) }));
    this.drives = new Drives(drives, {
      clock,
      memory: this.memory,
      dma,
      line,
      completion: { defer: (run) => this.#defer(run) },
      activity: (slot) => this.#beginAccess(slot),
    });
    this.vga = new Vga({
      video: this.memory.video,
      dirtyPages: { collect: (into) => this.memory.collect(into) },
      clock,
    });
    this.keyboard = new Keyboard(clock);
    this.keyboard.onLeds = (leds) => this.onLeds(leds);
    this.pointer = new Mouse(clock);
    const initialize = () => interrupts.localApic.initialize();
    this.#port92 = new Port92({ set: (high) => this.#setA20(high) }, initialize);
    const i8042 = new I8042(
      this.keyboard,
      this.pointer,
      {
        irq1: line(irqs.keyboard),
        irq12: line(irqs.mouse),
        a20: this.#port92.keyboardA20,
        reset: initialize,
      },
      clock,
    );
    this.#serial = [irqs.com1, irqs.com2].map((irq, n) => {
      const uart = new Uart16550(`uart${n}`, line(irq), clock);
      return new SerialPort(uart, (bytes) => this.onSerial(n, bytes));
    });
    const port61 = new Port61(interrupts.pit, clock, noSpeaker, interrupts.localApic.lint1);
    interrupts.rtc.onNmiMask = (masked) => port61.nmiMask.set(masked);
    const coprocessor = new CoprocessorError(line(irqs.coprocessor), {
      set: (high) => {
        this.#ignne = high;
      },
    });
    this.#ferr = (asserted) => coprocessor.ferr.set(asserted);
    const post = new Latch("post");
    const smbus = new Smbus();

    const pci = new PciBus(interrupts.isaBridge.pirq, interrupts.isaBridge.resetControl);
    const hostBridge = new HostBridge(this.memory);
    this.power = new PowerManagement({
      sci: line(irqs.sci),
      clock,
      powerOff: () => {
        this.#off = true;
        this.cpu.stopSoon();
      },
      io: ioSpace,
      smbus,
    });
    const idePci = new PciDevice(
      "ide-pci",
      piix3IdeHeader(ioSpace.region("IDE bus master", 16, this.drives.ide.busMaster, 1)),
      () => ({}),
    );
    const vgaPci = vgaPciFunction({
      frameBuffer: {
        size: this.memory.video.length,
        place: (base) => this.memory.placeFrameBuffer(base),
      },
      mmio: { place: memorySpace.region("VGA", MMIO_SIZE, this.vga.mmio, 4) },
      ...this.#vgaRom(),
    });
    pci.add(pciSlots.hostBridge, hostBridge);
    pci.add(pciSlots.isaBridge, interrupts.isaBridge);
    pci.add(pciSlots.ide, idePci);
    pci.add(pciSlots.powerManagement, this.power);
    pci.add(pciSlots.vga, vgaPci);

    this.#attach(ports.dma1, dma.ports1);
    this.#attach(ports.dma2, dma.ports2);
    this.#attach(ports.dmaPage, { read: dma.pagePorts.read, write: dma.pagePorts.write }, 1, [
      ports.systemControlA,
    ]);
    this.#attach(ports.pic1, interrupts.pics.master);
    this.#attach(ports.pic2, interrupts.pics.slave);
    this.#attach(ports.elcr, interrupts.pics.elcrPorts);
    this.#attach(ports.pit, interrupts.pit);
    this.#attach(ports.systemControlB, port61);
    this.#attach(ports.systemControlA, this.#port92);
    this.#attach(ports.keyboardData, i8042.dataPort);
    this.#attach(ports.keyboardCommand, i8042.commandPort);
    this.#attach(ports.rtc, interrupts.rtc);
    this.#attach(ports.post, post);
    this.#attach(ports.smi, this.power.smiPorts);
    this.#attach(ports.acpiGpe0, this.power.gpePorts, WIDTH_OF_PORTS);
    this.#attach(ports.coprocessor, coprocessor);
    this.#attach(ports.com1, this.#serial[0]!.uart);
    this.#attach(ports.com2, this.#serial[1]!.uart);
    this.#attach(ports.ide1, this.drives.ide.commandBlocks[0], WIDTH_OF_PORTS);
    this.#attach(ports.ide2, this.drives.ide.commandBlocks[1], WIDTH_OF_PORTS);
    this.#attach(ports.ide1Control, this.drives.ide.controlBlocks[0]);
    this.#attach(ports.ide2Control, this.drives.ide.controlBlocks[1]);
    this.#attach(ports.fdc, this.drives.fdc.ports);
    this.#attach(ports.fdcDigitalInput, this.drives.fdc.digitalInput);
    this.#attach(ports.vga, this.vga.ports);
    this.#attach(ports.vbe, this.vga.dispiPorts, 2);
    this.#attach(ports.pciConfig, pci.configPorts, WIDTH_OF_PORTS);
    const place = ({ base, length }: Range, name: string, target: BusTarget) =>
      this.registers.attach({ base, length, name, target, width: 4 });
    place(addresses.vgaMemory, "VGA window", this.vga.window);
    place(addresses.ioApic, "I/O APIC", interrupts.ioApic);
    place(addresses.hpet, "HPET", interrupts.hpet);

    this.#devices.push(
      ...interrupts.devices,
      dma,
      ...this.drives.devices,
      this.vga,
      this.keyboard,
      this.pointer,
      i8042,
      this.#port92,
      ...this.#serial.map(({ uart }) => uart),
      port61,
      coprocessor,
      post,
      smbus,
      pci,
      hostBridge,
      this.power,
      idePci,
      vgaPci,
    );
    this.firmware = this.#loadFirmware();
    if (this.firmware) this.#devices.push(this.firmware);
    this.debugger = new Debugger(this);
    this.#resetMachine();
  }

  #ferr: (asserted: boolean) => void = () => {};

  #ordered(device: BlockDevice | null): BlockDevice | null {
    return device && (this.#transfers?.order(device) ?? device);
  }

  #makeProcessor(): Cpu {
    const pc = this;
    const { jit = "auto", compiler, codeMemoryMib, verify } = this.#options;
    return new Cpu({
      memory: this.memory.wasm,
      model: cpuModel(this.#options.cpu ?? DEFAULT_CPU),
      randomBits: this.#options.randomBits ?? hostRandomBits,
      mmioRead: (physical, width) => {
        this.#countAccess();
        return this.memory.deviceRead(physical, width);
      },
      mmioWrite: (physical, value, width) => {
        this.#countAccess();
        this.memory.deviceWrite(physical, value, width);
      },
      portRead: (port, width) => {
        this.#countAccess();
        return this.ports.read(port, width);
      },
      portWrite: (port, value, width) => {
        this.#countAccess();
        this.ports.write(port, value, width);
      },
      acknowledge: () => this.interrupts.localApic.acknowledge(),
      // The time-stamp counter runs at 1 GHz: it is the machine's clock.
      timeStamp: () => this.#time.progress,
      readMsr: (number) => {
        if (number === IA32_APIC_BASE) return BigInt(this.interrupts.localApic.base);
        if (number === IA32_TSC_DEADLINE) return this.interrupts.localApic.tscDeadline;
        return undefined;
      },
      writeMsr: (number, value) => {
        if (number === IA32_APIC_BASE) return this.interrupts.localApic.writeBase(value);
        if (number === IA32_TSC_DEADLINE) this.interrupts.localApic.tscDeadline = value;
        else return false;
        return true;
      },
      get taskPriority() {
        return pc.interrupts.localApic.tpr >> 4;
      },
      set taskPriority(value: number) {
        pc.interrupts.localApic.tpr = value << 4;
      },
      floatingPointError: (asserted) => {
        this.#ferr(asserted);
        return this.#ignne;
      },
      log: () => {},
      ...COMPILE_AFTER[jit],
      ...(compiler && { compiler }),
      ...(codeMemoryMib !== undefined && { codeMemoryMib }),
      ...(verify && { verify }),
    });
  }

  #countAccess(): void {
    if (++this.#accesses % LOOK_AROUND_ACCESSES === 0) this.cpu.stopSoon();
  }

  /** Attaches ports, leaving out those that belong to others. */
  #attach(range: Range, target: BusTarget, width: Width = 1, except: Range[] = []): void {
    let { base } = range;
    const end = range.base + range.length;
    for (const hole of [...except, { base: end, length: 0 }]) {
      const first = base - range.base;
      const part =
        first === 0
          ? target
          : {
              read: (offset: number, of: Width) => target.read(first + offset, of),
              write: (offset: number, value: number, of: Width) => target.write(first + offset, value, of),
            };
      const name = `ports from 0x${base.toString(16)}`;
      if (hole.base > base) this.ports.attach({ base, length: hole.base - base, name, target: part, width });
      base = hole.base + hole.length;
    }
  }

  #vgaRom() {
    const { vgaRom } = this.#options;
    if (!vgaRom) return {};
    const size = Math.max(0x1000, 2 ** Math.ceil(Math.log2(vgaRom.length)));
    return { rom: { size, place: this.memory.romPlace(this.memory.storeRom(vgaRom), size) } };
  }

  #loadFirmware(): Firmware | undefined {
    const { firmware, memoryMib, bootOrder, kernel } = this.#options;
    if (kernel) kernelKind(kernel.image);
    if (firmware) {
      if (firmware.length === 0 || firmware.length > LARGEST_FIRMWARE || firmware.length % 0x10000 !== 0) {
        throw new TwinboxError("invalid-argument", "The firmware image has an impossible size.", {
          subject: "firmware",
          advice: "Give an image of a multiple of 64 KiB, at most 1 MiB.",
        });
      }
      this.memory.loadFirmware(firmware);
      describeInCmos(this.interrupts.rtc, this.#options);
      return undefined;
    }
    const config = { memoryMib, bootOrder, ...(kernel && { kernel }) };
    const image = buildFirmware(config);
    this.memory.loadFirmware(image.rom);
    const built = new Firmware(image, config, {
      ports: this.ports,
      memory: this.memory,
      registers: this.registers,
      drives: this.drives.all,
      processor: processorView(this.cpu, this.memory),
      stopProcessor: () => this.cpu.stopSoon(),
      wake: () => this.#defer(() => this.cpu.unhalt()),
      activity: (slot) => this.onActivity(slot),
    });
    this.#attach(ports.firmwareCall, built.callPort);
    return built;
  }

  // --- Running ---

  get screen(): Screen {
    return this.vga.screen;
  }

  runSlice(hostNs: number, maxMs?: number): Slice {
    const slice = this.#transfers
      ? this.#runByInstructions(this.#transfers)
      : this.#runByHostTime(hostNs, maxMs);
    this.#flushSerial();
    return this.#off ? { state: "off" } : slice;
  }

  #runByHostTime(hostNs: number, maxMs = 10): Slice {
    const start = performance.now();
    const end = start + maxMs;
    const hostNow = () => hostNs + (performance.now() - start) * 1e6;
    let now = hostNs;
    for (;;) {
      const halted = this.#sleeping();
      if (halted) this.#rest.halt();
      this.#time.follow(now, halted);
      this.#hearCompletions();
      if (this.#off) return { state: "off" };
      if (this.#sleeping()) {
        if (this.#time.behind) continue;
        return { state: "idle", sleepNs: this.#time.hostUntil(this.#wakeTime(), now) };
      }
      const before = this.cpu.instructions;
      this.#accesses = 0;
      const ns = this.#patience();
      this.#execute(ns, before < FIRST_INSTRUCTIONS ? 1 : LOOK_AROUND_INSTRUCTIONS);
      this.#rest.note(this.cpu.instructions - before, this.#accesses, this.#time.clock.now());
      const then = now;
      now = hostNow();
      this.#time.measure(this.cpu.instructions - before, now - then);
      if (this.cpu.stopped) return { state: "stopped", by: this.cpu.stopped };
      // What a drive waits for comes with the event loop.
      if (this.drives.busy || performance.now() >= end) return { state: "busy" };
    }
  }

  /** Host nanoseconds that the guest may go on for before the next look: few at first while a drive waits, and more each time. */
  #patience(): number {
    if (!this.drives.busy) {
      this.#waitNs = FIRST_WAIT_NS;
      return LOOK_AROUND_NS;
    }
    const ns = this.#waitNs;
    this.#waitNs = Math.min(2 * ns, LOOK_AROUND_NS);
    return ns;
  }

  /** A drive is about to ask the host. */
  #beginAccess(slot: DriveSlot): void {
    this.onActivity(slot);
    // Where the guest's time stands still meanwhile, when it is asked makes no difference.
    if (!this.#transfers) this.cpu.stopSoon();
  }

  /** A slice in which everything happens after so many instructions, whatever the host does meanwhile. */
  #runByInstructions(transfers: OrderedTransfers): Slice {
    const { clock } = this.#time;
    const end = clock.now() + SLICE_NS;
    while (!this.#off && clock.now() < end) {
      // The guest's time stands still until they are done.
      if (transfers.underWay) return { state: "idle", sleepNs: Number.POSITIVE_INFINITY };
      this.#time.runAlarms();
      this.#hearCompletions();
      if (this.#sleeping()) {
        this.#time.skipTo(end);
        continue;
      }
      this.#execute(end - clock.now());
      if (this.cpu.stopped) return { state: "stopped", by: this.cpu.stopped };
    }
    return { state: "busy" };
  }

  /**
   * Runs instructions for so many nanoseconds of the machine's time or less, `most` of them, and what they have asked of
   * the board.
   */
  #execute(ns: number, most = Number.POSITIVE_INFINITY): void {
    try {
      this.cpu.run(this.#time.budget(Math.min(most, this.#time.instructionsIn(ns))));
    } catch (error) {
      if (!(error instanceof Divergence)) throw error;
      throw new TwinboxError("internal", describeDivergence(error, this.debugger), { cause: error });
    }
    this.firmware?.serve();
    this.#carryOutReset();
  }

  /**
   * For the debugger: one instruction, or the delivery of an interrupt if it waits and may come. The machine's time
   * goes on by the instruction; in HLT, to the next alarm.
   */
  stepInstruction(interrupts: boolean): boolean {
    this.#hearCompletions();
    this.#time.runAlarms();
    if (this.#sleeping() && interrupts) this.#time.skipTo(Number.POSITIVE_INFINITY);
    const delivered = this.cpu.runOne(interrupts);
    this.firmware?.serve();
    this.#carryOutReset();
    this.#flushSerial();
    return delivered;
  }

  resumeAt(hostNs: number): void {
    this.#time.resumeAt(hostNs);
  }

  /** When a halted processor is to go on. */
  #wakeTime(): number {
    const { clock } = this.#time;
    return clock.latestDeadline(this.#rest.slackAt(clock.now()));
  }

  /** In HLT, with nothing to wake it but time or something from outside. */
  #sleeping(): boolean {
    return this.cpu.halted !== 0 && !this.cpu.interruptible;
  }

  #defer(run: () => void): void {
    this.#completions.push(run);
    this.onWake();
  }

  #hearCompletions(): void {
    while (this.#completions.length > 0) {
      const completions = this.#completions;
      this.#completions = [];
      for (const run of completions) run();
    }
  }

  #flushSerial(): void {
    for (const port of this.#serial) port.flush();
  }

  // --- Reset ---

  /** Notes a reset, or the processor's INIT, which takes place once the instruction that asks for it is over. */
  #reset(what: "processor" | "machine"): void {
    if (this.#pendingReset !== "machine") this.#pendingReset = what;
    this.cpu.stopSoon();
  }

  #carryOutReset(): void {
    if (this.cpu.halted === SHUTDOWN) this.#pendingReset = "machine";
    const what = this.#pendingReset;
    if (what === "none") return;
    this.#pendingReset = "none";
    if (what === "machine") this.#resetMachine();
    else this.cpu.initialize();
  }

  #resetMachine(): void {
    this.cpu.reset();
    for (const device of this.#devices) device.reset();
    this.#setA20(this.#a20);
  }

  #setA20(open: boolean): void {
    this.#a20 = open;
    this.cpu.set32(A20_MASK, open ? -1 : ~MIB);
    this.cpu.runtime.flushTlb();
  }

  reset(): void {
    this.#pendingReset = "none";
    this.#resetMachine();
    this.onWake();
  }

  // --- From outside ---

  key(code: string, down: boolean): void {
    this.keyboard.key(code, down);
    this.onWake();
  }

  mouse(dx: number, dy: number, wheel: number, buttons: number): void {
    this.pointer.move(dx, dy, wheel, buttons);
    this.onWake();
  }

  serialInput(port: number, bytes: Uint8Array): void {
    this.#serial[port]?.uart.receive(bytes);
    this.onWake();
  }

  changeMedium(slot: DriveSlot, device: BlockDevice | null): void {
    this.drives.change(slot, this.#ordered(device));
    this.onWake();
  }

  powerButton(): void {
    this.power.pressPowerButton();
    this.onWake();
  }

  async close(): Promise<void> {
    for (const { device } of this.drives.all) {
      if (!device) continue;
      if (!device.readOnly) await device.flush();
      await device.close();
    }
  }

  statistics(): PcStatistics {
    return {
      instructions: this.cpu.instructions,
      timeNs: this.#time.clock.now(),
      compiler: this.cpu.compiler,
      guestMemory: this.memory.ram.length,
      totalMemory: this.memory.wasm.buffer.byteLength,
    };
  }

  // --- Saved state ---

  /** What must be the same in the machine that loads a saved state. */
  #identity() {
    const { memoryMib, drives, firmware, cpu } = this.#options;
    return {
      memoryMib,
      cpu: describeCpu(cpu ?? DEFAULT_CPU),
      drives: drives.map(({ slot, kind }) => `${slot}:${kind}`),
      firmware: firmware ? firmware.length : 0,
    };
  }

  /** A guest has asked what its processor can do, and would go on with another. */
  #checkProcessor(saved: unknown): void {
    const { cpu } = this.#identity();
    if (saved === cpu) return;
    throw new TwinboxError(
      "invalid-argument",
      `The saved state is that of a machine with another processor, not ${cpu}.`,
      {
        advice:
          typeof saved === "string" ? `Load it with the processor ${saved}.` : "Start the machine anew.",
      },
    );
  }

  #checkDevices(saved: SnapshotParts["devices"]): void {
    for (const { name, version } of [...this.#devices, { name: "board", version: BOARD_VERSION }]) {
      if (saved[name]?.version === version) continue;
      throw new TwinboxError("unsupported-format", `The saved state knows another ${name}.`, {
        advice: "Load it with the version of Twinbox that saved it.",
      });
    }
  }

  #regions() {
    return {
      ram: this.memory.ram,
      video: this.memory.video,
      cpu0: new Uint8Array(this.memory.wasm.buffer, CPU_BASE, TLB),
    };
  }

  async #transfersEnd(): Promise<void> {
    while (this.drives.busy || this.#completions.length > 0) {
      this.#hearCompletions();
      await Promise.resolve();
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
  }

  #deviceStates(): SnapshotParts["devices"] {
    const devices = Object.fromEntries(
      this.#devices.map(({ name, version, state }) => [name, { version, state }]),
    );
    const board = {
      version: BOARD_VERSION,
      state: { timeNs: this.#time.clock.now(), epochMs: this.#time.clock.epoch, a20: this.#a20 },
    };
    return { ...devices, board };
  }

  async checksum(): Promise<string> {
    await this.#transfersEnd();
    return stateChecksum(this.#regions(), this.#deviceStates());
  }

  async save(): Promise<Uint8Array> {
    await this.#transfersEnd();
    return inSteps(
      encodeSnapshot({
        machine: this.#identity(),
        devices: this.#deviceStates(),
        memory: this.#regions(),
        disks: this.drives.unsaved,
      }),
    );
  }

  async load(file: Uint8Array): Promise<void> {
    const { machine, devices, restore } = await inSteps(openSnapshot(file));
    this.#checkProcessor(machine.cpu);
    if (JSON.stringify(machine) !== JSON.stringify(this.#identity())) {
      throw new TwinboxError("invalid-argument", "The saved state is that of another machine.", {
        advice: "Load it with the same memory, drives and firmware as it was saved with.",
      });
    }
    this.#checkDevices(devices);
    await inSteps(restore({ memory: this.#regions(), disks: this.drives.unsaved }));
    const board = devices.board!.state;
    this.#time.clock.epoch = board.epochMs;
    this.#time.restore(board.timeNs);
    for (const device of this.#devices) device.state = devices[device.name]!.state;
    for (const device of this.#devices) device.afterLoad?.();
    this.cpu.afterLoad();
    this.debugger.afterLoad();
    this.#setA20(board.a20);
    this.onWake();
  }
}

declare function setTimeout(run: () => void, ms: number): unknown;

/** Does the work with turns of the event loop in between. */
async function inSteps<T>(work: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const until = performance.now() + SAVING_MS;
    while (performance.now() < until) {
      const step = work.next();
      if (step.done) return step.value;
    }
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
}

/** Builds a machine. Rejects with a TwinboxError when the options cannot be had. */
export async function createPc(options: PcOptions): Promise<PcControl> {
  return new Pc(options);
}
