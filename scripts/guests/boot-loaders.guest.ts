import { describe, expect } from "vitest";
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

  guestTest("GRUB from a CD: Debian's text installer, 64-bit", ["installerGrubIso64"], async (guests) => {
    await twinbox({
      name: "grub-cd64",
      timeout: TIMEOUT,
      options: { ...guests.installerGrubIso64, memory: 1024 },
      steps: TO_THE_INSTALLER,
    });
  });

  guestTest("GRUB from a CD: Xen, and Linux with a shell as its first guest", ["xen"], async (guests) => {
    const { serial } = await twinbox({
      name: "xen",
      timeout: TIMEOUT,
      options: { ...guests.xen, memory: 768 },
      steps: [
        `wait-screen ${MENU_ENTRY}`,
        "keys enter",
        "wait-serial Xen version 4.17",
        `wait-serial "${PROMPT}"`,
        "send-serial cat /sys/hypervisor/type /sys/hypervisor/properties/features\\r",
        "wait-serial xen",
        `wait-serial "${PROMPT}"`,
      ],
    });
    expect(serial).toMatch(/\(XEN\) Dom0 has maximum 1 VCPUs/);
  });

  guestTest("isolinux from a CD: iPXE, whose shell takes commands", ["ipxe"], async (guests) => {
    await twinbox({
      name: "ipxe",
      timeout: 120,
      options: guests.ipxe,
      steps: [
        "wait-screen Ctrl-B",
        "keys ctrl-b",
        "wait-screen iPXE>",
        "type show version\\n",
        "wait-screen builtin/version:string = 1.",
      ],
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
