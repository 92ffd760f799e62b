import type { CpuSettings, MachineSettings } from "../../../electron/contract/settings.ts";

type BootDevice = MachineSettings["bootOrder"][number];

export const bootWords: Record<BootDevice, string> = {
  cdrom: "CD or DVD",
  disk: "Hard disk",
  floppy: "Floppy",
};

/** The processors to choose from. */
export const cpuWords = {
  "x86-64-v2 intel": "64-bit with SSE4 and AES, Intel",
  "x86-64-v2 amd": "64-bit with SSE4 and AES, AMD",
  "x86-64-v3 intel": "64-bit with AVX2, FMA and BMI, Intel",
  "x86-64-v3 amd": "64-bit with AVX2, FMA and BMI, AMD",
  "core2 intel": "64-bit with SSSE3: Core 2",
  "core2 amd": "64-bit with SSSE3, AMD",
  "pentium3 intel": "32-bit with SSE: Pentium III",
  "pentium3 amd": "32-bit with SSE: Athlon XP",
  "i486 intel": "32-bit: i486",
  "i486 amd": "32-bit: Am486",
} as const satisfies Record<`${CpuSettings["model"]} ${CpuSettings["vendor"]}`, string>;

export type CpuWord = keyof typeof cpuWords;

/** The processor of a machine; the first where its settings say none. */
export const cpuOf = ({ cpu }: MachineSettings): CpuWord =>
  cpu ? `${cpu.model} ${cpu.vendor}` : "x86-64-v2 intel";

export function withCpu(settings: MachineSettings, word: CpuWord): MachineSettings {
  const [model, vendor] = word.split(" ") as [CpuSettings["model"], CpuSettings["vendor"]];
  return { ...settings, cpu: { model, vendor } };
}

/** In MiB: how much of the host's memory code compiled for a guest may take. */
const CODE_MEMORY = [16, 32, 64, 128, 256];

/** How much of it a machine's code may take; none: the engine's choice. */
export const codeMemoryOf = ({ codeMemoryMib }: MachineSettings): string =>
  codeMemoryMib === undefined ? "any" : `${codeMemoryMib} MiB`;

/** What can be chosen there, with what the settings have. */
export function codeMemoryWords({ codeMemoryMib }: MachineSettings): Record<string, string> {
  const sizes = new Set([...CODE_MEMORY, ...(codeMemoryMib === undefined ? [] : [codeMemoryMib])]);
  const words = [...sizes].sort((a, b) => a - b).map((size) => [`${size} MiB`, `Up to ${size} MiB`]);
  return { any: "As is good for most guests", ...Object.fromEntries(words) };
}

export function withCodeMemory(settings: MachineSettings, word: string): MachineSettings {
  const { codeMemoryMib: _, ...others } = settings;
  return word === "any" ? others : { ...others, codeMemoryMib: Number.parseInt(word, 10) };
}

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
