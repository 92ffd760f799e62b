import { expect, test } from "vitest";
import { medium } from "../../testing/machines.ts";
import { LEAST_MEMORY, MOST_MEMORY, machineFrom, nextMemory, proposedMode, proposedName } from "./drafts.ts";

test("a machine is named after its system, else after its file, and never like another", () => {
  const debian = medium("d", { system: "debian-12-i386", systemName: "Debian 12" });
  expect(proposedName(debian, [])).toBe("Debian 12");
  expect(proposedName(debian, ["debian 12", "Debian 12 2"])).toBe("Debian 12 3");
  expect(proposedName(medium("x", { name: "my.disk.img" }), [])).toBe("my.disk");
});

test("writes go where the file allows", () => {
  expect(proposedMode(medium("a"))).toBe("read-write");
  expect(proposedMode(medium("a", { readOnly: true }))).toBe("disposable");
  expect(proposedMode(medium("a", { kind: "cdrom", readOnly: true }))).toBe("read-only");
});

test("an image boots from the drive of its kind", () => {
  const created = machineFrom(medium("iso", { kind: "cdrom" }), " Debian ", 256, "read-only");
  expect(created).toMatchObject({ name: "Debian", memoryMib: 256, drives: [{ slot: "hdc", medium: "iso" }] });
  expect(created.bootOrder[0]).toBe("cdrom");
  expect(machineFrom(medium("f", { kind: "floppy" }), "F", 16, "read-write").drives[0]!.slot).toBe("fda");
});

test("memory steps through round sizes and comes back the same way", () => {
  expect([16, 64, 128, 512, 1024, 100].map((mib) => nextMemory(mib, 1))).toEqual([
    32, 80, 192, 576, 1280, 112,
  ]);
  expect([16, 128, 1024, 100].map((mib) => nextMemory(mib, -1))).toEqual([15, 112, 960, 96]);
  expect(nextMemory(MOST_MEMORY, 1)).toBe(MOST_MEMORY);
  expect(nextMemory(LEAST_MEMORY, -1)).toBe(LEAST_MEMORY);
});
