import { ports } from "../../memory-map.ts";
import type { Ports } from "../hardware.ts";

/** Registers of the display interface. [DISPI] */
export const DispiIndex = {
  id: 0,
  width: 1,
  height: 2,
  bitsPerPixel: 3,
  enable: 4,
  bank: 5,
  virtualWidth: 6,
  virtualHeight: 7,
  xOffset: 8,
  yOffset: 9,
  memory64k: 10,
} as const;

export const DispiEnable = { enabled: 0x01, dac8: 0x20, linear: 0x40, keepMemory: 0x80 } as const;

export function readDispi(io: Ports, index: number): number {
  io.outw(ports.vbe.base, index);
  return io.inw(ports.vbe.base + 1);
}

export function writeDispi(io: Ports, index: number, value: number): void {
  io.outw(ports.vbe.base, index);
  io.outw(ports.vbe.base + 1, value);
}
