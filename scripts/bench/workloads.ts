// What the engines are compared by: each workload is one object.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { make } from "../guests/cache.ts";
import { type CpioEntry, makeCpio, S_IFCHR, S_IFDIR, S_IFREG } from "../guests/cpio.ts";
import { prepareInstaller } from "../guests/installer.ts";
import { fetchPackage } from "../guests/packages.ts";
import type { Guest } from "./engine.ts";
import { crc, sieve, type Work } from "./integer-work.ts";
import { BEGIN, END, makeKernel } from "./kernel.ts";

export interface Workload {
  /** A row's title. */
  name: string;
  /** What is timed, in one sentence. */
  description: string;
  /** @throws Unavailable if this host cannot have the guest. */
  prepare(): Promise<Guest>;
  /** On COM1; absent where the time begins with the engine's process. */
  begin?: RegExp;
  /** On COM1; its first group, if it has one, is the checksum of the work. */
  end: RegExp;
  /** What the checksum must be. */
  checksum?: () => string;
  /** The guest does nothing else: all its instructions belong to the work. */
  countsInstructions?: true;
}

const INITRD = "bench-init.initrd.gz";
const MARKER = "init has started";

const INIT = `#!/bin/busybox sh
echo ${MARKER} >/dev/ttyS0
exec /bin/busybox poweroff -f
`;

const boot: Workload = {
  name: "boot to init",
  description:
    "Debian's netboot kernel for i386, from the start of the engine's process to the first program",
  async prepare() {
    const { kernel } = await prepareInstaller("text");
    const busybox = join(await fetchPackage("busybox-static"), "bin/busybox");
    const initrd = await make(INITRD, [import.meta.filename, busybox], (path) => {
      const entries: CpioEntry[] = [
        { name: "bin", mode: S_IFDIR | 0o755 },
        { name: "dev", mode: S_IFDIR | 0o755 },
        { name: "dev/console", mode: S_IFCHR | 0o600, device: [5, 1] },
        { name: "dev/ttyS0", mode: S_IFCHR | 0o600, device: [4, 64] },
        { name: "bin/busybox", mode: S_IFREG | 0o755, data: readFileSync(busybox) },
        { name: "init", mode: S_IFREG | 0o755, data: Buffer.from(INIT) },
      ];
      writeFileSync(path, gzipSync(makeCpio(entries)));
    });
    return { kind: "linux", kernel, initrd, append: "console=ttyS0" };
  },
  end: new RegExp(`^${MARKER}`, "m"),
};

/** A kernel of our own that does nothing but the work. */
function bare(name: string, description: string, work: Work): Workload {
  return {
    name,
    description,
    prepare: async () => {
      const sources = ["workloads.ts", "integer-work.ts", "kernel.ts"];
      const from = sources.map((source) => join(import.meta.dirname, source));
      const image = await make(`bench-${name}.bin`, from, (path) =>
        writeFileSync(
          path,
          makeKernel((a) => work.code(a)),
        ),
      );
      return { kind: "multiboot", kernel: image };
    },
    begin: BEGIN,
    end: END,
    checksum: () => work.checksum().toString(16).toUpperCase().padStart(8, "0"),
    countsInstructions: true,
  };
}

export const WORKLOADS: readonly Workload[] = [
  boot,
  bare(
    "sieve",
    "the primes below 2¹⁹, 40 times; without an operating system or paging",
    sieve({ limit: 1 << 19, passes: 40 }),
  ),
  bare(
    "crc32",
    "CRC-32 by table over 1 MiB, 32 times; without an operating system or paging",
    crc({ length: 1 << 20, passes: 32 }),
  ),
];
