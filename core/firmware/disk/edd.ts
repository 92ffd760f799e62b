import { pciSlots } from "../../memory-map.ts";
import type { Call } from "../call.ts";
import type { BiosDrive, Emulation } from "./drives.ts";

/** Packet access, and extended drive parameters with a device path. */
const EXTENSIONS = 0x0005;
const VERSION_3 = 0x30;
const PARAMETERS_V1 = 26;
const PARAMETERS_V2 = 30;
const PARAMETERS_V3 = 66;

/** Bits of the information word. */
const Info = {
  dmaTransparent: 1,
  geometryValid: 2,
  removable: 4,
  changeLine: 0x10,
  lockable: 0x20,
  noMedium: 0x40,
} as const;

/** AH=41h. False when BX is not the question. */
export function extensionsPresent(call: Call): boolean {
  if (call.bx !== 0x55aa) return false;
  call.bx = 0xaa55;
  call.ah = VERSION_3;
  call.cx = EXTENSIONS;
  return true;
}

/** Where the drive is: bytes 30 to 65. [EDD] device path */
function devicePath(drive: BiosDrive): Uint8Array {
  const path = new Uint8Array(PARAMETERS_V3 - PARAMETERS_V2);
  const ascii = (text: string, at: number) =>
    path.set(
      [...text].map((char) => char.charCodeAt(0)),
      at,
    );
  const unit = ["hda", "hdb", "hdc", "hdd"].indexOf(drive.slot);
  path.set([0xdd, 0xbe, path.length]);
  ascii("PCI ", 6);
  ascii(drive.kind === "cdrom" ? "ATAPI   " : "ATA     ", 10);
  path.set([0, pciSlots.ide.slot, pciSlots.ide.fn, unit >> 1], 18);
  path[26] = unit & 1;
  path[path.length - 1] = -path.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return path;
}

/** AH=48h: fills the buffer at DS:SI as far as its size says. False when it is too small. */
export function driveParameters(call: Call, drive: BiosDrive): boolean {
  const { memory } = call;
  const at = call.address("ds", call.si);
  const room = memory.read16(at);
  if (room < PARAMETERS_V1) return false;
  const size = room >= PARAMETERS_V3 ? PARAMETERS_V3 : room >= PARAMETERS_V2 ? PARAMETERS_V2 : PARAMETERS_V1;
  const block = new Uint8Array(PARAMETERS_V3);
  const view = new DataView(block.buffer);
  const cd = drive.kind === "cdrom";
  const { cylinders, heads, sectors } = drive.geometry;
  const blocks = Math.floor(drive.size / drive.sectorSize);
  const cdInfo = Info.removable | Info.changeLine | Info.lockable | (drive.device ? 0 : Info.noMedium);
  view.setUint16(0, size, true);
  view.setUint16(2, Info.dmaTransparent | (cd ? cdInfo : Info.geometryValid), true);
  view.setUint32(4, cd ? 0xffff_ffff : cylinders, true);
  view.setUint32(8, cd ? 0xffff_ffff : heads, true);
  view.setUint32(12, cd ? 0xffff_ffff : sectors, true);
  view.setBigUint64(16, BigInt(drive.device ? blocks : -1) & 0xffff_ffff_ffff_ffffn, true);
  view.setUint16(24, drive.sectorSize, true);
  // No table of the drive's ports: drivers find the controller on PCI.
  view.setUint32(26, 0xffff_ffff, true);
  block.set(devicePath(drive), PARAMETERS_V2);
  memory.write(at, block.subarray(0, size));
  return true;
}

/**
 * AH=4Bh: the specification packet at DS:SI, 19 bytes. [ELTORITO] figure 8. False when the drive is neither the
 * emulated one nor a CD.
 */
export function writeSpecification(call: Call, drive: BiosDrive, emulation: Emulation | null): boolean {
  const own = emulation?.drive === drive.number ? emulation : null;
  if (!own && drive.kind !== "cdrom") return false;
  const packet = new Uint8Array(19);
  const view = new DataView(packet.buffer);
  const unit = ["hda", "hdb", "hdc", "hdd"].indexOf(drive.slot);
  packet[0] = packet.length;
  packet[1] = own?.media ?? 0;
  packet[2] = drive.number;
  packet[3] = unit >> 1;
  view.setUint32(4, own?.start ?? 0, true);
  view.setUint16(8, unit & 1, true);
  if (own) {
    const { cylinders, heads, sectors } = own.geometry;
    const last = cylinders - 1;
    packet[16] = last & 0xff;
    packet[17] = sectors | ((last >> 2) & 0xc0);
    packet[18] = heads - 1;
  }
  call.memory.write(call.address("ds", call.si), packet);
  return true;
}
