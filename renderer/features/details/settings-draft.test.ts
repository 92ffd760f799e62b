import { expect, test } from "vitest";
import { machine } from "../../testing/machines.ts";
import { addDrive, moveBoot, settingsProblem } from "./settings-draft.ts";

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
