// Modules of a packaged kernel, in the order in which they can be loaded.

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** The release that a bzImage names itself, such as 6.1.0-50-686. [LINUX-BOOT] kernel_version */
export function kernelRelease(image: Uint8Array): string {
  const start = new DataView(image.buffer, image.byteOffset).getUint16(0x20e, true) + 0x200;
  return Buffer.from(image.subarray(start, start + 80))
    .toString("latin1")
    .split(/[ \0]/)[0]!;
}

/** What a module says it needs: the `depends=` entry of its .modinfo section. */
export function moduleDependencies(module: Uint8Array): string[] {
  const names = /\0depends=([^\0]*)\0/.exec(Buffer.from(module).toString("latin1"))?.[1] ?? "";
  return names.split(",").filter(Boolean);
}

const moduleName = (path: string): string => basename(path, ".ko").replaceAll("-", "_");

/**
 * Paths of the modules of the names given and of all they need, each after what it needs. Names that are not there
 * are built into the kernel.
 *
 * @param root folder that holds the kernel's `lib/modules`.
 */
export function modulesInOrder(root: string, release: string, names: readonly string[]): string[] {
  const folder = join(root, "lib/modules", release, "kernel");
  const paths = new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ko"))
      .map((path) => [moduleName(path), join(folder, path)]),
  );
  const ordered = new Set<string>();
  const visit = (name: string): void => {
    const path = paths.get(name);
    if (!path || ordered.has(path)) return;
    for (const needed of moduleDependencies(readFileSync(path))) visit(needed.replaceAll("-", "_"));
    ordered.add(path);
  };
  for (const name of names) visit(name);
  return [...ordered];
}
