// A small Linux of our own making: Debian's kernel and a RAM disk with busybox, whose shell is on ttyS0.

import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { make } from "./cache.ts";
import { type CpioEntry, makeCpio, S_IFCHR, S_IFDIR, S_IFREG } from "./cpio.ts";
import { type Kernel, prepareInstaller } from "./installer.ts";
import { kernelRelease, modulesInOrder } from "./kernel-modules.ts";
import { fetchPackage } from "./packages.ts";

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
while true; do
  setsid sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1'
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

/** To be started with `console=ttyS0`. */
export async function prepareBusybox(): Promise<Kernel> {
  const { kernel } = await prepareInstaller("text");
  const busybox = join(await fetchPackage("busybox-static"), "bin/busybox");
  const release = kernelRelease(readFileSync(kernel));
  const modules = await fetchPackage(`linux-image-${release}`);
  const path = await make("busybox.initrd.gz", [kernel, busybox], (to) =>
    writeFileSync(to, gzipSync(initrd(busybox, modulesInOrder(modules, release, MODULES)))),
  );
  return { kernel, initrd: path };
}
