// Media that start a guest by way of a boot loader.

import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { make } from "./cache.ts";
import type { Kernel } from "./installer.ts";
import { fetchPackage } from "./packages.ts";
import { SECTOR, writePartitionTable } from "./partition-table.ts";
import { runTool } from "./tools.ts";

/** The menu's entry, in every loader's menu. */
export const MENU_ENTRY = "Start the guest";

/** What a loader's menu starts. */
export interface Payload extends Kernel {
  append: string;
}

/** Makes a folder by `fill`, has `use` read it, and removes it. */
async function withTree(
  path: string,
  fill: (folder: string) => void,
  use: (folder: string) => Promise<unknown>,
): Promise<void> {
  const folder = `${path}.tree`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  fill(folder);
  await use(folder);
  rmSync(folder, { recursive: true });
}

function putKernel(folder: string, { kernel, initrd }: Kernel): void {
  copyFileSync(kernel, join(folder, "linux"));
  copyFileSync(initrd, join(folder, "initrd.gz"));
}

function grubMenu(commands: readonly string[]): string {
  return `set timeout=-1
set gfxpayload=text
menuentry "${MENU_ENTRY}" {
  ${commands.join("\n  ")}
}
`;
}

const grubLinux = (append: string): string[] => [`linux /linux ${append}`, "initrd /initrd.gz"];

const grubFolder = async (): Promise<string> =>
  join(await fetchPackage("grub-pc-bin"), "usr/lib/grub/i386-pc");

/** A CD image that starts GRUB, whose menu starts `payload`. */
export const makeGrubIso = (name: string, payload: Payload): Promise<string> =>
  makeIso(name, payload, {}, grubLinux(payload.append));

/** A CD image that starts GRUB, whose menu starts a hypervisor with `payload` as its first guest. */
export const makeGrubXenIso = (
  name: string,
  payload: Payload,
  xen: { image: string; append: string },
): Promise<string> =>
  // Xen takes the first word of a command line for a file's name, and unpacks the RAM disk itself.
  makeIso(name, payload, { xen: xen.image }, [
    `multiboot /xen xen ${xen.append}`,
    `module /linux linux ${payload.append}`,
    "module --nounzip /initrd.gz",
  ]);

/** `files` go to the CD by their names there. */
async function makeIso(
  name: string,
  payload: Payload,
  files: Readonly<Record<string, string>>,
  commands: readonly string[],
): Promise<string> {
  const grub = await grubFolder();
  return make(name, [payload.kernel, payload.initrd, ...Object.values(files)], (path) =>
    withTree(
      path,
      (folder) => {
        putKernel(folder, payload);
        for (const [to, from] of Object.entries(files)) copyFileSync(from, join(folder, to));
        mkdirSync(join(folder, "boot/grub"), { recursive: true });
        writeFileSync(join(folder, "boot/grub/grub.cfg"), grubMenu(commands));
      },
      (folder) => runTool("grub-mkrescue", ["-d", grub, "-o", path, folder]),
    ),
  );
}

/** A CD image that starts isolinux, whose prompt starts `payload`. */
export async function makeIsolinuxIso(name: string, payload: Payload): Promise<string> {
  const isolinux = join(await fetchPackage("isolinux"), "usr/lib/ISOLINUX/isolinux.bin");
  const ldlinux = join(await fetchPackage("syslinux-common"), "usr/lib/syslinux/modules/bios/ldlinux.c32");
  return make(name, [payload.kernel, payload.initrd], (path) =>
    withTree(
      path,
      (folder) => {
        putKernel(folder, payload);
        copyFileSync(isolinux, join(folder, "isolinux.bin"));
        copyFileSync(ldlinux, join(folder, "ldlinux.c32"));
        writeFileSync(join(folder, "isolinux.cfg"), syslinuxMenu("linux", payload.append, "initrd.gz"));
      },
      (folder) =>
        runTool("xorriso", [
          ...["-as", "mkisofs", "-quiet", "-J", "-R", "-o", path],
          ...["-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot"],
          ...["-boot-load-size", "4", "-boot-info-table", folder],
        ]),
    ),
  );
}

function syslinuxMenu(kernel: string, append: string, initrd?: string): string {
  return `DEFAULT guest
PROMPT 1
TIMEOUT 0
SAY ${MENU_ENTRY}
LABEL guest
  LINUX ${kernel}
  ${initrd ? `INITRD ${initrd}\n  ` : ""}APPEND ${append}
`;
}

/** Where disk partitioning programs begin the first partition, in sectors. */
const FIRST_SECTOR = 2048;
const LINUX_PARTITION = 0x83;

/** A hard disk image of `mib` MiB: GRUB in the boot record and behind it, its menu and `payload` on an ext2 partition. */
export async function makeGrubDisk(name: string, payload: Payload, mib: number): Promise<string> {
  const grub = await grubFolder();
  return make(name, [payload.kernel, payload.initrd], (path) => {
    const sectors = (mib << 20) / SECTOR - FIRST_SECTOR;
    return withTree(
      path,
      (folder) => {
        putKernel(folder, payload);
        mkdirSync(join(folder, "grub"));
        writeFileSync(join(folder, "grub/grub.cfg"), grubMenu(grubLinux(payload.append)));
      },
      async (folder) => {
        await runTool("mke2fs", [
          ...["-q", "-t", "ext2", "-d", folder, "-E", `offset=${FIRST_SECTOR * SECTOR}`],
          ...[path, `${sectors / 2}k`],
        ]);
        truncateSync(path, mib << 20);
        await installGrub(grub, path, sectors);
      },
    );
  });
}

/**
 * Puts GRUB's boot.img into the boot record and its core.img behind it. Both hold, as they are made, the places where
 * this puts them: boot.img loads sector 1, and that loads the rest from sector 2.
 */
async function installGrub(grub: string, disk: string, sectors: number): Promise<void> {
  const core = `${disk}.core`;
  await runTool("grub-mkimage", [
    ...["-d", grub, "-O", "i386-pc", "-p", "(hd0,msdos1)/grub", "-o", core],
    ...["biosdisk", "part_msdos", "ext2", "linux", "normal"],
  ]);
  const record = readFileSync(join(grub, "boot.img"));
  writePartitionTable(record, { type: LINUX_PARTITION, first: FIRST_SECTOR, sectors });
  const file = openSync(disk, "r+");
  writeSync(file, record, 0, SECTOR, 0);
  writeSync(file, readFileSync(core), 0, undefined, SECTOR);
  closeSync(file);
  rmSync(core);
}

/** A 1.44 MB floppy image with a FAT file system that starts syslinux, whose prompt starts a `kernel` without a RAM disk. */
export async function makeSyslinuxFloppy(name: string, kernel: string): Promise<string> {
  return make(name, [kernel], async (path) => {
    writeFileSync(path, new Uint8Array(1_474_560));
    await runTool("mformat", ["-i", path, "-f", "1440", "::"]);
    const menu = `${path}.cfg`;
    writeFileSync(menu, syslinuxMenu("guest", ""));
    await runTool("mcopy", ["-i", path, menu, "::syslinux.cfg"]);
    await runTool("mcopy", ["-i", path, kernel, "::guest"]);
    rmSync(menu);
    await runTool("syslinux", ["--install", path]);
  });
}
