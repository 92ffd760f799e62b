import { bit, withBit } from "../../base/bits.ts";
import type { BusTarget, Line } from "../../board/device.ts";
import { PciDevice, PciRegister } from "../../board/pci.ts";

/** Registers of the ISA bridge. [82371] 2.2 */
const Register = {
  ioRecovery: 0x4c,
  xbusChipSelect: 0x4e,
  pirqRoute: 0x60,
  topOfMemory: 0x69,
  miscellaneousStatus: 0x6a,
  motherboardIrqRoute: 0x70,
  motherboardDma: 0x76,
  apicBase: 0x80,
  deterministicLatency: 0x82,
  smiControl: 0xa0,
  smiEnable: 0xa2,
  fastOffTimer: 0xa8,
} as const;

const ROUTE_DISABLED = 0x80;
/** Requests to which PCI interrupts may be routed: not the timer, keyboard, cascade, clock and coprocessor. */
const ROUTABLE = 0xdef8;
/** The request between the two 8259s; on an I/O APIC, input 2 is the timer's. */
const CASCADE = 2;
/** Reset control: the kind of reset, of the system or of the processor alone, and the bit that starts it. [82371] RC */
const ResetControl = { system: 0x02, start: 0x04 } as const;

/** What port 0xCF9 can do. */
export interface Resets {
  /** INIT#. */
  processor(): void;
  machine(): void;
}

const COMMAND_RESET = 0x0007;
const STATUS_RESET = 0x0200;

/**
 * The PIIX3 ISA bridge: it joins the ISA interrupt requests and the four PCI ones, as routed by registers 0x60 to 0x63,
 * into the 16 lines to the interrupt controllers, and resets processor or machine through port 0xCF9. [82371]
 */
export class IsaBridge extends PciDevice<{ isa: number; pirqs: number; resetControl: number }> {
  /** Interrupt requests 0 to 15 of what is on the ISA bus and in the chipset. */
  readonly isa: readonly Line[];
  /** PIRQA# to PIRQD#, high when asserted. */
  readonly pirq: readonly Line[];
  /** The register at port 0xCF9. */
  readonly resetControl: BusTarget = {
    read: () => this.state.resetControl,
    write: (_offset, value) => {
      this.state.resetControl = value & ResetControl.system;
      if (value & ResetControl.start) this.#resets[value & ResetControl.system ? "machine" : "processor"]();
    },
  };
  readonly #outputs: readonly Line[];
  readonly #resets: Resets;

  /** `outputs`: requests 0 to 15, to the interrupt controllers; 2 is never driven. */
  constructor(outputs: readonly Line[], resets: Resets) {
    super(
      "isa-bridge",
      {
        vendor: 0x8086,
        device: 0x7000,
        classCode: 0x060100,
        multiFunction: true,
        registers: [
          { offset: PciRegister.command, width: 2, reset: COMMAND_RESET, writable: 0x0108 },
          { offset: PciRegister.status, width: 2, reset: STATUS_RESET, writeOneToClear: 0x7800 },
          { offset: Register.ioRecovery, width: 1, reset: 0x4d, writable: 0xff },
          { offset: Register.xbusChipSelect, width: 2, reset: 0x0003, writable: 0x01ff },
          {
            offset: Register.pirqRoute,
            width: 4,
            reset: 0x8080_8080,
            writable: 0x8f8f_8f8f,
          },
          { offset: Register.topOfMemory, width: 1, reset: 0x02, writable: 0xfe },
          { offset: Register.miscellaneousStatus, width: 2, writable: 0x8084 },
          { offset: Register.motherboardIrqRoute, width: 1, reset: 0x80, writable: 0xef },
          { offset: Register.motherboardDma, width: 2, reset: 0x0c0c, writable: 0x8f8f },
          { offset: Register.apicBase, width: 1, writable: 0x7f },
          { offset: Register.deterministicLatency, width: 1, writable: 0x0f },
          { offset: Register.smiControl, width: 1, reset: 0x08, writable: 0x1f },
          { offset: Register.smiEnable, width: 2, writable: 0x01ff },
          { offset: Register.fastOffTimer, width: 1, reset: 0x0f, writable: 0xff },
        ],
      },
      () => ({ isa: 0, pirqs: 0, resetControl: 0 }),
    );
    this.#outputs = outputs;
    this.#resets = resets;
    this.isa = Array.from({ length: 16 }, (_, irq) => ({ set: (high: boolean) => this.#setIsa(irq, high) }));
    this.pirq = Array.from({ length: 4 }, (_, n) => ({ set: (high: boolean) => this.#setPirq(n, high) }));
  }

  override reset(): void {
    const { isa, pirqs } = this.state;
    super.reset();
    Object.assign(this.state, { isa, pirqs });
    this.#drive();
  }

  override afterLoad(): void {
    super.afterLoad();
    this.#drive();
  }

  protected override configWritten(): void {
    this.#drive();
  }

  #setIsa(irq: number, high: boolean): void {
    this.state.isa = withBit(this.state.isa, irq, high);
    this.#driveOne(irq);
  }

  #setPirq(n: number, high: boolean): void {
    this.state.pirqs = withBit(this.state.pirqs, n, high);
    const irq = this.#routeOf(n);
    if (irq !== null) this.#driveOne(irq);
  }

  /** The request to which a PIRQ is routed. */
  #routeOf(n: number): number | null {
    const route = this.state.config[Register.pirqRoute + n]!;
    const irq = route & 15;
    return route & ROUTE_DISABLED || !bit(ROUTABLE, irq) ? null : irq;
  }

  #drive(): void {
    for (let irq = 0; irq < 16; irq++) this.#driveOne(irq);
  }

  #driveOne(irq: number): void {
    if (irq === CASCADE) return;
    const { isa, pirqs } = this.state;
    let high = bit(isa, irq);
    for (let n = 0; n < 4 && !high; n++) high = bit(pirqs, n) && this.#routeOf(n) === irq;
    this.#outputs[irq]!.set(high);
  }
}
