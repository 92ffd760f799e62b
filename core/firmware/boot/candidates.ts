import type { BootDevice } from "../../pc-options.ts";
import type { BiosDrive } from "../disk/drives.ts";

/** Something to boot from. */
export interface Candidate {
  /** Drive number of INT 13h. */
  drive: number;
  name: string;
}

const KIND_OF: Record<BootDevice, BiosDrive["kind"]> = { cdrom: "cdrom", disk: "disk", floppy: "floppy" };

const LETTERS: Record<BiosDrive["kind"], string> = { floppy: "Floppy", disk: "Hard disk", cdrom: "CD-ROM" };

/** "1.4 MB", "120 MB", "2.0 GB". */
export function sizeText(bytes: number): string {
  const units: [number, string][] = [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "KB"],
  ];
  const [unit, name] = units.find(([size]) => bytes >= size) ?? [1, "bytes"];
  const value = bytes / unit;
  return `${value >= 10 || unit === 1 ? Math.round(value) : value.toFixed(1)} ${name}`;
}

/** The drives in the order in which they are tried. */
export function bootCandidates(drives: readonly BiosDrive[], order: readonly BootDevice[]): Candidate[] {
  const kinds = [...new Set([...order.map((device) => KIND_OF[device])])];
  return kinds.flatMap((kind) =>
    drives
      .filter((drive) => drive.kind === kind)
      .map((drive) => ({ drive: drive.number, name: driveName(drive) })),
  );
}

/** One line about a drive, for the screen. */
export function driveName(drive: BiosDrive): string {
  const medium = drive.device ? `${drive.device.name}, ${sizeText(drive.size)}` : "empty";
  return `${LETTERS[drive.kind]} (${drive.slot}): ${medium}`;
}
