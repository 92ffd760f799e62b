import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _electron, type ElectronApplication } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../platform/paths.ts";

const ELECTRON = join(ROOT, "node_modules/electron");

/** Electron's binary, where it has been fetched and could show a window. */
function electronBinary(): string | null {
  const note = join(ELECTRON, "path.txt");
  if (!existsSync(note) || !existsSync(join(ROOT, "dist/main/main.js"))) return null;
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return null;
  const binary = join(ELECTRON, "dist", readFileSync(note, "utf8"));
  return existsSync(binary) ? binary : null;
}

const binary = electronBinary();

describe.skipIf(binary === null)("the application in Electron", { timeout: 60_000 }, () => {
  let app: ElectronApplication;
  let home: string;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "twinbox-electron-"));
    app = await _electron.launch({
      executablePath: binary as string,
      args: [ROOT],
      env: { ...process.env, TWINBOX_HOME: home } as Record<string, string>,
    });
  });
  afterAll(async () => {
    await app.close();
    rmSync(home, { recursive: true });
  });

  test("its window is ours, sandboxed, and without Node", async () => {
    const page = await app.firstWindow();
    expect(page.url()).toBe("app://twinbox/index.html");
    expect(await page.evaluate(() => [typeof globalThis.process, typeof require])).toEqual([
      "undefined",
      "undefined",
    ]);
  });

  test("it neither navigates away nor opens windows", async () => {
    const page = await app.firstWindow();
    await page.evaluate(() => {
      const { open } = globalThis as unknown as { open(url: string): void };
      open("https://example.org/");
    });
    expect(app.windows().length).toBe(1);
    expect(page.url()).toBe("app://twinbox/index.html");
  });
});
