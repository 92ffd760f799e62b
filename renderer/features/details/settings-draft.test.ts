import { expect, test } from "vitest";
import { machine } from "../../testing/machines.ts";
import {
  addDrive,
  codeMemoryOf,
  codeMemoryWords,
  cpuOf,
  moveBoot,
  settingsProblem,
  withCodeMemory,
  withCpu,
} from "./settings-draft.ts";

test("boot devices move within the order and not out of it", () => {
  expect(moveBoot(["cdrom", "disk", "floppy"], "disk", -1)).toEqual(["disk", "cdrom", "floppy"]);
  expect(moveBoot(["cdrom", "disk", "floppy"], "disk", 1)).toEqual(["cdrom", "floppy", "disk"]);
  expect(moveBoot(["cdrom", "disk", "floppy"], "cdrom", -1)).toEqual(["cdrom", "disk", "floppy"]);
});

test("drives take the first free slot of their kind, while there is one", () => {
  let { settings } = machine("m");
  for (const kind of ["disk", "cdrom", "disk", "cdrom", "disk", "floppy"] as const)
    settings = addDrive(settings, kind, null, "read-only");
  expect(settings.drives.map((drive) => drive.slot)).toEqual(["hda", "hdc", "hdb", "hdd", "fda"]);
});

test("a machine without a name cannot be kept", () => {
  const { settings } = machine("m");
  expect(settingsProblem(settings)).toBeNull();
  expect(settingsProblem({ ...settings, name: " " })).toMatch(/name/);
});

test("a machine whose settings say no processor has the first one, until another is chosen", () => {
  const { settings } = machine("a");
  expect(cpuOf(settings)).toBe("x86-64-v2 intel");
  const older = withCpu(settings, "pentium3 amd");
  expect(older.cpu).toEqual({ model: "pentium3", vendor: "amd" });
  expect(cpuOf(older)).toBe("pentium3 amd");
});

test("memory for compiled code is the engine's choice, or one of some sizes, or what the settings say", () => {
  const { settings } = machine("a");
  expect(codeMemoryOf(settings)).toBe("any");
  const less = withCodeMemory(settings, "32 MiB");
  expect([less.codeMemoryMib, codeMemoryOf(less)]).toEqual([32, "32 MiB"]);
  expect(withCodeMemory(less, "any")).toEqual(settings);
  const odd = { ...settings, codeMemoryMib: 100 };
  expect(Object.keys(codeMemoryWords(odd))).toEqual([
    "any",
    "16 MiB",
    "32 MiB",
    "64 MiB",
    "100 MiB",
    "128 MiB",
    "256 MiB",
  ]);
});
