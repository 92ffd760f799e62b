import { describe } from "vitest";
import { MENU_ENTRY } from "./boot-media.ts";
import { PROMPT } from "./busybox.ts";
import { guestTest, twinbox } from "./twinbox.ts";

/** MiB that the installer wants. */
const MEMORY = 512;
const TIMEOUT = 800;
const TO_THE_INSTALLER = [
  `wait-screen ${MENU_ENTRY}`,
  "keys enter",
  "wait-screen Select a language",
  "keys enter",
  "wait-screen Select your location",
];

describe("a boot loader shows its menu and starts its guest", () => {
  guestTest("GRUB from a CD: Debian's text installer", ["installerGrubIso"], async (guests) => {
    await twinbox({
      name: "grub-cd",
      timeout: TIMEOUT,
      options: { ...guests.installerGrubIso, memory: MEMORY },
      steps: TO_THE_INSTALLER,
    });
  });

  guestTest("isolinux from a CD: Debian's text installer", ["installerIsolinuxIso"], async (guests) => {
    await twinbox({
      name: "isolinux-cd",
      timeout: TIMEOUT,
      options: { ...guests.installerIsolinuxIso, memory: MEMORY },
      steps: TO_THE_INSTALLER,
    });
  });

  guestTest("GRUB from a partitioned hard disk: Linux with a shell", ["busyboxGrubDisk"], async (guests) => {
    await twinbox({
      name: "grub-disk",
      timeout: TIMEOUT,
      options: { hda: guests.busyboxGrubDisk.disk, disposable: true },
      steps: [
        `wait-screen ${MENU_ENTRY}`,
        "keys enter",
        `wait-serial "${PROMPT}"`,
        "send-serial cat /sys/block/sda/size\\r",
        "wait-serial 98304",
      ],
    });
  });

  guestTest("syslinux from a FAT floppy: memtest86+", ["memtestFloppy"], async (guests) => {
    await twinbox({
      name: "syslinux-floppy",
      timeout: 120,
      options: { fda: guests.memtestFloppy.floppy, disposable: true, memory: 16 },
      steps: [`wait-screen ${MENU_ENTRY}`, "keys enter", "wait-screen Memtest86+"],
    });
  });

  guestTest(
    "GRUB from a CD under SeaBIOS: Debian's text installer",
    ["installerGrubIso", "seabios"],
    async (guests) => {
      const { firmware, vgaRom } = guests.seabios;
      await twinbox({
        name: "seabios-grub-cd",
        timeout: TIMEOUT,
        options: { ...guests.installerGrubIso, memory: MEMORY, firmware, "vga-rom": vgaRom },
        steps: ["wait-screen SeaBIOS", ...TO_THE_INSTALLER],
      });
    },
  );
});
