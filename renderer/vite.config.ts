import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/**
 * The window's bundle, the same for Electron and the server shell. `--mode test` builds beside it a second bundle
 * that also holds the fake host (`?fake`), for the browser tests.
 */
export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  base: "./",
  plugins: [react()],
  build: {
    outDir: mode === "test" ? "../dist/renderer-test" : "../dist/renderer",
    emptyOutDir: true,
    target: "es2024",
    // The content security policy allows no data: URL for fonts and scripts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
}));
