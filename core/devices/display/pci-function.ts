import { PciDevice, type PciRegion } from "../../board/pci.ts";
import { MMIO_SIZE } from "./vga.ts";

const VENDOR = 0x1234;
const DEVICE = 0x1111;
/** Display controller, VGA compatible. */
const CLASS_CODE = 0x030000;
const REVISION = 2;
const SUBSYSTEM_VENDOR = 0x1af4;
const SUBSYSTEM = 0x1100;

/** Where the board puts the VGA's regions: each called with the new base, or null for nowhere. */
export interface VgaRegions {
  /** Video memory as a linear frame buffer. */
  frameBuffer: { size: number; place: PciRegion["place"] };
  /** `Vga.mmio`. */
  mmio: { place: PciRegion["place"] };
  /** The video BIOS; `size` a power of two, at least 2048. */
  rom?: { size: number; place: PciRegion["place"] };
}

/** The VGA as the PCI function 1234:1111, which guests' drivers know as Bochs' and QEMU's. */
export function vgaPciFunction({ frameBuffer, mmio, rom }: VgaRegions): PciDevice {
  return new PciDevice(
    "vga-pci",
    {
      vendor: VENDOR,
      device: DEVICE,
      classCode: CLASS_CODE,
      revision: REVISION,
      subsystemVendor: SUBSYSTEM_VENDOR,
      subsystem: SUBSYSTEM,
      bars: [
        { kind: "memory", size: frameBuffer.size, prefetchable: true, place: frameBuffer.place },
        undefined,
        { kind: "memory", size: MMIO_SIZE, place: mmio.place },
      ],
      ...(rom && { rom: { kind: "memory" as const, size: rom.size, place: rom.place } }),
    },
    () => ({}),
  );
}
