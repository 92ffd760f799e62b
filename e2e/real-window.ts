import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { ForkStarter } from "../electron/manager/fork-starter.ts";
import { Manager } from "../electron/manager/manager.ts";
import type { ConsoleRequest } from "../electron/platform/console-sockets.ts";
import { RENDERER, VM_HOST } from "../electron/platform/paths.ts";
import { type RunningServer, startServer } from "../electron/server/server.ts";
import { launchBrowser } from "./browser.ts";

/** Milliseconds that the window may take to show what a test waits for. */
const PATIENCE_MS = 15_000;

/** The whole application: the window as it ships, the server shell, the manager, and a process for each machine. */
export class RealWindow {
  /** What the server and the page complain of. */
  readonly errors: string[] = [];
  /** The page that is open; another one after {@link reopen}. */
  page!: Page;
  manager!: Manager<ConsoleRequest>;
  readonly #home = mkdtempSync(join(tmpdir(), "twinbox-window-"));
  readonly #connect: () => Promise<Browser>;
  #server!: RunningServer;
  #browser!: Browser;

  private constructor(connect: () => Promise<Browser>) {
    this.#connect = connect;
  }

  static async open(scheme: "light" | "dark" = "light", connect = launchBrowser): Promise<RealWindow> {
    const window = new RealWindow(connect);
    try {
      await window.#start(scheme);
    } catch (error) {
      await window.close();
      throw error;
    }
    return window;
  }

  async #start(colorScheme: "light" | "dark"): Promise<void> {
    this.manager = await Manager.open(this.#home, new ForkStarter(VM_HOST));
    this.#server = await startServer({
      manager: this.manager,
      port: 0,
      renderer: RENDERER,
      onError: (error) => this.errors.push(String(error)),
    });
    this.#browser = await this.#connect();
    // One that was started by itself has a context that outlasts the connection.
    const context =
      this.#browser.contexts()[0] ??
      (await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme }));
    this.#watch(await context.newPage());
    await this.page.goto(this.#server.address);
  }

  /** Closes the page and opens the window in a new one, as somebody does who comes back. */
  async reopen(): Promise<void> {
    const context = this.page.context();
    await this.page.close();
    this.#watch(await context.newPage());
    await this.page.goto(new URL("/", this.#server.address).href);
  }

  /** Lets go of a browser that outlasts its connection, and comes back to the same page after `action`. */
  async unwatched(action: () => Promise<void>): Promise<void> {
    const address = this.page.url();
    await this.#browser.close();
    await action();
    this.#browser = await this.#connect();
    this.#watch(
      this.#browser
        .contexts()[0]!
        .pages()
        .find((page) => page.url() === address)!,
    );
  }

  #watch(page: Page): void {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  /** Ends every machine. */
  async close(): Promise<void> {
    await this.#browser?.close();
    await this.#server?.close();
    await this.manager?.close();
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** Identifiers of the machines' processes, which are this one's children, in the order in which they started. */
export function machineProcesses(): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
  return children
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(VM_HOST));
}
