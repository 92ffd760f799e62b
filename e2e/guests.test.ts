import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ByteChannel } from "../electron/contract/byte-channel.ts";
import { ForkStarter } from "../electron/manager/fork-starter.ts";
import { Manager } from "../electron/manager/manager.ts";
import { DEMO_IMAGE, RENDERER, ROOT, VM_HOST } from "../electron/platform/paths.ts";
import { type RunningServer, startServer } from "../electron/server/server.ts";
import { choose, newMachineFrom, openBeside, paneOf, terminalText, view } from "./actions.ts";
import { launchBrowser } from "./browser.ts";

/** Where the README's picture comes from; written there when asked for. */
const PICTURE = process.env.TWINBOX_UPDATE_SCREENSHOT
  ? join(ROOT, "docs/screenshot.png")
  : join(ROOT, "dist/screenshots/guests-side-by-side.png");

let home: string;
let manager: Manager<ByteChannel>;
let server: RunningServer;
let browser: Browser;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "twinbox-guests-"));
  manager = await Manager.open(home, new ForkStarter(VM_HOST));
  server = await startServer({ manager, port: 0, renderer: RENDERER, onError: () => {} });
  browser = await launchBrowser();
});

afterEach(async () => {
  await browser.close();
  await server.close();
  await manager.close();
  rmSync(home, { recursive: true });
});

test("two real machines side by side, each answering its own keyboard", { timeout: 120_000 }, async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(server.address);
  const names = ["demo", "demo (2)"];
  for (const name of names) {
    await newMachineFrom(page, [DEMO_IMAGE]);
    await page.getByRole("button", { name: "Create and Start" }).click();
    await paneOf(page, name).getByText("720×400").waitFor();
  }
  await choose(page, "demo");
  await openBeside(page, "demo (2)");

  // The guest sends what is typed to its serial port. A text without Shift: only physical keys go to a guest.
  const texts = ["to the first machine", "to the second machine"];
  for (const [at, name] of names.entries()) {
    await paneOf(page, name).locator("canvas.screen").click();
    await page.keyboard.type(texts[at]!, { delay: 40 });
    await page.keyboard.press("ControlRight");
  }
  for (const [at, name] of names.entries()) {
    await view(page, name, "Serial");
    await expect.poll(() => terminalText(page, name)).toContain(texts[at]);
    expect(await terminalText(page, name)).not.toContain(texts[1 - at]);
  }

  for (const name of names) await view(page, name, "Screen");
  await paneOf(page, "demo (2)").locator("canvas.screen").click();
  await page.keyboard.press("Escape");
  await paneOf(page, "demo (2)").getByText("720×400").waitFor({ state: "detached" });
  await page.keyboard.press("ControlRight");
  mkdirSync(join(PICTURE, ".."), { recursive: true });
  await page.screenshot({ path: PICTURE });
});
