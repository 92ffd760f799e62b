import { defineConfig } from "vitest/config";

/** Tests of the window in a real browser. One at a time: they share two cores with the guests. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    globalSetup: ["build-window.ts", "../scripts/guests/vitest-setup.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
  },
});
