import { expect, test } from "vitest";
import { Bus } from "./board/bus.ts";
import { addresses, ports } from "./memory-map.ts";

const nobody = { read: () => 0, write() {} };

test("no two devices share a port", () => {
  const bus = new Bus("io");
  for (const [name, { base, length }] of Object.entries(ports))
    bus.attach({ base, length, name, target: nobody });
  expect(bus.mappings.every(({ base, length }) => base + length <= 0x1_0000)).toBe(true);
});

test("no two devices share an address, but for what the shadow and the PCI hole are made of", () => {
  const { shadow, pciHole, ...devices } = addresses;
  const bus = new Bus("memory");
  for (const [name, { base, length }] of Object.entries(devices))
    bus.attach({ base, length, name, target: nobody });
  const { vgaRom, lowBios, framebuffer, ioApic, highBios } = addresses;
  expect(shadow.base).toBe(vgaRom.base);
  expect(shadow.base + shadow.length).toBe(lowBios.base + lowBios.length);
  expect(framebuffer.base).toBeGreaterThanOrEqual(pciHole.base);
  expect(pciHole.base + pciHole.length).toBeLessThanOrEqual(ioApic.base);
  expect(highBios.base + highBios.length).toBe(2 ** 32);
});
