import { homedir } from "node:os";
import { join } from "node:path";

/** The project's folder, or the application's: sources and bundles both lie two folders deep in it. */
export const ROOT = join(import.meta.dirname, "../..");

const fromSource = import.meta.filename.endsWith(".ts");

/** The program of a machine's process, of the same kind (source or bundle) as the one that runs. */
export const VM_HOST = fromSource
  ? join(ROOT, "electron/vm-host/main.ts")
  : join(ROOT, "dist/vm-host/main.js");

/** That of the thread that compiles guest code for it. */
export const COMPILER_WORKER = fromSource
  ? join(ROOT, "electron/vm-host/compiler-worker.ts")
  : join(ROOT, "dist/vm-host/compiler-worker.js");

/** The built window. */
export const RENDERER = join(ROOT, "dist/renderer");

/** The demo machine's floppy image. */
export const DEMO_IMAGE = join(ROOT, "resources/demo/demo.img");

/** Where machines and media are kept: `TWINBOX_HOME`, or where the platform wants an application's data. */
export function defaultHome(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.TWINBOX_HOME) return environment.TWINBOX_HOME;
  if (process.platform === "win32")
    return join(environment.APPDATA ?? join(homedir(), "AppData/Roaming"), "Twinbox");
  if (process.platform === "darwin") return join(homedir(), "Library/Application Support/Twinbox");
  return join(environment.XDG_DATA_HOME || join(homedir(), ".local/share"), "twinbox");
}
