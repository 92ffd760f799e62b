// Debian's installer for 32-bit PCs: a kernel and an initial RAM disk, in text and with GTK.

import { join } from "node:path";
import { fetchPackage } from "./packages.ts";

const PACKAGE = "debian-installer-12-netboot-i386";

/** Paths of a kernel and its initial RAM disk. */
export interface Kernel {
  kernel: string;
  initrd: string;
}

export async function prepareInstaller(variant: "text" | "gtk"): Promise<Kernel> {
  const root = await fetchPackage(PACKAGE);
  const folder = join(root, `usr/lib/debian-installer/images/12/i386/${variant}/debian-installer/i386`);
  return { kernel: join(folder, "linux"), initrd: join(folder, "initrd.gz") };
}
