import type { Page } from "playwright-core";
import { afterEach, describe, expect, test } from "vitest";
import type { ConsoleInput } from "../electron/contract/console.ts";
import { choose, openBeside, paneOf, screenHash, terminalText, view } from "./actions.ts";
import { axeViolations } from "./axe.ts";
import { fakeWindows } from "./fake-window.ts";

const windows = fakeWindows();
const image = (name: string, size: number) => ({ name, mimeType: "", buffer: Buffer.alloc(size) });

afterEach(() => {
  expect(windows.errors.splice(0)).toEqual([]);
});

describe("from images to machines", () => {
  test("a dropped image becomes a running machine in two gestures", async () => {
    const page = await windows.open({ machines: "empty" });
    const data = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(1_000_000)], "debian-12.iso"));
      return transfer;
    });
    await page.dispatchEvent("body", "dragenter", { dataTransfer: data });
    await page.getByText("Drop to make a machine").waitFor();
    await page.dispatchEvent("body", "drop", { dataTransfer: data });
    await page.getByRole("button", { name: "Create and Start" }).click();
    const pane = paneOf(page, "Debian GNU/Linux 12 installer");
    await pane.locator("canvas.screen").waitFor();
    await expect.poll(() => pane.getByText("Running").count()).toBe(1);
    // Starting gives the keyboard to the guest.
    await pane.getByText("Right Ctrl releases", { exact: true }).waitFor();
    await page.context().close();
  });

  test("several images become several machines, side by side; a foreign format is refused in words", async () => {
    const page = await windows.open({ machines: "empty" });
    await page.getByRole("button", { name: "New Machine…" }).click();
    await page
      .locator("input[type=file]")
      .setInputFiles([
        image("debian-12.iso", 900_000),
        image("tools.img", 1_474_560),
        image("old.vdi", 1000),
      ]);
    await page.getByText("a format that Twinbox does not read yet").waitFor();
    await page
      .getByRole("button", { name: "Leave out old.vdi" })
      .or(page.getByRole("button", { name: "Cancel old.vdi" }))
      .click();
    await page.getByRole("textbox", { name: "Name" }).last().fill("Tools");
    await page.getByRole("button", { name: "Create and Start 2 Machines" }).click();
    await paneOf(page, "Tools").locator("canvas.screen").waitFor();
    await paneOf(page, "Debian GNU/Linux 12 installer").locator("canvas.screen").waitFor();
    await page.context().close();
  });

  test("an upload shows its progress and can be cancelled", async () => {
    const page = await windows.open({ machines: "empty" });
    await page.getByRole("button", { name: "New Machine…" }).click();
    await page.locator("input[type=file]").setInputFiles([image("slow.iso", 2_000_000)]);
    await page.getByRole("progressbar", { name: "Sending slow.iso" }).waitFor();
    await page.getByRole("button", { name: "Cancel slow.iso" }).click();
    await page.getByText("Drop disk images here").waitFor();
    await page.context().close();
  });
});

describe("keyboard and mouse", () => {
  test("a click captures, keys reach the guest, the host key releases", async () => {
    const page = await windows.open();
    await choose(page, "Debian 12");
    const pane = paneOf(page, "Debian 12");
    await pane.locator("canvas.screen").click();
    await pane.getByText("Right Ctrl releases", { exact: true }).waitFor();
    const before = await screenHash(page, "Debian 12");
    await page.keyboard.type("hello");
    await expect.poll(() => screenHash(page, "Debian 12")).not.toBe(before);
    expect(await page.evaluate(() => document.pointerLockElement?.className)).toBe("screen");

    // Shortcuts of the window are the guest's while it has the keyboard.
    await page.keyboard.press("Control+Shift+P");
    expect(await page.getByRole("dialog").count()).toBe(0);

    await page.keyboard.press("ControlRight");
    await pane.getByText("Right Ctrl or click to type", { exact: true }).waitFor();
    expect(await page.evaluate(() => document.pointerLockElement)).toBeNull();
    await page.keyboard.press("Control+Shift+P");
    await page.getByRole("dialog", { name: "All commands" }).waitFor();
    await page.context().close();
  });

  test("the host key also gives the keyboard to the guest, and combinations with it are the window's", async () => {
    const page = await windows.open();
    await choose(page, "Debian 12");
    await paneOf(page, "Debian 12").locator("canvas.screen").waitFor();
    await page.keyboard.press("ControlRight");
    await page.getByText("Right Ctrl releases", { exact: true }).waitFor();
    await page.keyboard.down("ControlRight");
    await page.keyboard.press("p");
    await page.keyboard.up("ControlRight");
    await expect.poll(() => paneOf(page, "Debian 12").getByText("Paused").count()).toBe(1);
    await page.context().close();
  });

  /** Keys that the guest has got since the last look, `+` down and `-` up; the mouse, which the browser moves when it likes, is left out. */
  const keysSent = (page: Page) =>
    page.evaluate(() =>
      window.fake
        .takeInputs()
        .flatMap((input) => (input.type === "key" ? [`${input.down ? "+" : "-"}${input.code}`] : [])),
    );

  /** Of these those of Escape: whether it is down. */
  const escapes = async (page: Page) =>
    (await keysSent(page)).filter((key) => /^.Escape$/.test(key)).map((key) => key.startsWith("+"));

  test("Escape is the guest's: pressed with the mouse captured, kept by the browser to end the lock, and after that", async () => {
    const page = await windows.open();
    await choose(page, "Debian Desktop");
    await paneOf(page, "Debian Desktop").locator("canvas.screen").click();
    await page.waitForFunction(() => document.pointerLockElement !== null);
    await page.evaluate(() => window.fake.takeInputs());
    await page.keyboard.press("Escape");
    await expect.poll(() => escapes(page)).toEqual([true, false]);

    // A person's Escape ends the lock in the browser, and the page sees no key. Keys of a test do not.
    await page.waitForTimeout(300);
    await page.evaluate(() => document.exitPointerLock());
    await page.waitForFunction(() => document.pointerLockElement === null);
    await expect.poll(() => escapes(page)).toEqual([true, false]);

    // The keyboard stays the guest's.
    await page.keyboard.press("Escape");
    await expect.poll(() => escapes(page)).toEqual([true, false]);
    await page.context().close();
  });

  test("the captured mouse moves, clicks and scrolls in guest pixels", async () => {
    const page = await windows.open();
    await choose(page, "Debian Desktop");
    const screen = paneOf(page, "Debian Desktop").locator("canvas.screen");
    await screen.click();
    await page.waitForFunction(() => document.pointerLockElement !== null);
    const box = (await screen.boundingBox())!;
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    await page.mouse.move(middle.x, middle.y);
    await page.evaluate(() => window.fake.takeInputs());

    await page.mouse.move(middle.x + 60, middle.y - 30, { steps: 6 });
    await page.mouse.down({ button: "right" });
    await page.mouse.up({ button: "right" });
    await page.mouse.wheel(0, 200);
    const inputs: ConsoleInput[] = [];
    const mouse = () => inputs.filter((input) => input.type === "mouse");
    const total = (field: "dx" | "dy" | "wheel") => mouse().reduce((sum, input) => sum + input[field], 0);
    await expect
      .poll(async () => {
        inputs.push(...(await page.evaluate(() => window.fake.takeInputs())));
        return total("wheel");
      })
      .toBe(2);
    // The picture is smaller than the guest's screen: the hand's way is that much longer in it.
    const scale = 1024 / box.width;
    expect(Math.abs(total("dx") - 60 * scale)).toBeLessThanOrEqual(1);
    expect(Math.abs(total("dy") + 30 * scale)).toBeLessThanOrEqual(1);
    expect(mouse().map(({ buttons }) => buttons)).toContain(2);
    expect(mouse().at(-1)?.buttons).toBe(0);
    await page.context().close();
  });

  test("keys that are down when the window loses the keyboard are released", async () => {
    const page = await windows.open();
    await choose(page, "Debian 12");
    await paneOf(page, "Debian 12").locator("canvas.screen").click();
    await page.keyboard.down("ControlLeft");
    await page.keyboard.down("c");
    await page.evaluate(() => window.dispatchEvent(new Event("blur")));
    expect(await keysSent(page)).toEqual(["+ControlLeft", "+KeyC", "-KeyC", "-ControlLeft"]);
    await page.context().close();
  });

  test("combinations that the host keeps for itself come from a menu", async () => {
    const page = await windows.open();
    await choose(page, "Debian 12");
    await paneOf(page, "Debian 12").locator("canvas.screen").waitFor();
    await paneOf(page, "Debian 12").getByRole("button", { name: "Keyboard" }).click();
    await page.getByRole("menuitem", { name: "Send Ctrl+Alt+Del" }).click();
    expect(await keysSent(page)).toEqual([
      "+ControlLeft",
      "+AltLeft",
      "+Delete",
      "-Delete",
      "-AltLeft",
      "-ControlLeft",
    ]);
    await page.context().close();
  });

  test("the host key leaves a terminal too", async () => {
    const page = await windows.open();
    await choose(page, "Debian 12");
    await view(page, "Debian 12", "Serial");
    await page.locator(".xterm").click();
    await page.keyboard.type("uname\n");
    await expect.poll(() => terminalText(page, "Debian 12")).toContain("uname: done");
    await page.keyboard.press("ControlRight");
    await page.getByText("Right Ctrl or click to type", { exact: true }).waitFor();
    await page.context().close();
  });

  test("everything is reached without a mouse", async () => {
    const page = await windows.open();
    await page.keyboard.press("Control+Shift+P");
    await page.keyboard.type("go to freedos");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "FreeDOS is powered off" }).waitFor();
    await page.keyboard.press("Control+Shift+P");
    await page.keyboard.type("start freedos");
    await page.keyboard.press("Enter");
    await paneOf(page, "FreeDOS").getByText("Right Ctrl releases", { exact: true }).waitFor();
    await page.context().close();
  });
});

describe("two machines side by side", () => {
  test("each answers its own keyboard, and layout and scrollback survive a reload", async () => {
    const page = await windows.open();
    await choose(page, "Debian 12");
    await view(page, "Debian 12", "Serial");
    await openBeside(page, "Debian Desktop");
    await paneOf(page, "Debian Desktop").locator("canvas.screen").waitFor();
    await paneOf(page, "Debian 12").locator(".xterm").click();
    await page.keyboard.type("left\n");
    await expect.poll(() => terminalText(page, "Debian 12")).toContain("left: done");

    const splitter = page.getByRole("separator", { name: "Width of the panes" });
    await splitter.focus();
    for (let n = 0; n < 3; n++) await page.keyboard.press("ArrowLeft");
    const width = () =>
      paneOf(page, "Debian 12").evaluate((pane) => Math.round(pane.getBoundingClientRect().width));
    const narrowed = await width();
    expect(narrowed).toBeLessThan(480);
    await page.reload();
    await paneOf(page, "Debian Desktop").locator("canvas.screen").waitFor();
    expect(await width()).toBe(narrowed);
    await expect.poll(() => terminalText(page, "Debian 12")).toContain("Linux version 6.1.0");
    await page.context().close();
  });

  test("a machine whose process is killed is Aborted, with its words, and its neighbour goes on", async () => {
    const page = await windows.open();
    await choose(page, "Debian 12");
    await openBeside(page, "Debian Desktop");
    await paneOf(page, "Debian Desktop").locator("canvas.screen").waitFor();
    await page.evaluate(() => window.fake.kill("Debian 12"));
    await paneOf(page, "Debian 12").getByRole("alert").getByText("ended unexpectedly").waitFor();
    const before = await screenHash(page, "Debian Desktop");
    await expect.poll(() => screenHash(page, "Debian Desktop")).not.toBe(before);
    await page.context().close();
  });
});

test("when the server goes away the window says so, keeps what it knows, and comes back by itself", async () => {
  const page = await windows.open();
  await choose(page, "Debian 12");
  await paneOf(page, "Debian 12").locator("canvas.screen").waitFor();
  await page.evaluate(() => window.fake.setReachable(false));
  await page.getByText("server does not answer").waitFor();
  expect(await paneOf(page, "Debian 12").locator("canvas.screen").count()).toBe(1);
  await page.evaluate(() => window.fake.setReachable(true));
  await expect.poll(() => page.getByText("server does not answer").count(), { timeout: 10_000 }).toBe(0);
  const before = await screenHash(page, "Debian 12");
  await paneOf(page, "Debian 12").locator("canvas.screen").click();
  await page.keyboard.type("back");
  await expect.poll(() => screenHash(page, "Debian 12")).not.toBe(before);
  await page.context().close();
});

test("a fault in one pane is told there, and the rest of the window goes on", async () => {
  const page = await windows.open();
  await choose(page, "FreeDOS");
  await openBeside(page, "Debian 12");
  await view(page, "FreeDOS", "Details");
  await page.evaluate(() => window.fake.spoil("FreeDOS"));
  await page.getByRole("alert").getByText("This pane could not be shown").waitFor();
  const before = await screenHash(page, "Debian 12");
  await paneOf(page, "Debian 12").locator("canvas.screen").click();
  await page.keyboard.type("alive");
  await expect.poll(() => screenHash(page, "Debian 12")).not.toBe(before);
  await page.keyboard.press("ControlRight");
  await view(page, "FreeDOS", "Screen");
  await page.getByRole("heading", { name: "FreeDOS is powered off" }).waitFor();
  // The browser's console tells developers of the fault.
  expect(windows.errors.splice(0).length).toBeGreaterThan(0);
  await page.context().close();
});

test("power off asks, because the guest loses what it has not saved", async () => {
  const page = await windows.open();
  await choose(page, "Debian 12");
  await paneOf(page, "Debian 12").getByRole("button", { name: "Power Off" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
  await paneOf(page, "Debian 12").getByText("Running").waitFor();
  await paneOf(page, "Debian 12").getByRole("button", { name: "Power Off" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Power Off" }).click();
  await page.getByRole("heading", { name: "Debian 12 is powered off" }).waitFor();
  await page.context().close();
});

test("settings are changed while the machine is off, media at any time", async () => {
  const page = await windows.open();
  await choose(page, "FreeDOS");
  await view(page, "FreeDOS", "Details");
  await page.getByRole("textbox", { name: "Name" }).fill("DOS");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: "DOS", exact: true }).waitFor();
  await choose(page, "Debian 12");
  await view(page, "Debian 12", "Details");
  expect(await page.getByRole("textbox", { name: "Name" }).isDisabled()).toBe(true);
  await page.getByRole("button", { name: "Eject IDE secondary master" }).click();
  await page.getByText("Empty", { exact: true }).waitFor();
  await page.context().close();
});

describe("accessibility: axe finds nothing", () => {
  for (const scheme of ["light", "dark"] as const) {
    test(`in the first window, ${scheme}`, async () => {
      const page = await windows.open({ machines: "empty", scheme });
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole("button", { name: "New Machine…" }).click();
      expect(await axeViolations(page)).toEqual([]);
      await page.context().close();
    });

    test(`with two machines, screen and terminal, ${scheme}`, async () => {
      const page = await windows.open({ scheme });
      await choose(page, "Debian 12");
      await openBeside(page, "Debian Desktop");
      await view(page, "Debian Desktop", "Serial");
      await page.locator(".xterm-rows").waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.context().close();
    });

    test(`in details, problem and dialogs, ${scheme}`, async () => {
      const page = await windows.open({ scheme });
      await choose(page, "Memtest86+");
      expect(await axeViolations(page)).toEqual([]);
      await view(page, "Memtest86+", "Details");
      expect(await axeViolations(page)).toEqual([]);
      for (const words of ["media", "preferences", "keyboard shortcuts"]) {
        await page.keyboard.press("Control+Shift+P");
        await page.keyboard.type(words);
        expect(await axeViolations(page)).toEqual([]);
        await page.keyboard.press("Enter");
        await page.getByRole("dialog").getByRole("heading").first().waitFor();
        expect(await axeViolations(page)).toEqual([]);
        await page.keyboard.press("Escape");
      }
      await page.context().close();
    });
  }
});
