import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Browser, chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** No traffic of its own, and nothing that a machine without a display and its users lacks. */
const OPTIONS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Debian's Chromium with a profile of its own that is thrown away. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: OPTIONS });
}

/**
 * Such a Chromium that goes on with its pages while nobody is connected to it. A connection of Playwright's has every
 * message of a WebSocket copied to it as text, which for a console costs many times what the page itself does.
 */
export class LoneBrowser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #address: string;

  private constructor(process: ChildProcess, profile: string, address: string) {
    this.#process = process;
    this.#profile = profile;
    this.#address = address;
  }

  /** @throws Error when the browser ends instead of listening. */
  static async launch(): Promise<LoneBrowser> {
    const profile = mkdtempSync(join(tmpdir(), "twinbox-browser-"));
    const options = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`];
    const process = spawn(CHROMIUM, [...OPTIONS, ...options, "--window-size=1280,800", "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    for await (const line of createInterface({ input: process.stderr! })) {
      const address = /^DevTools listening on (ws:.*)$/.exec(line)?.[1];
      if (address) return new LoneBrowser(process, profile, address);
    }
    throw new Error(`${CHROMIUM} did not start`);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** Closing what is returned ends the connection, not the browser. */
  connect(): Promise<Browser> {
    return chromium.connectOverCDP(this.#address);
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode === null) {
      this.#process.kill();
      await ended;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
