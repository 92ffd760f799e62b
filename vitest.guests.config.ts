import { defineConfig } from "vitest/config";

/** Real systems on the emulated PC. Two at once: each takes a core. */
export default defineConfig({
  test: {
    include: ["scripts/**/*.guest.ts"],
    globalSetup: ["scripts/guests/vitest-setup.ts"],
    maxWorkers: 2,
    testTimeout: 900_000,
  },
});
