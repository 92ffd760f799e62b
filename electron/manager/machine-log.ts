import { appendFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

const KEPT = 3;
/** Characters of one run's log; a guest must not fill the host's disk by it. */
const LONGEST = 4 << 20;

/** A machine's log, `Logs/twinbox.log`: one run each, the last three before it kept. Never throws. */
export class MachineLog {
  readonly #folder: string;
  #written = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get #file(): string {
    return join(this.#folder, "twinbox.log");
  }

  /** Begins a new run's log. */
  rotate(): void {
    this.#written = 0;
    this.#attempt(() => {
      mkdirSync(this.#folder, { recursive: true });
      for (let n = KEPT - 1; n >= 0; n--) {
        const from = n === 0 ? this.#file : `${this.#file}.${n}`;
        if (existsSync(from)) renameSync(from, `${this.#file}.${n + 1}`);
      }
    });
  }

  write(text: string): void {
    if (this.#written > LONGEST) return;
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => `${new Date().toISOString()} ${line}\n`)
      .join("");
    this.#written += lines.length;
    this.#attempt(() => appendFileSync(this.#file, lines));
  }

  /** A full disk that takes no log must not take the machine. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch {
      this.#written = Number.POSITIVE_INFINITY;
    }
  }
}
