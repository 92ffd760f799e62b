// Debian packages, fetched by apt with state and cache of its own, so that neither root nor a change of the host's
// package system is needed, and a 32-bit guest's packages are had on a 64-bit host.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "./cache.ts";
import { findTool, runTool } from "./tools.ts";
import { Unavailable } from "./unavailable.ts";

const APT = join(CACHE, "apt");
const PACKAGES = join(CACHE, "packages");
/** What guests are made of; the first is meant where none is named. */
export type Architecture = "i386" | "amd64";
const ARCHITECTURE: Architecture = "i386";

/** The host's sources, everything else in the cache. */
const OPTIONS = [
  `Dir::State=${APT}/state`,
  `Dir::State::status=${APT}/status`,
  `Dir::Cache=${APT}/cache`,
  `APT::Architecture=${ARCHITECTURE}`,
  "APT::Architectures::=i386",
  "APT::Architectures::=amd64",
  "APT::Sandbox::User=root",
  "Acquire::Languages=none",
].flatMap((option) => ["-o", option]);

let lists: Promise<void> | undefined;

/** Reads the archive's lists, once in a process. */
function updateLists(): Promise<void> {
  lists ??= (async () => {
    for (const folder of ["state/lists/partial", "cache/archives/partial"])
      mkdirSync(join(APT, folder), { recursive: true });
    // One archive of several may be out of order for a moment; whether the packages can be had is seen below.
    await runTool("apt-get", [...OPTIONS, "-qq", "update"]).catch((error: unknown) => {
      if (error instanceof Unavailable) throw error;
    });
  })();
  return lists;
}

/**
 * Fetches the newest version of a package of the architecture (or one for all) and unpacks it, if it is not there.
 *
 * @returns the folder that stands for the package's root.
 * @throws Unavailable if there is no apt or its archives do not give the package.
 */
export async function fetchPackage(
  packageName: string,
  architecture: Architecture = ARCHITECTURE,
): Promise<string> {
  const name = architecture === ARCHITECTURE ? packageName : `${packageName}:${architecture}`;
  const folder = join(PACKAGES, name);
  if (existsSync(folder)) return folder;
  if (!findTool("apt-get")) throw new Unavailable("this host has no apt-get");
  await updateLists();
  const download = join(PACKAGES, `${name}.download`);
  rmSync(download, { recursive: true, force: true });
  mkdirSync(download, { recursive: true });
  const apt = [...OPTIONS, "-qq"];
  try {
    // `apt-get download` writes to the working folder; fetching with `install` would need the dependencies.
    await runTool("env", ["-C", download, "apt-get", ...apt, "download", name]);
  } catch (error) {
    const lines = (error as Error).message.split("\n").filter((line) => line.startsWith("E:"));
    throw new Unavailable(
      `apt cannot fetch ${packageName} (${architecture}): ${lines.join(" ").slice(0, 200)}`,
    );
  }
  const file = readdirSync(download).find((entry) => entry.endsWith(".deb"));
  if (!file) throw new Unavailable(`apt has fetched nothing for ${name}`);
  await runTool("dpkg-deb", ["-x", join(download, file), join(download, "root")]);
  renameSync(join(download, "root"), folder);
  rmSync(download, { recursive: true });
  return folder;
}
