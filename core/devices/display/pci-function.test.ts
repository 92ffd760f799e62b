import { expect, test } from "vitest";
import { PciCommand, PciRegister } from "../../board/pci.ts";
import { vgaPciFunction } from "./pci-function.ts";

test("the function is 1234:1111, a VGA, with frame buffer, registers and ROM placed by the guest", () => {
  const placed: Record<string, number | null> = {};
  const place = (name: string) => (base: number | null) => {
    placed[name] = base;
  };
  const pci = vgaPciFunction({
    frameBuffer: { size: 16 << 20, place: place("frameBuffer") },
    mmio: { place: place("mmio") },
    rom: { size: 0x10000, place: place("rom") },
  });
  expect(pci.readConfig(PciRegister.vendor, 4)).toBe(0x11111234);
  expect(pci.readConfig(PciRegister.revision, 4) >>> 8).toBe(0x030000);
  const sizeOf = (register: number) => {
    pci.writeConfig(register, 0xfffffff0, 4);
    return -(pci.readConfig(register, 4) & ~15);
  };
  expect(sizeOf(PciRegister.bar0)).toBe(16 << 20);
  expect(sizeOf(PciRegister.bar0 + 8)).toBe(0x1000);
  expect(pci.readConfig(PciRegister.bar0, 4) & 8).toBe(8);
  pci.writeConfig(PciRegister.bar0, 0xe0000000, 4);
  pci.writeConfig(PciRegister.bar0 + 8, 0xe1000000, 4);
  pci.writeConfig(PciRegister.rom, 0xe1010001, 4);
  pci.writeConfig(PciRegister.command, PciCommand.memorySpace, 2);
  expect(placed).toEqual({ frameBuffer: 0xe0000000, mmio: 0xe1000000, rom: 0xe1010000 });
});
