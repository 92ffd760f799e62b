import type { BusTarget, Device } from "../board/device.ts";
import { type BootState, Bootstrap, newBootState } from "./boot/boot.ts";
import type { FirmwareImage } from "./build.ts";
import { Call, type Outcome } from "./call.ts";
import { DiskBios } from "./disk/disk-bios.ts";
import type { DriveState } from "./disk/drives.ts";
import { Transfers } from "./disk/transfers.ts";
import { type FirmwareConfig, type FirmwareHardware, Ports } from "./hardware.ts";
import { powerOnSelfTest } from "./post.ts";
import { CODE_SEGMENT, dataLayout } from "./rom/rom.ts";
import type { ServiceName } from "./rom/stubs.ts";
import { ClockBios } from "./system/clock.ts";
import { KeyboardBios } from "./system/keyboard.ts";
import { MouseBios, type MouseState } from "./system/mouse.ts";
import { PciBios } from "./system/pci-bios.ts";
import { printerCall, SerialBios, type SerialState } from "./system/serial.ts";
import { SystemBios } from "./system/system-bios.ts";
import { VideoBios } from "./video/video-bios.ts";

const DATA_SEGMENT = 0xe000;
const RESET_CONTROL = 0xcf9;
const HARD_RESET = 0x06;
/** Upper half of the 8-line font: 128 characters of 8 bytes further on. */
const UPPER_HALF = 0x400;

interface FirmwareState extends MouseState, SerialState {
  boot: BootState;
  drives: DriveState;
}

const powerOn = (): FirmwareState => ({
  boot: newBootState(),
  drives: { emulation: null, geometries: {} },
  exchange: null,
  serialDeadline: null,
});

/**
 * The built-in BIOS. Its ROM holds real-mode stubs that call the services here through one port; a service works on
 * the caller's registers and memory, and drives the chips by their ports as any BIOS does.
 */
export class Firmware implements Device {
  readonly name = "firmware";
  readonly version = 1;
  state: FirmwareState = powerOn();
  /** Firmware call port: a write asks for a service, which is done by {@link serve} once the OUT is complete. */
  readonly callPort: BusTarget = {
    read: () => 0xff,
    write: () => {
      this.#called = true;
      this.#hardware.stopProcessor();
    },
  };
  #called = false;
  readonly #config: FirmwareConfig;
  readonly #hardware: FirmwareHardware;
  readonly #image: FirmwareImage;
  readonly #io: Ports;
  readonly #transfers: Transfers;
  readonly #services: Record<ServiceName, (call: Call) => Outcome>;
  readonly #video: VideoBios;
  readonly #disks: DiskBios;
  readonly #clock: ClockBios;
  readonly #keyboard: KeyboardBios;
  readonly #mouse: MouseBios;
  readonly #bootstrap: Bootstrap;

  constructor(image: FirmwareImage, config: FirmwareConfig, hardware: FirmwareHardware) {
    this.#config = config;
    this.#hardware = hardware;
    this.#image = image;
    this.#io = new Ports(hardware.ports);
    this.#transfers = new Transfers(() => hardware.wake());
    this.#video = new VideoBios(this.#io, this.#videoRom());
    this.#clock = new ClockBios(this.#io);
    this.#keyboard = new KeyboardBios(this.#io);
    this.#mouse = new MouseBios(this.#io, () => this.state);
    this.#disks = new DiskBios(
      hardware,
      this.#transfers,
      () => this.state.drives,
      this.#farPointer("disketteParameters"),
    );
    this.#bootstrap = new Bootstrap({
      config,
      disks: this.#disks,
      keyboard: this.#keyboard,
      transfers: this.#transfers,
      offsetOf: (label) => image.layout.offsetOf(label),
      screen: (call) => this.#video.screen(call),
      state: () => this.state,
    });
    this.#services = this.#table();
  }

  reset(): void {
    this.#called = false;
    this.state = powerOn();
    this.#transfers.reset();
  }

  afterLoad(): void {
    this.#transfers.reset();
    this.#disks.forgetChanges();
  }

  /** A far pointer to a label of the ROM's code, segment in the upper half. */
  #farPointer(label: string): number {
    return ((CODE_SEGMENT << 16) | this.#image.layout.offsetOf(label)) >>> 0;
  }

  #videoRom() {
    const data = (offset: number) => ((DATA_SEGMENT << 16) | offset) >>> 0;
    const font8 = this.#farPointer("font8x8");
    const { layout } = this.#image;
    return {
      font: { 8: font8, 14: data(dataLayout.font8x14), 16: data(dataLayout.font8x16) },
      font8Upper: font8 + UPPER_HALF,
      noAlternates: data(dataLayout.noAlternates),
      capabilities: this.#farPointer("videoCapabilities"),
      vbeInterface: this.#farPointer("vbeInterface"),
      vbeInterfaceLength: layout.offsetOf("vbeInterfaceEnd") - layout.offsetOf("vbeInterface"),
      vbeName: this.#farPointer("vbeName"),
      vbeWindow: this.#farPointer("vbeWindow"),
    };
  }

  #table(): Record<ServiceName, (call: Call) => Outcome> {
    const system = new SystemBios(
      this.#io,
      this.#config.memoryMib,
      this.#mouse,
      this.#clock,
      this.#farPointer("systemConfiguration"),
    );
    const serial = new SerialBios(this.#io, () => this.state);
    const pci = new PciBios(this.#io);
    const at = (service: (call: Call) => void) => (call: Call) => {
      service(call);
      return undefined;
    };
    return {
      int10: at((call) => this.#video.call(call)),
      int11: at((call) => system.equipment(call)),
      int12: at((call) => system.memorySize(call)),
      int13: (call) => this.#disks.call(call),
      int14: (call) => serial.call(call),
      int15: (call) => system.call(call),
      int16: (call) => this.#keyboard.call(call),
      int17: at(printerCall),
      int1a: at((call) => {
        if (call.ah === 0xb1) pci.call(call);
        else if (!this.#clock.call(call)) call.carry = true;
      }),
      post: at(() => this.#post()),
      greet: at((call) => this.#bootstrap.greet(call)),
      boot: (call) => this.#bootstrap.step(call),
      next: at(() => this.#bootstrap.next()),
      key: at((call) => this.#key(call)),
      mouse: at((call) => {
        if (this.#mouse.interrupt(call)) this.#goTo(call, "mouse.report");
      }),
      rtc: at((call) => {
        if (this.#clock.interrupt(call)) this.#goTo(call, "rtc.alarm");
      }),
    };
  }

  #goTo(call: Call, label: string): void {
    call.cpu.eip = this.#image.layout.offsetOf(label);
  }

  /**
   * Does what a stub has asked for, if one has: to be called whenever the processor has stopped, with its registers as
   * they are after the OUT. Which stub it was, its return address says.
   */
  serve(): void {
    if (!this.#called) return;
    this.#called = false;
    const call = new Call(this.#hardware.processor);
    const name = this.#image.layout.serviceAt(call.cpu.eip & 0xffff);
    if (!name || call.cpu.protectedMode) return;
    call.dx = call.pop();
    const outcome = this.#services[name](call);
    if (outcome === undefined) return;
    // HLT is not for virtual-8086 mode.
    if (outcome === "again") this.#goTo(call, name);
    else this.#goTo(call, `${name}.${outcome === "spin" || call.virtual8086 ? "spin" : "wait"}`);
  }

  #post(): void {
    this.state = powerOn();
    this.#transfers.reset();
    powerOnSelfTest(
      this.#hardware,
      this.#io,
      this.#config,
      this.#image.layout,
      this.#disks.drives,
      this.#clock,
    );
    this.#video.vbe.leave();
  }

  #key(call: Call): void {
    const action = this.#keyboard.key(call.memory, call.al);
    if (action === "restart") this.#io.outb(RESET_CONTROL, HARD_RESET);
    else if (action !== "done") this.#goTo(call, `key.${action}`);
  }
}
