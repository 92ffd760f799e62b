import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{core,electron,renderer,scripts}/**/*.test.{ts,tsx}"],
    globalSetup: ["scripts/vitest-setup.ts"],
  },
});
