import { join } from "node:path";
import { build } from "vite";

const configFile = join(import.meta.dirname, "../renderer/vite.config.ts");

/** Builds the window as it ships, and with the fake host for the tests that need no machine. */
export default async function setup(): Promise<void> {
  // Vitest's own value would bundle React's development build.
  const environment = process.env.NODE_ENV;
  process.env.NODE_ENV = "production";
  try {
    for (const mode of ["production", "test"]) await build({ configFile, mode, logLevel: "warn" });
  } finally {
    process.env.NODE_ENV = environment;
  }
}
