import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { choose, openBeside, paneOf, view } from "./actions.ts";
import { fakeWindows } from "./fake-window.ts";

/** Pictures of every size and scheme, to be looked at. */
const pictures = join(import.meta.dirname, "../dist/screenshots");
mkdirSync(pictures, { recursive: true });

const windows = fakeWindows();

afterEach(() => {
  expect(windows.errors.splice(0)).toEqual([]);
});

const sizes = [
  [1280, 800],
  [2560, 1440],
  [900, 600],
] as const;

describe.each(sizes)("at %i×%i", (width, height) => {
  test.each(["light", "dark"] as const)("two machines side by side fit, %s", async (scheme) => {
    const page = await windows.open({ width, height, scheme });
    await choose(page, "Debian 12");
    await openBeside(page, "Debian Desktop");
    await view(page, "Debian Desktop", "Serial");
    await paneOf(page, "Debian 12").locator("canvas.screen").click();
    await paneOf(page, "Debian Desktop").locator(".xterm-rows").waitFor();

    // Nothing hangs out of the window, and no button is cut off by its pane.
    const outside = await page.evaluate(() =>
      [...document.querySelectorAll("button, h2, .status-bar > *, canvas.screen")]
        .filter((element) => {
          const box = element.getBoundingClientRect();
          const frame = (element.closest(".pane, .library") ?? document.body).getBoundingClientRect();
          const shown = box.width > 0 && box.height > 0;
          return (
            shown &&
            (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1)
          );
        })
        .map((element) => element.outerHTML.slice(0, 120)),
    );
    expect(outside).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await page.screenshot({ path: join(pictures, `window-${width}-${scheme}.png`) });
    await page.context().close();
  });
});
