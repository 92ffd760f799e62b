// What the tests need of the host besides Node, and how it is had on Debian.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findTool } from "./guests/tools.ts";

/** One package a line; `.ci/run` reads it too. */
const PACKAGES = join(import.meta.dirname, "debian-packages.txt");

/** The program that tells whether a package's part is there, where it is not the package's name. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "acpica-tools": "iasl",
  binutils: "objcopy",
  e2fsprogs: "mke2fs",
  "grub-common": "grub-mkrescue",
  mtools: "mformat",
  "qemu-system-x86": "qemu-system-x86_64",
  "qemu-utils": "qemu-img",
};

function isThere(name: string): boolean {
  switch (name) {
    case "chromium":
      return process.env.CHROMIUM !== undefined || findTool("chromium") !== undefined;
    case "gcc-multilib":
      return compiles32();
    // Their data come with the guests' own packages where they are not installed.
    case "grub-pc-bin":
    case "isolinux":
      return true;
    default:
      return findTool(PROGRAMS[name] ?? name) !== undefined;
  }
}

function compiles32(): boolean {
  if (process.arch !== "x64") return true;
  const args = ["-m32", "-x", "c", "-", "-o", "/dev/null"];
  return spawnSync("gcc", args, { input: "int main(void){return 0;}" }).status === 0;
}

const missing = (): string[] =>
  readFileSync(PACKAGES, "utf8")
    .split("\n")
    .filter((name) => name !== "" && !isThere(name));

/** Installs what is missing where this process may; names what is then still missing. */
export function provideHostPrograms(): void {
  let names = missing();
  if (names.length > 0 && process.getuid?.() === 0 && findTool("apt-get")) {
    process.stdout.write(`Installing ${names.join(" ")}\n`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    for (const args of [
      ["-qq", "update"],
      ["-qq", "install", "-y", "--no-install-recommends", ...names],
    ])
      spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] });
    names = missing();
  }
  if (names.length === 0) return;
  process.stdout.write(
    "Some tests need programs that this host lacks, and fail or are skipped. On Debian:\n" +
      `  apt-get install ${names.join(" ")}\n`,
  );
}
