import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{core,electron,renderer,scripts}/**/*.test.{ts,tsx}"],
    globalSetup: ["scripts/vitest-setup.ts"],
    // None measures time: a host with much other work may take several times as long.
    testTimeout: 60_000,
  },
});
