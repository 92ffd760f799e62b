// A small Linux of our own making: Debian's kernel and a RAM disk with busybox, whose shell is on the kernel's console.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { make } from "./cache.ts";
import { type CpioEntry, makeCpio, S_IFCHR, S_IFDIR, S_IFREG } from "./cpio.ts";
import { type Kernel, prepareInstaller } from "./installer.ts";
import { kernelRelease, modulesInOrder } from "./kernel-modules.ts";
import { type Architecture, fetchPackage } from "./packages.ts";

/** What the shell writes when it waits for a command. */
export const PROMPT = "guest# ";

/** IDE disks and the file system on them; ext4 looks crc32c up by name. */
const MODULES = ["ata_piix", "sd_mod", "crc32c_generic", "crc16", "ext4"];

const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin PS1='${PROMPT}'
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in $(cat /modules/order); do insmod /modules/$module; done
consoles=$(cat /sys/class/tty/console/active)
console=/dev/\${consoles##* }
while true; do
  setsid sh -c "exec sh -i <$console >$console 2>&1"
done
`;

function initrd(busybox: string, modules: readonly string[]): Uint8Array {
  const folder = (name: string): CpioEntry => ({ name, mode: S_IFDIR | 0o755 });
  const file = (name: string, data: Uint8Array, mode = 0o644): CpioEntry => ({
    name,
    mode: S_IFREG | mode,
    data,
  });
  const order = modules.map((path) => `${basename(path)}\n`).join("");
  return makeCpio([
    ...["bin", "dev", "mnt", "modules", "proc", "sys", "tmp"].map(folder),
    { name: "dev/console", mode: S_IFCHR | 0o600, device: [5, 1] },
    file("bin/busybox", readFileSync(busybox), 0o755),
    file("init", Buffer.from(INIT), 0o755),
    file("modules/order", Buffer.from(order)),
    ...modules.map((path) => file(`modules/${basename(path)}`, readFileSync(path))),
  ]);
}

const makeInitrd = (name: string, kernel: string, busybox: string, modules: readonly string[]) =>
  make(`${name}.initrd.gz`, [kernel, busybox], (to) => writeFileSync(to, gzipSync(initrd(busybox, modules))));

const busyboxOf = async (architecture: Architecture): Promise<string> =>
  join(await fetchPackage("busybox-static", architecture), "bin/busybox");

/** To be started with `console=ttyS0`. */
export async function prepareBusybox(architecture: Architecture = "i386"): Promise<Kernel> {
  const { kernel } = await prepareInstaller("text", architecture);
  const busybox = await busyboxOf(architecture);
  const release = kernelRelease(readFileSync(kernel));
  const root = await fetchPackage(`linux-image-${release}`, architecture);
  const modules = modulesInOrder(root, release, MODULES);
  const name = architecture === "i386" ? "busybox" : `busybox-${architecture}`;
  return { kernel, initrd: await makeInitrd(name, kernel, busybox, modules) };
}

/** Debian's kernel for clouds, of the same release: it knows virtual hardware and little else. */
export async function prepareCloud(): Promise<Kernel> {
  const { kernel: stock } = await prepareInstaller("text", "amd64");
  const release = kernelRelease(readFileSync(stock)).replace(/-amd64$/, "-cloud-amd64");
  const kernel = join(await fetchPackage(`linux-image-${release}`, "amd64"), "boot", `vmlinuz-${release}`);
  return { kernel, initrd: await makeInitrd("busybox-cloud", kernel, await busyboxOf("amd64"), []) };
}
