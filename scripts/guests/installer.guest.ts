import { describe, expect } from "vitest";
import { TEXT_INSTALLER } from "./prepare.ts";
import { guestTest, twinbox } from "./twinbox.ts";

/** MiB; with less the installer asks first. */
const MEMORY = 512;
const TIMEOUT = 800;

const SERIAL_PAGES = [
  "wait-serial Select a language",
  "sleep 1",
  "send-serial \\r",
  "wait-serial Select your location",
];

describe("Debian's text installer, started from its kernel", () => {
  guestTest(
    "shows its languages on the text screen, and the next page after Enter",
    ["textInstaller"],
    async (guests) => {
      await twinbox({
        name: "installer-screen",
        timeout: TIMEOUT,
        options: { ...guests.textInstaller, memory: MEMORY, append: TEXT_INSTALLER },
        steps: ["wait-screen Select a language", "keys enter", "wait-screen Select your location"],
      });
    },
  );

  guestTest(
    "shows its languages on the serial port, and the next page after Enter",
    ["textInstaller"],
    async (guests) => {
      const { serial } = await twinbox({
        name: "installer-serial",
        timeout: TIMEOUT,
        options: { ...guests.textInstaller, memory: MEMORY, append: "console=ttyS0" },
        steps: SERIAL_PAGES,
      });
      expect(serial).toContain("Linux version");
    },
  );
});

/** The screen is seen with 64 bits by way of GRUB, in boot-loaders.guest.ts. */
guestTest(
  "Debian's text installer for 64-bit PCs shows its languages on the serial port, and the next page",
  ["textInstaller64"],
  async (guests) => {
    const { serial } = await twinbox({
      name: "installer64-serial",
      timeout: TIMEOUT,
      options: { ...guests.textInstaller64, memory: 1024, append: "console=ttyS0" },
      steps: SERIAL_PAGES,
    });
    expect(serial).toMatch(/Linux version \S+-amd64 /);
  },
);
