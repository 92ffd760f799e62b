// Processes that are timed by what they print, and never outlive the benchmark.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** Milliseconds that a process has to end in after it was asked to; then it is killed. */
const GRACE_MS = 3000;
/** Characters of output in a complaint. */
const TAIL = 1000;

type Child = ChildProcessByStdio<null, Readable, Readable>;
const running = new Set<Child>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

export interface Seen {
  /** Seconds from the start of the process. */
  seconds: number;
  match: RegExpExecArray;
}

/** One process and what it has printed so far. */
export class TimedProcess {
  #output = "";
  #complaints = "";
  #looking: (() => void) | undefined;
  readonly #child: Child;
  readonly #began: number;
  readonly #ended: Promise<string>;
  #over = false;

  /** @param command the program and its arguments. */
  constructor(command: readonly string[]) {
    const [program, ...args] = command as [string, ...string[]];
    this.#began = performance.now();
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    running.add(child);
    child.stdout.on("data", (bytes: Buffer) => {
      this.#output += bytes.toString("latin1");
      this.#looking?.();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      this.#complaints += bytes;
    });
    this.#ended = new Promise((resolve) => {
      const end = (how: string) => {
        running.delete(child);
        this.#over = true;
        this.#looking?.();
        resolve(how);
      };
      child.once("error", (error) => end(error.message));
      child.once("close", (status, signal) => end(`status ${status ?? signal}`));
    });
  }

  /** What it has printed on standard output. */
  get output(): string {
    return this.#output;
  }

  get isOver(): boolean {
    return this.#over;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Waits until the output has a match.
   *
   * @param failure what the process says when it will never come to that.
   * @throws Error with the end of the output if the process fails or ends or the time is over before.
   */
  async see(pattern: RegExp, timeoutSeconds: number, failure?: RegExp): Promise<Seen> {
    const { promise, resolve, reject } = Promise.withResolvers<Seen>();
    const fail = (why: string) =>
      reject(new Error(`${why}:\n${(this.#complaints + this.#output).slice(-TAIL)}`));
    const timer = setTimeout(() => fail(`no ${pattern} within ${timeoutSeconds} s`), timeoutSeconds * 1000);
    this.#looking = () => {
      const match = pattern.exec(this.#output);
      if (match) resolve({ seconds: (performance.now() - this.#began) / 1000, match });
      else if (this.#over) fail(`the process ended without ${pattern}`);
      else if (failure?.test(this.#output)) fail(`no ${pattern}, but ${failure.exec(this.#output)?.[0]}`);
    };
    this.#looking();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#looking = undefined;
    }
  }

  /** Waits for the end. Resolves with what was printed on standard error. */
  async end(): Promise<string> {
    await this.#ended;
    return this.#complaints;
  }

  /** Makes it stand still, or go on; nothing if it has ended. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Asks the process to end, kills it if it does not. Resolves with what it printed on standard error. */
  async stop(): Promise<string> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
    return this.#complaints;
  }
}
