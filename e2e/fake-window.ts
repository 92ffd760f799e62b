import type { Server } from "node:http";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import type { ConsoleInput } from "../electron/contract/console.ts";
import { launchBrowser } from "./browser.ts";
import { serveFolder } from "./static-server.ts";

/** What the tests may do to the fake host in the page. */
export interface Fake {
  kill(name: string): void;
  /** Sends settings that cannot be drawn. */
  spoil(name: string): void;
  setReachable(reachable: boolean): void;
  /** Keys and mouse that guests have been sent since the last call. */
  takeInputs(): ConsoleInput[];
}

declare global {
  interface Window {
    fake: Fake;
  }
}

export interface WindowOptions {
  /** `empty` is a first start. */
  machines?: "some" | "empty";
  scheme?: "light" | "dark";
  width?: number;
  height?: number;
}

/** Opens windows on fake machines for the tests of one file. `errors` gathers what the pages complain of. */
export function fakeWindows() {
  let browser: Browser;
  let server: Server;
  let url: string;
  const errors: string[] = [];

  beforeAll(async () => {
    ({ server, url } = await serveFolder(join(import.meta.dirname, "../dist/renderer-test")));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  return {
    errors,
    async open({
      machines = "some",
      scheme = "light",
      width = 1280,
      height = 800,
    }: WindowOptions = {}): Promise<Page> {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
      const page = await context.newPage();
      page.setDefaultTimeout(8000);
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      await page.goto(`${url}?fake${machines === "empty" ? "=empty" : ""}`);
      await page.getByRole("navigation", { name: "Machines" }).waitFor();
      return page;
    },
  };
}
