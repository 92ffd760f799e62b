import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { afterEach, beforeEach, expect, onTestFinished, vi } from "vitest";
import { DEMO_IMAGE, ROOT } from "../electron/platform/paths.ts";
import { PROMPT } from "../scripts/guests/busybox.ts";
import { guestTest } from "../scripts/guests/twinbox.ts";
import { newMachineFrom, paneOf, terminalText, typeIntoTerminal, typeOnScreen, view } from "./actions.ts";
import { axeViolations } from "./axe.ts";
import { machineProcesses, RealWindow } from "./real-window.ts";

const PICTURE = join(ROOT, "dist/screenshots/side-by-side.png");
/** What README.md shows; made anew where the environment has `TWINBOX_UPDATE_SCREENSHOT`. */
const README_PICTURE = join(ROOT, "docs/screenshot.png");

const DEMO = "Twinbox demo";
const LINUX = "Debian Linux";
/** Milliseconds that Debian's kernel may take from the menu to its shell while others use the processor. */
const BOOT_MS = 240_000;
vi.setConfig({ testTimeout: BOOT_MS + 60_000 });

/** A shell on the screen, beside the one on the serial port. */
const SCREEN_SHELL = "setsid sh -c 'exec sh -i </dev/tty1 >/dev/tty1 2>&1' &";

let window: RealWindow;

beforeEach(async () => {
  window = await RealWindow.open("dark");
});
afterEach(() => window.close());

/** Whether a line of the screen is lit from edge to edge, as by the frame of GRUB's menu and by no text. */
const showsFrame = (page: Page, machine: string): Promise<boolean> =>
  paneOf(page, machine)
    .locator("canvas.screen")
    .evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
      for (let y = 0; y < height; y++) {
        let lit = 0;
        for (let x = 0; x < width; x++) if (data[4 * (y * width + x)]! > 64) lit++;
        if (lit > 0.85 * width) return true;
      }
      return false;
    });

async function createBoth(page: Page, images: string[], machines: string[]): Promise<void> {
  await newMachineFrom(page, images);
  const names = page.getByRole("dialog").getByRole("textbox", { name: "Name" });
  await expect.poll(() => names.count()).toBe(2);
  await names.first().fill(machines[0]!);
  await names.last().fill(machines[1]!);
  await page.getByRole("button", { name: "Create and Start 2 Machines" }).click();
}

guestTest(
  "the demo and Debian's Linux side by side: each answers its own keyboard, and one outlives the other's process",
  ["busyboxGrubDisk"],
  async ({ busyboxGrubDisk }) => {
    const { page, errors } = window;
    await createBoth(page, [DEMO_IMAGE, busyboxGrubDisk.disk], [DEMO, LINUX]);
    await expect.poll(() => showsFrame(page, LINUX), { timeout: BOOT_MS }).toBe(true);
    await typeOnScreen(page, LINUX, "\n");
    await view(page, LINUX, "Serial");
    await expect.poll(() => terminalText(page, LINUX), { timeout: BOOT_MS }).toContain(PROMPT);
    await typeIntoTerminal(page, LINUX, SCREEN_SHELL);
    await page.keyboard.press("ControlRight");

    await view(page, LINUX, "Screen");
    await typeOnScreen(page, LINUX, "echo typed $((6 * 7)) > /dev/ttyS0\n");
    await typeOnScreen(page, DEMO, "typed into the demo");
    for (const name of [LINUX, DEMO]) await view(page, name, "Serial");
    await expect.poll(() => terminalText(page, LINUX)).toContain("typed 42");
    await expect.poll(() => terminalText(page, DEMO)).toContain("typed into the demo");
    expect(await terminalText(page, DEMO)).not.toContain("42");

    for (const name of [LINUX, DEMO]) await view(page, name, "Screen");
    await typeOnScreen(
      page,
      LINUX,
      "clear; uname -a; head -n 8 /proc/cpuinfo; free -m; ls --color -C -w 80 /bin | tail -n 8\n",
    );
    await paneOf(page, DEMO).locator("canvas.screen").click();
    await page.keyboard.press("Escape");
    await page.keyboard.press("ControlRight");
    await paneOf(page, DEMO).getByText("720×400").waitFor({ state: "detached" });
    expect(await axeViolations(page)).toEqual([]);
    await keepPicture(page);

    process.kill(machineProcesses()[0]!, "SIGKILL");
    await paneOf(page, DEMO).getByRole("alert").getByText("SIGKILL").waitFor();
    await view(page, LINUX, "Serial");
    await typeIntoTerminal(page, LINUX, "echo alive $((40 + 2))");
    await expect.poll(() => terminalText(page, LINUX)).toContain("alive 42");
    expect(errors).toEqual([]);
  },
);

guestTest(
  "two of Debian's Linux side by side: each answers its own keyboard, on the screen and on the serial port",
  ["busyboxGrubDisk"],
  async ({ busyboxGrubDisk }) => {
    const { page, errors } = window;
    const names = ["Left Linux", "Right Linux"];
    const folder = mkdtempSync(join(tmpdir(), "twinbox-disks-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    // Two files by name: one disk cannot be written by two machines.
    const disks = ["left.img", "right.img"].map((name) => join(folder, name));
    for (const disk of disks) copyFileSync(busyboxGrubDisk.disk, disk);
    await createBoth(page, disks, names);
    for (const name of names) {
      await expect.poll(() => showsFrame(page, name), { timeout: BOOT_MS }).toBe(true);
      await typeOnScreen(page, name, "\n");
    }
    for (const name of names) {
      await view(page, name, "Serial");
      await expect.poll(() => terminalText(page, name), { timeout: BOOT_MS }).toContain(PROMPT);
      await typeIntoTerminal(page, name, `name='${name}'`);
      await typeIntoTerminal(page, name, `export name; ${SCREEN_SHELL}`);
      await page.keyboard.press("ControlRight");
    }
    for (const name of names) {
      await view(page, name, "Screen");
      await typeOnScreen(page, name, 'echo "typed in $name" > /dev/ttyS0\n');
      await view(page, name, "Serial");
    }
    for (const [name, other] of [names, names.toReversed()]) {
      await expect.poll(() => terminalText(page, name!)).toContain(`typed in ${name}`);
      expect(await terminalText(page, name!)).not.toContain(other);
    }
    expect(errors).toEqual([]);
  },
);

async function keepPicture(page: Page): Promise<void> {
  mkdirSync(dirname(PICTURE), { recursive: true });
  // The demo's pointer and thumbnails are those of the pictures by then.
  await page.waitForTimeout(2500);
  await page.screenshot({ path: PICTURE });
  if (process.env.TWINBOX_UPDATE_SCREENSHOT) copyFileSync(PICTURE, README_PICTURE);
}
