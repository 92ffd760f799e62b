import type { BusTarget, Device } from "../../board/device.ts";

/** Registers of the PIIX4's SMBus host controller. [82371] 7.3 */
const HOST_STATUS = 0x0;
const SLAVE_STATUS = 0x1;
const HOST_CONTROL = 0x2;
const BLOCK_DATA = 0x7;

const STATUS_DEVICE_ERROR = 0x04;
const STATUS_WRITE_ONE_TO_CLEAR = 0x1e;
const CONTROL_START = 0x40;

const powerOn = () => ({ registers: new Uint8Array(16) });

/** An SMBus host controller with nothing on its bus: each transfer ends at once with a device error. */
export class Smbus implements Device, BusTarget {
  readonly name = "smbus";
  readonly version = 1;
  state = powerOn();

  reset(): void {
    this.state = powerOn();
  }

  read(offset: number): number {
    if (offset === BLOCK_DATA) return 0;
    return this.state.registers[offset]!;
  }

  write(offset: number, value: number): void {
    const { registers } = this.state;
    switch (offset) {
      case HOST_STATUS:
        registers[HOST_STATUS] = registers[HOST_STATUS]! & ~(value & STATUS_WRITE_ONE_TO_CLEAR);
        break;
      case SLAVE_STATUS:
      case BLOCK_DATA:
        break;
      case HOST_CONTROL:
        registers[HOST_CONTROL] = value & ~CONTROL_START;
        if (value & CONTROL_START) registers[HOST_STATUS] = STATUS_DEVICE_ERROR;
        break;
      default:
        registers[offset] = value;
    }
  }
}
