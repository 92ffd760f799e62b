import { join } from "node:path";
import { build } from "vite";

const configFile = join(import.meta.dirname, "../renderer/vite.config.ts");

/** Builds the window as it ships, and with the fake host for the tests that need no machine. */
export default async function setup(): Promise<void> {
  for (const mode of ["production", "test"]) await build({ configFile, mode, logLevel: "warn" });
}
