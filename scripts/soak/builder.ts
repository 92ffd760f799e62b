// A Linux guest that builds a program again and again and then restarts itself: the host's own compiler, with all that it
// needs, in an initial RAM disk.

import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { COMPILER, compilation, RECIPE, SOURCE_NAMES, SOURCES } from "../bench/compilation.ts";
import { make } from "../guests/cache.ts";
import { type CpioEntry, makeCpio, S_IFCHR, S_IFDIR, S_IFREG } from "../guests/cpio.ts";
import { type Kernel, prepareInstaller } from "../guests/installer.ts";
import { fetchPackage } from "../guests/packages.ts";
import { runTool } from "../guests/tools.ts";

/** What the guest writes once it has built the program and run it, before the checksums. */
export const BUILT = "@built";
/** What it writes when its shell begins. */
export const BOOTED = "@booted";

/** Work that the built program does, and is judged by: its checksums. */
export const WORK = ["sieve=1", "crc32=1", "sha256=1", "qsort=1", "matmul-sse2=1", "libm=1"];

/** Programs that gcc starts, and files that it links; it says where they are. */
const PROGRAMS = ["cc1", "as", "collect2", "ld"];
const LINKED = "crt1.o crti.o crtn.o crtbeginT.o crtend.o libc.a libm.a libgcc.a libgcc_eh.a".split(" ");

const GUEST_SOURCES = "/src";
const GUEST_OBJECTS = "/tmp";
const GUEST_PROGRAM = "/tmp/program";

/** The kernel hands `builds` on from its command line. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin
mount -t proc proc /proc
echo ${BOOTED}
build=0
while [ $build -lt $builds ]; do
  rm -f ${GUEST_OBJECTS}/*
${compilation("amd64", GUEST_SOURCES, GUEST_OBJECTS, GUEST_PROGRAM)
  .map((args) => `  ${COMPILER} -fno-use-linker-plugin ${args.join(" ")} || exit 1`)
  .join("\n")}
  echo ${BUILT} $(echo | ${GUEST_PROGRAM} ${WORK.join(" ")} | grep @end)
  build=$((build + 1))
done
reboot -f
`;

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** Shared libraries of a program, and what loads them. */
async function librariesOf(program: string): Promise<string[]> {
  return [...(await runTool("ldd", [program])).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
}

/** The compiler's and the libraries' headers that the sources include. */
async function headers(): Promise<string[]> {
  const compiled = compilation("amd64", SOURCES, "", "").filter((args) => args.includes("-c"));
  const rules = await Promise.all(compiled.map((args) => runTool(COMPILER, ["-M", ...args.slice(0, -2)])));
  return rules.flatMap((rule) => rule.match(/\/usr\/\S+\.h/g) ?? []);
}

/** Paths of the host's files that the guest has at the same places. */
async function compilerFiles(): Promise<string[]> {
  const ask = async (option: string, name: string): Promise<string> =>
    lines(await runTool(COMPILER, [`-print-${option}-name=${name}`]))[0]!;
  const programs = await Promise.all(
    PROGRAMS.map(async (name) => {
      const path = await ask("prog", name);
      return path === name ? `/usr/bin/${name}` : path;
    }),
  );
  programs.push(`/usr/bin/${COMPILER}`);
  const linked = await Promise.all(LINKED.map((name) => ask("file", name)));
  // libm.a is a text that names others.
  const named = lines(readFileSync(linked[LINKED.indexOf("libm.a")]!, "latin1").slice(0, 1000)).flatMap(
    (line) => line.match(/\/\S+\.a/g) ?? [],
  );
  const libraries = (await Promise.all(programs.map(librariesOf))).flat();
  const all = [...programs, ...linked, ...named, ...libraries, ...(await headers())];
  return [...new Set(all.map((path) => resolve(path)))];
}

/** @throws Unavailable if the host has no gcc. */
export async function prepareBuilder(): Promise<Kernel> {
  const { kernel } = await prepareInstaller("text", "amd64");
  const busybox = join(await fetchPackage("busybox-static", "amd64"), "bin/busybox");
  const files = await compilerFiles();
  const initrd = await make(
    "builder-amd64.initrd.gz",
    [import.meta.filename, busybox, ...RECIPE, ...files],
    (to) => {
      const folders = new Set(["dev", "proc", "tmp", "src", "bin"]);
      const entries: CpioEntry[] = [];
      const file = (path: string, data: Uint8Array): void => {
        for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) folders.add(folder);
        entries.push({ name: path, mode: S_IFREG | 0o755, data });
      };
      for (const path of files) file(path.slice(1), readFileSync(realpathSync(path)));
      for (const name of SOURCE_NAMES) file(`src/${name}`, readFileSync(join(SOURCES, name)));
      file("bin/busybox", readFileSync(busybox));
      file("init", Buffer.from(INIT));
      const made = [...folders].sort().map((name) => ({ name, mode: S_IFDIR | 0o755 }));
      const console: CpioEntry = { name: "dev/console", mode: S_IFCHR | 0o600, device: [5, 1] };
      writeFileSync(to, gzipSync(makeCpio([...made, console, ...entries])));
    },
  );
  return { kernel, initrd };
}
