import type { MachineSummary, Medium, NewMachine } from "../../../electron/contract/manager.ts";
import type { DriveSettings, MachineSettings } from "../../../electron/contract/settings.ts";

/** Bounds of a machine's memory in MiB, as its settings allow. */
export const LEAST_MEMORY = 1;
export const MOST_MEMORY = 3072;

const slots = { floppy: "fda", disk: "hda", cdrom: "hdc" } as const;

const bootOrders: Record<Medium["kind"], MachineSettings["bootOrder"]> = {
  floppy: ["floppy", "disk", "cdrom"],
  disk: ["disk", "cdrom", "floppy"],
  cdrom: ["cdrom", "disk", "floppy"],
};

/** How the guest's writes are treated unless the person says otherwise: never more than the file allows. */
export function proposedMode(medium: Medium): DriveSettings["mode"] {
  if (medium.kind === "cdrom") return "read-only";
  return medium.readOnly ? "disposable" : "read-write";
}

/** The drive that a medium goes into. */
export function driveFor(
  medium: Medium,
  slot: DriveSettings["slot"],
  mode: DriveSettings["mode"],
): DriveSettings {
  return { slot, kind: medium.kind, medium: medium.id, format: "raw", mode };
}

/** A name that no machine has yet: the system's, else the file's without its ending, numbered where needed. */
export function proposedName(medium: Medium, taken: readonly string[]): string {
  const known = medium.system !== "unknown" && medium.systemName !== "";
  const base = (known ? medium.systemName : medium.name.replace(/\.[^.]+$/, "")).slice(0, 90) || "Machine";
  const used = new Set(taken.map((name) => name.toLowerCase()));
  if (!used.has(base.toLowerCase())) return base;
  for (let n = 2; ; n++) if (!used.has(`${base} ${n}`.toLowerCase())) return `${base} ${n}`;
}

/** The machine to create from one image. */
export function machineFrom(
  medium: Medium,
  name: string,
  memoryMib: number,
  mode: DriveSettings["mode"],
): NewMachine {
  return {
    name: name.trim(),
    memoryMib,
    drives: [driveFor(medium, slots[medium.kind], mode)],
    bootOrder: bootOrders[medium.kind],
    system: medium.system,
  };
}

export const namesOf = (machines: Record<string, MachineSummary>): string[] =>
  Object.values(machines).map(({ settings }) => settings.name);

/** The next size of memory that buttons offer: finer where there is little. Stays within the bounds. */
export function nextMemory(mib: number, direction: 1 | -1): number {
  const step = mib + direction < 16 ? 1 : mib + direction < 128 ? 16 : mib + direction < 1024 ? 64 : 256;
  const next = direction === 1 ? (Math.floor(mib / step) + 1) * step : (Math.ceil(mib / step) - 1) * step;
  return Math.min(MOST_MEMORY, Math.max(LEAST_MEMORY, next));
}
