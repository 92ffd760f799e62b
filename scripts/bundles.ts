import { join } from "node:path";
import type { InlineConfig } from "vite";

const ROOT = join(import.meta.dirname, "..");
const electron = join(ROOT, "electron");

/**
 * Nothing is left to be looked up in node_modules, so that programs start fast. V8 keeps the sources, of two bytes a character if one
 * of them is not Latin: they have neither such characters nor comments but licences.
 */
const bundle = (input: Record<string, string>, output: object): InlineConfig => ({
  configFile: false,
  logLevel: "warn",
  root: ROOT,
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir: "dist",
    emptyOutDir: false,
    target: "node24",
    rolldownOptions: {
      input,
      output: { ...output, charset: "ascii", comments: { legal: true, annotation: false, jsdoc: false } },
      external: ["electron/main", "electron/renderer"],
    },
  },
});

/**
 * The programs that run in Node and in Electron's own processes. Each lies two folders deep in the project, as its
 * source does, for `electron/platform/paths.ts`.
 */
export const programs = bundle(
  {
    "cli/main": join(electron, "cli/main.ts"),
    "vm-host/main": join(electron, "vm-host/main.ts"),
    "vm-host/compiler-worker": join(electron, "vm-host/compiler-worker.ts"),
    "main/main": join(electron, "main/main.ts"),
  },
  { format: "es", entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
);

/** A sandboxed preload is one CommonJS file. */
export const preload = bundle(
  { "preload/preload": join(electron, "preload/preload.ts") },
  { format: "cjs", entryFileNames: "[name].cjs" },
);
