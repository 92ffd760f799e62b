import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ByteChannel } from "../electron/contract/byte-channel.ts";
import { ForkStarter } from "../electron/manager/fork-starter.ts";
import { Manager } from "../electron/manager/manager.ts";
import { RENDERER } from "../electron/platform/paths.ts";
import { type RunningServer, startServer } from "../electron/server/server.ts";
import { newMachineFrom, paneOf, screenHash, terminalText, typeIntoTerminal, view } from "./actions.ts";
import { axeViolations } from "./axe.ts";
import { launchBrowser } from "./browser.ts";

/**
 * The window as it ships, the server shell, the manager and processes of machines; only the PC inside them is a
 * stand-in, which echoes keys and serial input and knows the lines `off` and `hang`.
 */
const FAKE_PC = join(import.meta.dirname, "../electron/vm-host/testing/fake-host.ts");

let home: string;
let manager: Manager<ByteChannel>;
let server: RunningServer;
let browser: Browser;
let page: Page;
let errors: string[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "twinbox-window-"));
  manager = await Manager.open(home, new ForkStarter(FAKE_PC));
  errors = [];
  server = await startServer({
    manager,
    port: 0,
    renderer: RENDERER,
    onError: (error) => errors.push(String(error)),
  });
  browser = await launchBrowser();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  page.setDefaultTimeout(8000);
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(server.address);
});

afterEach(async () => {
  await browser.close();
  await server.close();
  await manager.close();
  rmSync(home, { recursive: true });
});

const image = (name: string) => ({ name, mimeType: "", buffer: Buffer.alloc(1_474_560) });

async function twoMachines(): Promise<void> {
  await newMachineFrom(page, [image("one.img"), image("two.img")]);
  await page.getByRole("button", { name: "Create and Start 2 Machines" }).click();
  for (const name of ["one", "two"]) await paneOf(page, name).getByText("Running").waitFor();
}

/** Processes of machines that this one has started. */
function machineProcesses(): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
  return children
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("fake-host.ts"));
}

test("an image is sent, becomes a machine, runs, shows its screen and takes keys", async () => {
  await newMachineFrom(page, [image("floppy.img")]);
  await page.getByText("System not recognised · floppy · 1.4 MiB").waitFor();
  await page.getByRole("button", { name: "Create and Start" }).click();
  const pane = paneOf(page, "floppy");
  await pane.getByText("640×400").waitFor();
  await pane.getByText("Right Ctrl releases", { exact: true }).waitFor();
  const before = await screenHash(page, "floppy");
  await page.keyboard.type("hello");
  await expect.poll(() => screenHash(page, "floppy")).not.toBe(before);
  await expect.poll(() => page.getByRole("row", { name: "floppy" }).locator("img").count()).toBe(1);
  expect(errors).toEqual([]);
});

test("two machines side by side: each answers its own serial port, and reload keeps scrollback and layout", async () => {
  await twoMachines();
  for (const name of ["one", "two"]) {
    await view(page, name, "Serial");
    await typeIntoTerminal(page, name, `I am ${name}`);
    await expect.poll(() => terminalText(page, name)).toContain(`I am ${name}`);
  }
  await page.reload();
  for (const [name, other] of [
    ["one", "two"],
    ["two", "one"],
  ] as const) {
    await expect.poll(() => terminalText(page, name)).toContain(`I am ${name}`);
    const text = await terminalText(page, name);
    expect(text).toContain("hello from the fake");
    expect(text.match(/I am/g)).toHaveLength(1);
    expect(text).not.toContain(`I am ${other}`);
  }
  expect(await axeViolations(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test("a killed process leaves its machine Aborted, with the reason, and its neighbour running", async () => {
  await twoMachines();
  const [victim] = machineProcesses();
  process.kill(victim!, "SIGKILL");
  await expect.poll(() => page.getByRole("navigation").getByText("Aborted").count()).toBe(1);
  await page.getByRole("alert").getByText("SIGKILL").waitFor();
  await expect.poll(() => page.getByRole("navigation").getByText("Running").count()).toBe(1);
  await page.getByRole("button", { name: "Start Again" }).click();
  await expect.poll(() => page.getByRole("navigation").getByText("Running").count()).toBe(2);
  expect(errors).toEqual([]);
});

test("pause, resume, power off; what the serial port had sent can still be read", async () => {
  await newMachineFrom(page, [image("floppy.img")]);
  await page.getByRole("button", { name: "Create and Start" }).click();
  const pane = paneOf(page, "floppy");
  await view(page, "floppy", "Serial");
  await pane.getByRole("button", { name: "Pause" }).click();
  await pane.getByText("Paused").waitFor();
  await pane.getByRole("button", { name: "Resume" }).click();
  await pane.getByText("Running").waitFor();
  await pane.getByRole("button", { name: "Power Off" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Power Off" }).click();
  await pane.getByText("Powered Off").waitFor();
  await expect.poll(() => terminalText(page, "floppy")).toContain("hello from the fake");
  expect(errors).toEqual([]);
});

test("the medium of a running machine is ejected and put in again", async () => {
  await newMachineFrom(page, [image("floppy.img")]);
  await page.getByRole("button", { name: "Create and Start" }).click();
  await view(page, "floppy", "Details");
  await page.getByRole("button", { name: "Eject Floppy A" }).click();
  await page.getByText("Empty", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Change the medium of Floppy A" }).click();
  await page.getByRole("menuitem", { name: "floppy.img" }).click();
  await page.getByText("Floppy A · 1.4 MiB").waitFor();
  expect(errors).toEqual([]);
});

test("a file that is no disk image is refused in words", async () => {
  await newMachineFrom(page, [{ name: "odd.img", mimeType: "", buffer: Buffer.alloc(700) }]);
  await page.getByRole("dialog").getByRole("alert").waitFor();
  expect(await page.getByRole("dialog").getByRole("alert").textContent()).toMatch(/odd\.img|512|sector/);
});

test("the machines go on while no window looks, and the window finds them again", async () => {
  await twoMachines();
  const context = page.context();
  await page.close();
  page = await context.newPage();
  await page.goto(new URL("/", server.address).href);
  await expect.poll(() => page.getByRole("navigation").getByText("Running").count()).toBe(2);
  for (const name of ["one", "two"]) await paneOf(page, name).getByText("640×400").waitFor();
});
