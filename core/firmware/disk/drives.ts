import type { BlockDevice } from "../../disk/block-device.ts";
import type { DriveSlot } from "../../pc-options.ts";
import type { FirmwareDrive } from "../hardware.ts";
import { diskGeometry, floppyGeometry, type Geometry } from "./geometry.ts";

/** The part of a CD that El Torito has the BIOS show as a floppy or hard disk. */
export interface Emulation {
  slot: DriveSlot;
  /** 00h or 80h. */
  drive: number;
  /** As in the boot catalogue: 1 to 3 floppies, 4 hard disk. */
  media: number;
  /** Of the image, in sectors of 2048 bytes. */
  start: number;
  /** In bytes. */
  size: number;
  geometry: Geometry;
}

/** A drive as INT 13h numbers it. */
export interface BiosDrive {
  number: number;
  slot: DriveSlot;
  kind: "floppy" | "disk" | "cdrom";
  /** Null: no medium. */
  device: BlockDevice | null;
  /** Of its first byte on the device. */
  offset: number;
  /** In bytes. */
  size: number;
  readOnly: boolean;
  sectorSize: 512 | 2048;
  geometry: Geometry;
}

/** What the firmware has found out about the drives since power-on. Plain data. */
export interface DriveState {
  emulation: Emulation | null;
  /** Geometries of hard disks, by slot, once their boot records have been read. */
  geometries: Partial<Record<DriveSlot, Geometry>>;
}

const NO_GEOMETRY: Geometry = { cylinders: 0, heads: 0, sectors: 0 };
export const FIRST_CD = 0xe0;
const CD_SECTOR = 2048;

function emulated(emulation: Emulation, drives: readonly FirmwareDrive[]): BiosDrive {
  const device = drives.find((drive) => drive.slot === emulation.slot)?.device ?? null;
  return {
    number: emulation.drive,
    slot: emulation.slot,
    kind: emulation.drive === 0 ? "floppy" : "disk",
    device,
    offset: emulation.start * CD_SECTOR,
    size: emulation.size,
    readOnly: true,
    sectorSize: 512,
    geometry: emulation.geometry,
  };
}

function numbered(
  kind: BiosDrive["kind"],
  first: number,
  drives: readonly FirmwareDrive[],
  state: DriveState,
) {
  return drives
    .filter((drive) => drive.kind === kind && (kind !== "disk" || drive.device))
    .map(({ slot, device }, i): BiosDrive => {
      const size = device?.size ?? 0;
      const geometry =
        kind === "cdrom"
          ? NO_GEOMETRY
          : kind === "floppy"
            ? floppyGeometry(size || 1_474_560)
            : (state.geometries[slot] ?? diskGeometry(size));
      return {
        number: first + i,
        slot,
        kind,
        device,
        offset: 0,
        size,
        readOnly: kind === "cdrom" || (device?.readOnly ?? false),
        sectorSize: kind === "cdrom" ? CD_SECTOR : 512,
        geometry,
      };
    });
}

/** Every drive by its number: an emulated one takes the first place of its kind and moves the others up. */
export function biosDrives(drives: readonly FirmwareDrive[], state: DriveState): BiosDrive[] {
  const { emulation } = state;
  const floppies = numbered("floppy", emulation?.drive === 0 ? 1 : 0, drives, state);
  const disks = numbered("disk", emulation?.drive === 0x80 ? 0x81 : 0x80, drives, state);
  const cds = numbered("cdrom", FIRST_CD, drives, state);
  return [...(emulation ? [emulated(emulation, drives)] : []), ...floppies, ...disks, ...cds];
}
