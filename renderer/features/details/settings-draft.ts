import type { MachineSettings } from "../../../electron/contract/settings.ts";

type BootDevice = MachineSettings["bootOrder"][number];

export const bootWords: Record<BootDevice, string> = {
  cdrom: "CD or DVD",
  disk: "Hard disk",
  floppy: "Floppy",
};

/** The boot order with one device moved up (-1) or down (1). */
export function moveBoot(order: readonly BootDevice[], device: BootDevice, by: 1 | -1): BootDevice[] {
  const at = order.indexOf(device);
  const to = at + by;
  if (at < 0 || to < 0 || to >= order.length) return [...order];
  return order.toSpliced(at, 1).toSpliced(to, 0, device);
}

/** What is wrong with the settings, in words; null if they can be kept. */
export function settingsProblem(settings: MachineSettings): string | null {
  if (settings.name.trim() === "") return "The machine needs a name.";
  if (!Number.isInteger(settings.memoryMib)) return "Memory is a whole number of MiB.";
  return null;
}

/** Slots that take one more drive of each kind, in the order they are offered. */
const slotsOf = {
  floppy: ["fda", "fdb"],
  disk: ["hda", "hdb", "hdc", "hdd"],
  cdrom: ["hdc", "hdd", "hdb", "hda"],
} as const;

/** The settings with one more drive; unchanged where no slot is free. Removable drives start empty. */
export function addDrive(
  settings: MachineSettings,
  kind: keyof typeof slotsOf,
  medium: string | null,
  mode: MachineSettings["drives"][number]["mode"],
): MachineSettings {
  const used = new Set(settings.drives.map((drive) => drive.slot));
  const slot = slotsOf[kind].find((candidate) => !used.has(candidate));
  if (!slot) return settings;
  return { ...settings, drives: [...settings.drives, { slot, kind, medium, format: "raw", mode }] };
}

export const slotWords: Record<MachineSettings["drives"][number]["slot"], string> = {
  fda: "Floppy A",
  fdb: "Floppy B",
  hda: "IDE primary master",
  hdb: "IDE primary slave",
  hdc: "IDE secondary master",
  hdd: "IDE secondary slave",
};
