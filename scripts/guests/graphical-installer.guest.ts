import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Picture } from "../../electron/contract/engine.ts";
import { openGivenMedium } from "../../electron/vm-host/open-medium.ts";
import { PcEngine } from "../../electron/vm-host/pc-engine.ts";
import { pcParts } from "../../electron/vm-host/pc-parts.ts";
import { encodePng } from "../../electron/vm-host/png.ts";
import type { Kernel } from "./installer.ts";
import { countColours, difference, variety } from "./screen.ts";
import { guestTest, SCREENSHOTS } from "./twinbox.ts";

/** A guest's screen and input; there is no text to wait for, so the test looks at the pictures while it runs. */
class GraphicalGuest {
  readonly #engine: PcEngine;

  constructor({ kernel, initrd }: Kernel) {
    this.#engine = new PcEngine(
      {
        memoryMib: 1024,
        bootOrder: [],
        media: [],
        kernel: {
          image: readFileSync(kernel),
          initrd: readFileSync(initrd),
          commandLine: "vga=788 nomodeset logo.nologo quiet",
        },
      },
      { ...pcParts, openMedium: openGivenMedium },
    );
  }

  start = (): Promise<void> => this.#engine.start();
  stop = (): Promise<void> => this.#engine.stop();

  get screen(): Picture {
    const picture = this.#engine.screenshot();
    if (!picture) throw new Error("the guest has no screen");
    return picture;
  }

  /** Saves the screen, to be looked at. */
  async keep(name: string): Promise<Picture> {
    const { screen } = this;
    mkdirSync(SCREENSHOTS, { recursive: true });
    writeFileSync(join(SCREENSHOTS, `${name}.png`), await encodePng(screen));
    return screen;
  }

  /** Waits until the screen is as `wanted` and then does not change any more for a while. */
  async settled(wanted: (screen: Picture) => boolean): Promise<Picture> {
    let last = this.screen;
    for (let still = 0; still < 5; ) {
      await sleep(1000);
      const { screen } = this;
      still = wanted(screen) && difference(screen, last) < 0.002 ? still + 1 : 0;
      last = screen;
    }
    return last;
  }

  async press(code: string): Promise<void> {
    for (const down of [true, false]) {
      this.#engine.input({ type: "key", code, down });
      await sleep(50);
    }
  }

  async mouse(dx: number, dy: number, buttons = 0): Promise<void> {
    this.#engine.input({ type: "mouse", dx, dy, wheel: 0, buttons });
    await sleep(50);
  }
}

/** Waits for the first page: before it there is only a banner on a plain ground. */
const firstPage = (guest: GraphicalGuest): Promise<Picture> =>
  guest.settled((screen) => screen.width === 800 && countColours(screen) > 200 && variety(screen) > 0.3);

guestTest(
  "Debian's graphical installer for 64-bit PCs shows its first page",
  ["gtkInstaller64"],
  async (guests) => {
    const guest = new GraphicalGuest(guests.gtkInstaller64);
    await guest.start();
    try {
      await firstPage(guest);
      await guest.keep("gtk64-languages");
    } finally {
      await guest.stop();
    }
  },
);

guestTest(
  "Debian's graphical installer shows its first pages, by keyboard and mouse",
  ["gtkInstaller"],
  async (guests) => {
    const guest = new GraphicalGuest(guests.gtkInstaller);
    await guest.start();
    try {
      const languages = await firstPage(guest);
      await guest.keep("gtk-languages");

      // A key moves the selection by a line; another moves it back.
      await guest.press("ArrowDown");
      const moved = await guest.settled((screen) => difference(screen, languages) > 0.005);
      expect(difference(moved, languages)).toBeLessThan(0.2);
      await guest.keep("gtk-next-language");
      await guest.press("ArrowUp");
      await guest.settled((screen) => difference(screen, languages) < 0.001);

      // The mouse goes to the corner, from there to the button Continue, and presses it: another page.
      for (let n = 0; n < 10; n++) await guest.mouse(100, 100);
      for (let n = 0; n < 20; n++) await guest.mouse(-3, -1);
      await guest.mouse(0, 0, 1);
      await guest.mouse(0, 0, 0);
      const locations = await guest.settled(
        (screen) => difference(screen, languages) > 0.03 && variety(screen) > 0.3,
      );
      await guest.keep("gtk-locations");
      expect(locations.width).toBe(800);
    } finally {
      await guest.stop();
    }
  },
);
