// The device by which kvm-unit-tests' programs deal with QEMU: a port to leave by, a port that keeps what it is given,
// the interrupt controllers' lines as ports, and memory that is a device's.

import type { BusTarget, Width } from "../../core/board/device.ts";
import type { Pc } from "../../core/pc.ts";

const DATA_PORT = 0xe0;
const EXIT_PORT = 0xf4;
const LINES = 0x2000;
const LINE_COUNT = 24;
/** The cascade of the interrupt controllers is no one's line. */
const CASCADE = 2;
const ISA_LINES = 16;
const MEMORY = 0xff00_0000;
const MEMORY_BYTES = 0x1_0000;

/** Bytes that are read and written like registers, little-endian. */
function registers(bytes: Uint8Array): BusTarget {
  const view = new DataView(bytes.buffer);
  return {
    read: (offset, width) =>
      width === 1
        ? view.getUint8(offset)
        : width === 2
          ? view.getUint16(offset, true)
          : view.getUint32(offset, true),
    write: (offset, value, width) => {
      if (width === 1) view.setUint8(offset, value);
      else if (width === 2) view.setUint16(offset, value, true);
      else view.setUint32(offset, value, true);
    },
  };
}

/** Puts the device on a board; `onExit` gets what the program leaves with. */
export function attachTestDevice(pc: Pc, onExit: (status: number) => void): void {
  const width: Width = 4;
  const exit: BusTarget = { read: () => 0, write: (_offset, value) => onExit(value) };
  const lines: BusTarget = {
    read: () => 0,
    write: (line, value) => {
      if (line === CASCADE) return;
      const wire = line < ISA_LINES ? pc.interrupts.line(line) : pc.interrupts.ioApic.lines[line]!;
      wire.set(value !== 0);
    },
  };
  const data = registers(new Uint8Array(4));
  pc.ports.attach({ base: DATA_PORT, length: 4, name: "test data", width, target: data });
  pc.ports.attach({ base: EXIT_PORT, length: 4, name: "test exit", width, target: exit });
  pc.ports.attach({ base: LINES, length: LINE_COUNT, name: "test lines", target: lines });
  const memory = registers(new Uint8Array(MEMORY_BYTES));
  pc.registers.attach({ base: MEMORY, length: MEMORY_BYTES, name: "test memory", width, target: memory });
}
