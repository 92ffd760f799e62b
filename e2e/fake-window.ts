import type { Server } from "node:http";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { launchBrowser } from "./browser.ts";
import { serveFolder } from "./static-server.ts";

/** What the tests may do to the fake host in the page. */
export interface Fake {
  kill(name: string): void;
  setReachable(reachable: boolean): void;
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

/** Chooses a machine in the list. */
export const choose = (page: Page, name: string): Promise<void> =>
  page.getByRole("row", { name, exact: true }).click({ position: { x: 120, y: 20 } });

/** Opens a machine beside the active pane. */
export async function openBeside(page: Page, name: string): Promise<void> {
  await page.getByRole("row", { name, exact: true }).hover();
  await page.getByRole("button", { name: `Open ${name} beside` }).click();
}

/** The pane that shows a machine. */
export const paneOf = (page: Page, name: string) =>
  page.locator("section.pane", { has: page.getByRole("heading", { name, exact: true }) });

/** Shows another view of a machine's pane. */
export const view = (page: Page, machine: string, name: "Screen" | "Serial" | "Details"): Promise<void> =>
  paneOf(page, machine).getByRole("radio", { name }).click();

/** The text of a terminal's visible lines. */
export const terminalText = async (page: Page, machine: string): Promise<string> =>
  (await paneOf(page, machine).locator(".xterm-rows > div").allTextContents())
    .join("\n")
    .replaceAll("\u00a0", " ");

/** A picture's pixels, as a number that changes whenever they do. */
export const screenHash = (page: Page, machine: string): Promise<number> =>
  paneOf(page, machine)
    .locator("canvas.screen")
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let hash = 0;
      for (let at = 0; at < data.length; at += 4)
        hash = (Math.imul(hash, 31) + data[at]! + 7 * data[at + 1]!) | 0;
      return hash;
    });
