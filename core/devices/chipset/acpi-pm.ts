import type { Alarm, Clock } from "../../board/clock.ts";
import type { BusTarget, Line, Width } from "../../board/device.ts";
import { PciDevice, type PciRegion, PciRegister, type PciSpace } from "../../board/pci.ts";

/** The power management timer's clock. [ACPI] 4.7.2.1 */
export const PM_TIMER_HERTZ = 3_579_545;
/** Values for the SMI command port by which an operating system takes over power management, and gives it back. */
export const AcpiCommand = { enable: 0xf1, disable: 0xf0 } as const;
/** Values of SLP_TYP in the PM1 control register. [82371] PMCNTRL */
export const SleepType = { softOff: 0 } as const;

/** Length of the I/O blocks. */
const PM_PORTS = 0x40;
const SMBUS_PORTS = 0x10;

/** Configuration registers. [82371] 7.1 */
const Config = {
  pmBase: 0x40,
  deviceActivityB: 0x58,
  pmMiscellaneous: 0x80,
  smbusBase: 0x90,
  smbusConfiguration: 0xd2,
} as const;
const BASE_IS_IO = 1;
const ENABLE = 1;
/** Writes to the SMI command port cause an SMI. Set from the start: firmware then takes SMM as set up. */
const APMC_ENABLE = 0x0200_0000;

/** Double words of the PM I/O block, as offsets. [82371] 7.2 */
const Block = { pm1Event: 0x00, pm1Control: 0x04, timer: 0x08, gpe0: 0x0c } as const;
/** Events, at the same bits in the PM1 status and enable registers. */
const Event = { timer: 1 << 0, global: 1 << 5, powerButton: 1 << 8, rtc: 1 << 10 } as const;
const WAKE_STATUS = 1 << 15;
const STATUS_BITS = Event.timer | (1 << 4) | Event.global | Event.powerButton | Event.rtc | WAKE_STATUS;
const ENABLE_BITS = Event.timer | Event.global | Event.powerButton | Event.rtc;
const Control = { sciEnable: 1 << 0, sleepType: 0x1c00, sleepEnable: 1 << 13, kept: 0x1c03 } as const;

interface Registers {
  /** PM1 status, the timer's overflow being added when it is read. */
  status: number;
  enable: number;
  control: number;
  gpeStatus: number;
  gpeEnable: number;
  /** Changes of the timer's uppermost bit up to the last that status knows of. */
  timerCarries: number;
  /** The registers of the block beside those: kept, without effect. */
  others: number[];
  smiCommand: number;
  smiStatus: number;
}

/** Where the power management function's events go. */
export interface PowerManagementWiring {
  /** System control interrupt, level. */
  sci: Line;
  clock: Clock;
  /** The guest has put the machine into soft off (S5). */
  powerOff(): void;
  /** Where the I/O blocks of the function appear. */
  io: PciSpace;
  /** The SMBus host controller's 16 ports. */
  smbus: BusTarget;
}

/**
 * Power management of the PIIX4: ACPI's fixed registers, a timer of 24 or 32 bits, and the SMI command port, whose two
 * ACPI commands are carried out here as there is no system management mode. [82371] chapter 7, [ACPI] 4.7
 */
export class PowerManagement extends PciDevice<Registers> {
  /** The PM I/O block: 64 ports, double-word wide. */
  readonly ports: BusTarget = {
    read: (offset, width) => this.#read(offset, width),
    write: (offset, value, width) => this.#write(offset, value, width),
  };
  /** GPE0 status and enable alone, 4 ports. */
  readonly gpePorts: BusTarget = {
    read: (offset, width) => this.#read(Block.gpe0 + offset, width),
    write: (offset, value, width) => this.#write(Block.gpe0 + offset, value, width),
  };
  /** APMC and APMS: SMI command and status. */
  readonly smiPorts: BusTarget = {
    read: (offset) => (offset === 0 ? this.state.smiCommand : this.state.smiStatus),
    write: (offset, value) => {
      if (offset === 0) this.#command(value);
      else this.state.smiStatus = value;
    },
  };

  readonly #wiring: PowerManagementWiring;
  readonly #timerRange: number;
  readonly #overflow: Alarm;
  readonly #placePm: PciRegion["place"];
  readonly #placeSmbus: PciRegion["place"];

  constructor(wiring: PowerManagementWiring, timerBits: 24 | 32 = 24) {
    super(
      "power-management",
      {
        vendor: 0x8086,
        device: 0x7113,
        classCode: 0x068000,
        revision: 3,
        interruptPin: 1,
        registers: [
          { offset: PciRegister.status, width: 2, reset: 0x0280, writeOneToClear: 0xf900 },
          { offset: Config.pmBase, width: 4, reset: BASE_IS_IO, writable: 0xffc0 },
          { offset: 0x44, width: 4, writable: 0xffff_ffff },
          { offset: 0x48, width: 4, writable: 0xffff_ffff },
          { offset: 0x4c, width: 4, writable: 0xffff_ffff },
          { offset: 0x50, width: 4, writable: 0xffff_ffff },
          { offset: 0x54, width: 4, writable: 0xffff_ffff },
          { offset: Config.deviceActivityB, width: 4, reset: APMC_ENABLE, writable: 0xffff_ffff },
          { offset: 0x5c, width: 4, reset: 0x9000_0000, writable: 0xffff_ffff },
          { offset: Config.pmMiscellaneous, width: 1, writable: ENABLE },
          { offset: Config.smbusBase, width: 4, reset: BASE_IS_IO, writable: 0xfff0 },
          { offset: Config.smbusConfiguration, width: 1, writable: 0x0f },
        ],
      },
      () => ({
        status: 0,
        enable: 0,
        control: 0,
        gpeStatus: 0,
        gpeEnable: 0,
        timerCarries: 0,
        others: new Array<number>(PM_PORTS / 4).fill(0),
        smiCommand: 0,
        smiStatus: 0,
      }),
    );
    this.#wiring = wiring;
    this.#timerRange = 2 ** timerBits;
    this.#placePm = wiring.io.region("power management", PM_PORTS, this.ports, 4);
    this.#placeSmbus = wiring.io.region("smbus", SMBUS_PORTS, wiring.smbus, 1);
    this.#overflow = wiring.clock.alarm(() => this.#update());
  }

  override reset(): void {
    super.reset();
    this.state.timerCarries = this.#carries();
    this.#placeBlocks();
    this.#drive();
  }

  override afterLoad(): void {
    super.afterLoad();
    this.#placeBlocks();
    this.#drive();
  }

  /** The person presses the power button. */
  pressPowerButton(): void {
    this.state.status |= Event.powerButton;
    this.#update();
  }

  protected override configWritten(): void {
    this.#placeBlocks();
  }

  #placeBlocks(): void {
    const baseOf = (register: number, mask: number, enable: number) => {
      const base = this.configWord(register) & mask;
      return this.state.config[enable]! & ENABLE && base !== 0 ? base : null;
    };
    this.#placePm(baseOf(Config.pmBase, 0x1_0000 - PM_PORTS, Config.pmMiscellaneous));
    this.#placeSmbus(baseOf(Config.smbusBase, 0x1_0000 - SMBUS_PORTS, Config.smbusConfiguration));
  }

  #read(offset: number, width: Width): number {
    const value = this.#readDword(offset & ~3) >>> (8 * (offset & 3));
    return width === 4 ? value : value & (2 ** (8 * width) - 1);
  }

  #readDword(at: number): number {
    const { state } = this;
    switch (at) {
      case Block.timer:
        return this.#ticks() % this.#timerRange;
      case Block.pm1Event:
        this.#recordOverflow();
        return (state.status | (state.enable << 16)) >>> 0;
      case Block.pm1Control:
        return state.control;
      case Block.gpe0:
        return (state.gpeStatus | (state.gpeEnable << 16)) >>> 0;
      default:
        return state.others[at >> 2]!;
    }
  }

  #write(offset: number, value: number, width: Width): void {
    const shift = 8 * (offset & 3);
    const mask = ((width === 4 ? 0xffff_ffff : 2 ** (8 * width) - 1) << shift) >>> 0;
    this.#writeDword(offset & ~3, (value << shift) >>> 0, mask);
  }

  /** Writes the bits of `mask` of a register. */
  #writeDword(at: number, value: number, mask: number): void {
    const { state } = this;
    const merge = (old: number) => ((old & ~mask) | (value & mask)) >>> 0;
    switch (at) {
      case Block.timer:
        break;
      case Block.pm1Event:
        this.#recordOverflow();
        state.status &= ~(value & mask & STATUS_BITS);
        state.enable = (merge(state.enable << 16) >>> 16) & ENABLE_BITS;
        this.#update();
        break;
      case Block.pm1Control:
        this.#writeControl(merge(state.control));
        break;
      case Block.gpe0:
        state.gpeStatus &= ~(value & mask);
        state.gpeEnable = merge(state.gpeEnable << 16) >>> 16;
        this.#update();
        break;
      default:
        state.others[at >> 2] = merge(state.others[at >> 2]!);
    }
  }

  #writeControl(value: number): void {
    this.state.control = value & Control.kept;
    this.#update();
    if (!(value & Control.sleepEnable)) return;
    if ((value & Control.sleepType) >>> 10 === SleepType.softOff) this.#wiring.powerOff();
    // The other states are none of ours: the machine is awake again at once.
    else this.state.status |= WAKE_STATUS;
  }

  #command(value: number): void {
    const { state } = this;
    state.smiCommand = value;
    if (value === AcpiCommand.enable) state.control |= Control.sciEnable;
    else if (value === AcpiCommand.disable) state.control &= ~Control.sciEnable;
    this.#update();
  }

  #ticks(): number {
    return Math.floor((this.#wiring.clock.now() * PM_TIMER_HERTZ) / 1e9);
  }

  /** How often the timer's uppermost bit has changed. */
  #carries(): number {
    return Math.floor(this.#ticks() / (this.#timerRange / 2));
  }

  #recordOverflow(): void {
    const carries = this.#carries();
    if (carries === this.state.timerCarries) return;
    this.state.timerCarries = carries;
    this.state.status |= Event.timer;
  }

  #update(): void {
    this.#recordOverflow();
    this.#drive();
  }

  /** Drives the SCI by the registers, and sets the alarm for the timer's next overflow if that would change it. */
  #drive(): void {
    const { status, enable, control, gpeStatus, gpeEnable, timerCarries } = this.state;
    const events = (status & enable) | (gpeStatus & gpeEnable);
    const canInterrupt = (control & Control.sciEnable) !== 0;
    this.#wiring.sci.set(canInterrupt && events !== 0);
    if (canInterrupt && enable & Event.timer && !(status & Event.timer)) {
      this.#overflow.set(Math.ceil(((timerCarries + 1) * (this.#timerRange / 2) * 1e9) / PM_TIMER_HERTZ) + 1);
    } else this.#overflow.cancel();
  }
}
