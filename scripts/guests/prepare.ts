/**
 * Fetches and makes the guests that the tests run, what is not there yet; as a program, tells what it has made.
 */
import { join } from "node:path";
import {
  makeGrubDisk,
  makeGrubIso,
  makeGrubXenIso,
  makeIsolinuxIso,
  makeSyslinuxFloppy,
} from "./boot-media.ts";
import { prepareBusybox, prepareCloud } from "./busybox.ts";
import { prepareInstaller } from "./installer.ts";
import { fetchPackage } from "./packages.ts";
import { Unavailable } from "./unavailable.ts";

/** The installer draws its pages in text; without a mode of its own the kernel stays on the text screen. */
export const TEXT_INSTALLER = "vga=normal nomodeset fb=false";

/** Xen's messages and those of its first guest go to COM1; the guest has 256 MiB. */
const XEN = "console=com1 com1=115200,8n1 dom0_mem=256M";

/** Every guest, and how it is prepared; each gives the paths it is started from. */
const RECIPES = {
  textInstaller: () => prepareInstaller("text"),
  gtkInstaller: () => prepareInstaller("gtk"),
  installerGrubIso: async () => ({
    cdrom: await makeGrubIso("installer-grub.iso", {
      ...(await prepareInstaller("text")),
      append: TEXT_INSTALLER,
    }),
  }),
  installerIsolinuxIso: async () => ({
    cdrom: await makeIsolinuxIso("installer-isolinux.iso", {
      ...(await prepareInstaller("text")),
      append: TEXT_INSTALLER,
    }),
  }),
  busybox: prepareBusybox,
  busyboxGrubDisk: async () => ({
    disk: await makeGrubDisk(
      "busybox-grub.img",
      { ...(await prepareBusybox()), append: "console=ttyS0" },
      48,
    ),
  }),
  memtest: async () => {
    const root = await fetchPackage("memtest86+");
    return {
      cdrom: join(root, "usr/lib/memtest86+/memtest86+ia32.iso"),
      kernel: join(root, "boot/memtest86+ia32.bin"),
    };
  },
  memtestFloppy: async () => {
    const kernel = join(await fetchPackage("memtest86+"), "boot/memtest86+ia32.bin");
    return { floppy: await makeSyslinuxFloppy("memtest-syslinux.img", kernel) };
  },
  textInstaller64: () => prepareInstaller("text", "amd64"),
  gtkInstaller64: () => prepareInstaller("gtk", "amd64"),
  installerGrubIso64: async () => ({
    cdrom: await makeGrubIso("installer-grub-amd64.iso", {
      ...(await prepareInstaller("text", "amd64")),
      append: TEXT_INSTALLER,
    }),
  }),
  busybox64: () => prepareBusybox("amd64"),
  cloud: prepareCloud,
  memtest64: async () => {
    const root = await fetchPackage("memtest86+");
    return { cdrom: join(root, "usr/lib/memtest86+/memtest86+x64.iso") };
  },
  xen: async () => {
    const root = await fetchPackage("xen-hypervisor-4.17-amd64", "amd64");
    const payload = { ...(await prepareBusybox("amd64")), append: "console=hvc0" };
    const image = join(root, "boot/xen-4.17-amd64.gz");
    return { cdrom: await makeGrubXenIso("xen.iso", payload, { image, append: XEN }) };
  },
  ipxe: async () => ({ cdrom: join(await fetchPackage("ipxe"), "usr/lib/ipxe/ipxe.iso") }),
  seabios: async () => {
    const folder = join(await fetchPackage("seabios"), "usr/share/seabios");
    return { firmware: join(folder, "bios-256k.bin"), vgaRom: join(folder, "vgabios-stdvga.bin") };
  },
};

type Recipes = typeof RECIPES;
export type GuestName = keyof Recipes;
/** A guest's paths, or why this host cannot have it. */
export type Guest<Name extends GuestName> = Awaited<ReturnType<Recipes[Name]>> | { unavailable: string };
export type Guests = { [Name in GuestName]: Guest<Name> };

async function attempt<Paths>(prepare: () => Promise<Paths>): Promise<Paths | { unavailable: string }> {
  try {
    return await prepare();
  } catch (error) {
    if (error instanceof Unavailable) return { unavailable: error.message };
    throw error;
  }
}

/** One after the other: they share packages. @throws Error if a guest should have been made and was not. */
export async function prepareGuests(): Promise<Guests> {
  const guests: Partial<Record<GuestName, unknown>> = {};
  for (const [name, recipe] of Object.entries(RECIPES))
    guests[name as GuestName] = await attempt<unknown>(recipe);
  return guests as Guests;
}

if (import.meta.main) console.log(await prepareGuests());
