// Processes that are timed by what they print, and never outlive the benchmark.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** Milliseconds that a process has to end in after it was asked to; then it is killed. */
const GRACE_MS = 3000;
/** Characters of output in a complaint. */
const TAIL = 1000;

type Child = ChildProcessByStdio<null, Readable, Readable>;
const running = new Set<Child>();

/** To it and the processes that it has started. */
function send({ pid }: Child, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // All of them have ended.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

process.on("exit", () => {
  for (const child of running) send(child, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

export interface Seen {
  /** Seconds from the start of the process in which it did not stand still. */
  seconds: number;
  match: RegExpExecArray;
}

/** One process and what it has printed so far. */
export class TimedProcess {
  #output = "";
  #complaints = "";
  #looking: (() => void) | undefined;
  readonly #child: Child;
  /** Milliseconds in which it did not stand still, up to when it last went on. */
  #elapsed = 0;
  /** When it last went on; undefined while it stands still. */
  #since: number | undefined = performance.now();
  readonly #ended: Promise<string>;
  #over = false;

  /** @param command the program and its arguments. */
  constructor(command: readonly string[]) {
    const [program, ...args] = command as [string, ...string[]];
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
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
      if (match) resolve({ seconds: this.#seconds, match });
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

  get #seconds(): number {
    const now = this.#since === undefined ? 0 : performance.now() - this.#since;
    return (this.#elapsed + now) / 1000;
  }

  /** Makes it stand still, and what it has started. */
  pause(): void {
    if (this.#since === undefined) return;
    send(this.#child, "SIGSTOP");
    this.#elapsed += performance.now() - this.#since;
    this.#since = undefined;
  }

  goOn(): void {
    this.#since ??= performance.now();
    send(this.#child, "SIGCONT");
  }

  /** Asks the process to end, kills it if it does not. Resolves with what it printed on standard error. */
  async stop(): Promise<string> {
    send(this.#child, "SIGTERM");
    const timer = setTimeout(() => send(this.#child, "SIGKILL"), GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
    return this.#complaints;
  }
}
