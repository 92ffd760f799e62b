import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DEMO_IMAGE } from "../electron/platform/paths.ts";
import {
  drop,
  newMachineFrom,
  paneOf,
  screenHash,
  terminalText,
  typeIntoTerminal,
  typeOnScreen,
  view,
} from "./actions.ts";
import { axeViolations } from "./axe.ts";
import { machineProcesses, RealWindow } from "./real-window.ts";

// The demo machine on the emulated PC. It greets on its serial port, sends back there what comes from there and from
// its keyboard, shows both on its screen, and draws a moving picture after Esc.

const DEMO = readFileSync(DEMO_IMAGE);
const GREETING = "Hello from the Twinbox demo";
const TEXT_MODE = "720×400";

let window: RealWindow;

beforeEach(async () => {
  window = await RealWindow.open();
});
afterEach(() => window.close());

const demo = (name: string) => ({ name, mimeType: "", buffer: DEMO });
const pane = (name: string) => paneOf(window.page, name);

async function startOne(): Promise<void> {
  await newMachineFrom(window.page, [demo("one.img")]);
  await window.page.getByRole("button", { name: "Create and Start" }).click();
  await pane("one").getByText(TEXT_MODE).waitFor();
}

async function startTwo(): Promise<void> {
  await newMachineFrom(window.page, [demo("one.img"), demo("two.img")]);
  await window.page.getByRole("button", { name: "Create and Start 2 Machines" }).click();
  for (const name of ["one", "two"]) await pane(name).getByText(TEXT_MODE).waitFor();
}

/** Waits for the demo's greeting: it takes keys from then on. */
async function greeted(name: string): Promise<void> {
  await view(window.page, name, "Serial");
  await expect.poll(() => terminalText(window.page, name)).toContain(GREETING);
}

/** From the demo's text to its moving picture. */
async function startPicture(name: string): Promise<void> {
  await greeted(name);
  await view(window.page, name, "Screen");
  await pane(name).locator("canvas.screen").click();
  await window.page.keyboard.press("Escape");
  await window.page.keyboard.press("ControlRight");
  await pane(name).getByText(TEXT_MODE).waitFor({ state: "detached" });
}

const moves = async (name: string) => {
  const before = await screenHash(window.page, name);
  await expect.poll(() => screenHash(window.page, name)).not.toBe(before);
};

test("a dropped image becomes a machine that runs, shows its screen and takes keys", async () => {
  const { page, errors } = window;
  await drop(page, [{ name: "floppy.img", content: DEMO }]);
  await page.getByText("System not recognised · floppy · 160 KiB").waitFor();
  await page.getByRole("button", { name: "Create and Start" }).click();
  await pane("floppy").getByText(TEXT_MODE).waitFor();
  // Starting gives the keyboard to the guest.
  await pane("floppy").getByText("Right Ctrl releases", { exact: true }).waitFor();
  await greeted("floppy");

  await view(page, "floppy", "Screen");
  await pane("floppy").locator("canvas.screen").waitFor();
  await typeOnScreen(page, "floppy", "typed on the screen");
  await view(page, "floppy", "Serial");
  await expect.poll(() => terminalText(page, "floppy")).toContain("typed on the screen");

  await startPicture("floppy");
  await moves("floppy");
  const thumbnail = page.getByRole("row", { name: "floppy" }).locator("img");
  const picture = await thumbnail.getAttribute("src");
  await expect.poll(() => thumbnail.getAttribute("src")).not.toBe(picture);
  expect(errors).toEqual([]);
});

test("two machines side by side: each answers its own serial port and keyboard; reload keeps scrollback and layout", async () => {
  const { page, errors } = window;
  await startTwo();
  for (const name of ["one", "two"]) {
    await greeted(name);
    await typeIntoTerminal(page, name, `I am ${name}`);
    await expect.poll(() => terminalText(page, name)).toContain(`I am ${name}`);
    await page.keyboard.press("ControlRight");
  }
  for (const name of ["one", "two"]) {
    await view(page, name, "Screen");
    await typeOnScreen(page, name, `keys of ${name}`);
    await view(page, name, "Serial");
    await expect.poll(() => terminalText(page, name)).toContain(`keys of ${name}`);
  }
  await page.reload();
  for (const [name, other] of [
    ["one", "two"],
    ["two", "one"],
  ] as const) {
    await expect.poll(() => terminalText(page, name)).toContain(`keys of ${name}`);
    const text = await terminalText(page, name);
    expect(text).toContain(GREETING);
    expect(text.match(/I am \w+/g)).toEqual([`I am ${name}`]);
    expect(text).not.toContain(`of ${other}`);
  }
  expect(await axeViolations(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test("a killed process leaves its machine Aborted, with the reason, and its neighbour running", async () => {
  const { page, errors } = window;
  await startTwo();
  await startPicture("two");
  const [victim] = machineProcesses();
  process.kill(victim!, "SIGKILL");
  await pane("one").getByRole("alert").getByText("SIGKILL").waitFor();
  const machines = page.getByRole("navigation");
  expect(await machines.getByText("Aborted").count()).toBe(1);
  expect(await machines.getByText("Running").count()).toBe(1);
  await moves("two");
  await pane("one").getByRole("button", { name: "Start Again" }).click();
  await expect.poll(() => machines.getByText("Running").count()).toBe(2);
  await greeted("one");
  expect(errors).toEqual([]);
});

test("pause stops the guest, resume lets it go on; after power-off what its serial port had sent can still be read", async () => {
  const { page, errors } = window;
  await startOne();
  await startPicture("one");
  await moves("one");
  await pane("one").getByRole("button", { name: "Pause" }).click();
  await pane("one").getByText("Paused").waitFor();
  // What was drawn before the pause may still be on its way.
  await sleep(500);
  const still = await screenHash(page, "one");
  await sleep(1000);
  expect(await screenHash(page, "one")).toBe(still);
  await pane("one").getByRole("button", { name: "Resume" }).click();
  await moves("one");
  await view(page, "one", "Serial");
  await pane("one").getByRole("button", { name: "Power Off" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Power Off" }).click();
  await pane("one").getByText("Powered Off").waitFor();
  expect(machineProcesses()).toEqual([]);
  await expect.poll(() => terminalText(page, "one")).toContain(GREETING);
  await page.reload();
  await expect.poll(() => terminalText(page, "one")).toContain(GREETING);
  expect(errors).toEqual([]);
});

test("the medium of a running machine is ejected and put in again", async () => {
  const { page, errors } = window;
  await startOne();
  await view(page, "one", "Details");
  await page.getByRole("button", { name: "Eject Floppy A" }).click();
  await page.getByText("Empty", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Change the medium of Floppy A" }).click();
  await page.getByRole("menuitem", { name: "one.img" }).click();
  await page.getByText("Floppy A · 160 KiB").waitFor();
  expect(errors).toEqual([]);
});

test("a file that is no disk image is refused in words", async () => {
  const { page } = window;
  await newMachineFrom(page, [{ name: "odd.img", mimeType: "", buffer: Buffer.alloc(700) }]);
  await page.getByRole("dialog").getByRole("alert").waitFor();
  expect(await page.getByRole("dialog").getByRole("alert").textContent()).toMatch(/odd\.img|512|sector/);
});

test("the machines go on while no window looks, and the window finds them again", async () => {
  await startTwo();
  await startPicture("two");
  await window.reopen();
  const machines = window.page.getByRole("navigation");
  await expect.poll(() => machines.getByText("Running").count()).toBe(2);
  await pane("one").getByText(TEXT_MODE).waitFor();
  await moves("two");
});
