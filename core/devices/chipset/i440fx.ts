import type { Width } from "../../board/device.ts";
import { PciDevice, PciRegister } from "../../board/pci.ts";

/** Registers of the host bridge. [82441FX] 3.2 */
const Register = {
  pmcConfiguration: 0x50,
  dramControl: 0x57,
  dramTiming: 0x58,
  pam0: 0x59,
  dramRowBoundary: 0x60,
  fixedHole: 0x68,
  multiTransactionTimer: 0x70,
  cpuLatencyTimer: 0x71,
  smram: 0x72,
  errorCommand: 0x90,
  errorStatus: 0x91,
} as const;

/** Attributes of a segment, a nibble of a PAM register each. */
const PAM_READ = 1;
const PAM_WRITE = 2;
const PAM_BITS = 0x33;

const Smram = { locked: 0x10, open: 0x40, reset: 0x02, writable: 0x78 } as const;

/** Memory from 0xC0000 to 0xFFFFF, where RAM may take the place of ROM. */
export interface ShadowRam {
  /** Reads of the range come from RAM if `readable`, else from ROM; writes go to RAM if `writable`, else nowhere. */
  setSegment(base: number, length: number, readable: boolean, writable: boolean): void;
}

/** The segments: the BIOS area by PAM0's upper nibble, then 12 of 16 KiB by the nibbles of PAM1 to PAM6. */
const segments = [
  { register: Register.pam0, shift: 4, base: 0xf0000, length: 0x10000 },
  ...Array.from({ length: 12 }, (_, i) => ({
    register: Register.pam0 + 1 + (i >> 1),
    shift: 4 * (i & 1),
    base: 0xc0000 + 0x4000 * i,
    length: 0x4000,
  })),
];

const COMMAND_RESET = 0x0006;
/** Medium DEVSEL# timing, and fast back-to-back. */
const STATUS_RESET = 0x0280;

/**
 * The 440FX host bridge. What it does for a guest is the shadowing of ROM; its memory timing registers are kept and
 * have no effect, as has SMRAM, there being no system management mode. [82441FX]
 */
export class HostBridge extends PciDevice {
  readonly #shadow: ShadowRam;
  /** Attributes of each segment as last told. */
  readonly #told: number[] = segments.map(() => 0);

  constructor(shadow: ShadowRam) {
    super(
      "host-bridge",
      {
        vendor: 0x8086,
        device: 0x1237,
        classCode: 0x060000,
        revision: 2,
        registers: [
          { offset: PciRegister.command, width: 2, reset: COMMAND_RESET, writable: 0x0140 },
          { offset: PciRegister.status, width: 2, reset: STATUS_RESET, writeOneToClear: 0xf900 },
          { offset: Register.pmcConfiguration, width: 2, writable: 0xffff },
          { offset: Register.dramControl, width: 1, reset: 0x01, writable: 0xff },
          { offset: Register.dramTiming, width: 1, writable: 0xff },
          ...Array.from({ length: 7 }, (_, i) => ({
            offset: Register.pam0 + i,
            width: 1 as const,
            writable: i === 0 ? PAM_BITS & 0xf0 : PAM_BITS,
          })),
          { offset: Register.dramRowBoundary, width: 4, reset: 0x01010101, writable: 0xffff_ffff },
          { offset: Register.dramRowBoundary + 4, width: 4, reset: 0x01010101, writable: 0xffff_ffff },
          { offset: Register.fixedHole, width: 1, writable: 0xc0 },
          { offset: Register.multiTransactionTimer, width: 1, writable: 0xf8 },
          { offset: Register.cpuLatencyTimer, width: 1, reset: 0x10, writable: 0x1f },
          { offset: Register.smram, width: 1, reset: Smram.reset, writable: Smram.writable },
          { offset: Register.errorCommand, width: 1, writable: 0xff },
          { offset: Register.errorStatus, width: 1, writeOneToClear: 0x11 },
        ],
      },
      () => ({}),
    );
    this.#shadow = shadow;
  }

  override reset(): void {
    super.reset();
    this.#tellSegments();
  }

  override afterLoad(): void {
    super.afterLoad();
    this.#tellSegments();
  }

  /** The SMRAM register cannot be changed once locked. */
  override writeConfig(offset: number, value: number, width: Width): void {
    const smram = this.state.config[Register.smram]!;
    super.writeConfig(offset, value, width);
    if (smram & Smram.locked) this.setConfig(Register.smram, smram, 1);
    else if (this.state.config[Register.smram]! & Smram.locked) {
      this.setConfig(Register.smram, this.state.config[Register.smram]! & ~Smram.open, 1);
    }
  }

  protected override configWritten(): void {
    this.#tellSegments();
  }

  #tellSegments(): void {
    segments.forEach(({ register, shift, base, length }, i) => {
      const attributes = (this.state.config[register]! >> shift) & (PAM_READ | PAM_WRITE);
      if (attributes === this.#told[i]) return;
      this.#told[i] = attributes;
      this.#shadow.setSegment(base, length, (attributes & PAM_READ) !== 0, (attributes & PAM_WRITE) !== 0);
    });
  }
}
