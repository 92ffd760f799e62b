/**
 * `npm start`: builds what is out of date, then opens the window in Electron, whose binary is fetched the first time,
 * or, where that cannot be, in a browser by way of the server shell.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const ELECTRON = join(ROOT, "node_modules/electron");
/** Milliseconds that fetching Electron may take. */
const FETCH_MS = 180_000;

/** Where Electron's binary is, as its package notes; null before it has been fetched. */
function electronBinary(): string | null {
  try {
    const path = join(ELECTRON, "dist", readFileSync(join(ELECTRON, "path.txt"), "utf8"));
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

function fetchElectron(): void {
  process.stderr.write("Fetching Electron …\n");
  spawnSync(process.execPath, [join(ELECTRON, "install.js")], { stdio: "ignore", timeout: FETCH_MS });
}

/** Why Electron cannot be used here; null if it can. */
function whyNoElectron(): string | null {
  const { platform, env } = process;
  if (platform === "linux" && !env.DISPLAY && !env.WAYLAND_DISPLAY) return "there is no display";
  if (platform === "linux" && process.getuid?.() === 0) return "Electron's sandbox does not work for root";
  if (!electronBinary()) fetchElectron();
  return electronBinary() ? null : "Electron's binary could not be fetched";
}

const build = spawnSync(process.execPath, [join(import.meta.dirname, "build.ts")], {
  stdio: ["ignore", 2, 2],
});
if (build.status !== 0) process.exit(build.status ?? 1);

const reason = whyNoElectron();
if (reason === null) {
  const electron = spawn(electronBinary() as string, [ROOT], { stdio: "inherit" });
  electron.on("exit", (code) => process.exit(code ?? 1));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => electron.kill(signal));
} else {
  process.stderr.write(`The window opens in your browser, as ${reason}:\n`);
  const cli = join(ROOT, "dist/cli/main.js");
  process.argv = [process.execPath, cli, "serve", ...process.argv.slice(2)];
  await import(cli);
}
