// Debian's installer: a kernel and an initial RAM disk, in text and with GTK.

import { join } from "node:path";
import { type Architecture, fetchPackage } from "./packages.ts";

/** Paths of a kernel and its initial RAM disk. */
export interface Kernel {
  kernel: string;
  initrd: string;
}

export async function prepareInstaller(
  variant: "text" | "gtk",
  architecture: Architecture = "i386",
): Promise<Kernel> {
  const root = await fetchPackage(`debian-installer-12-netboot-${architecture}`);
  const images = `usr/lib/debian-installer/images/12/${architecture}/${variant}`;
  const folder = join(root, images, "debian-installer", architecture);
  return { kernel: join(folder, "linux"), initrd: join(folder, "initrd.gz") };
}
