import { writeFile } from "node:fs/promises";
import { fileError } from "../platform/file-errors.ts";
import type { PcEngine } from "../vm-host/pc-engine.ts";
import { encodePng } from "../vm-host/png.ts";
import type { Pacing } from "./pacing.ts";
import type { NumberedStep, Step } from "./steps.ts";
import { onScreen, TextWatch } from "./text-watch.ts";

/** How long a key is held, and how long the next one waits: what a fast typist does. */
const KEY_MS = 25;
/** How often a wait looks at the screen. */
const SCREEN_MS = 50;

/** Saves what the screen shows; a machine that has shown nothing yet leaves no file. */
export async function saveScreenshot(engine: PcEngine, file: string): Promise<void> {
  const picture = engine.screenshot();
  if (!picture) return;
  try {
    await writeFile(file, await encodePng(picture));
  } catch (error) {
    throw fileError(error, "write the screenshot", file);
  }
}

async function saveText(engine: PcEngine, file: string): Promise<void> {
  try {
    await writeFile(file, `${(engine.screenText() ?? []).join("\n")}\n`);
  } catch (error) {
    throw fileError(error, "write the text to", file);
  }
}

/** Performs the steps of a `--steps` file on a running machine. */
export class StepPlayer {
  readonly #engine: PcEngine;
  readonly #signal: AbortSignal;
  readonly #pacing: Pacing;
  readonly #serial = new TextWatch();
  #wake: () => void = () => {};

  /** Serial output counts from now on. The steps stop, between two of them or in a wait, with `signal`. */
  constructor(engine: PcEngine, signal: AbortSignal, pacing: Pacing) {
    this.#engine = engine;
    this.#signal = signal;
    this.#pacing = pacing;
    engine.serial.on(({ port, bytes }) => {
      if (port !== 0) return;
      this.#serial.push(bytes);
      this.#wake();
    });
    signal.addEventListener("abort", () => this.#wake());
  }

  /** Resolves with the step that was under way when the signal came, or null when all are done. */
  async play(steps: NumberedStep[], onStep: (step: NumberedStep) => void): Promise<NumberedStep | null> {
    for (const step of steps) {
      onStep(step);
      if (!this.#signal.aborted) await this.#perform(step);
      if (this.#signal.aborted) return step;
    }
    return null;
  }

  async #perform(step: Step): Promise<void> {
    const engine = this.#engine;
    switch (step.do) {
      case "wait-serial":
        return this.#until(() => this.#serial.take(step.text));
      case "wait-screen":
        return this.#until(() => onScreen(engine.screenText(), step.text));
      case "keys":
        for (const keys of step.strokes) {
          for (const code of keys) engine.input({ type: "key", code, down: true });
          await this.#sleep(KEY_MS);
          for (const code of keys.toReversed()) engine.input({ type: "key", code, down: false });
          await this.#sleep(KEY_MS);
        }
        return;
      case "mouse":
        return engine.input({ type: "mouse", dx: step.dx, dy: step.dy, wheel: 0, buttons: step.buttons });
      case "send-serial":
        return engine.input({ type: "serial", port: 0, bytes: new TextEncoder().encode(step.text) });
      case "sleep":
        return this.#sleep(step.seconds * 1000);
      case "screenshot":
        return this.#pacing.away(() => saveScreenshot(engine, step.file));
      case "dump-text":
        return this.#pacing.away(() => saveText(engine, step.file));
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!this.#signal.aborted && !condition()) await this.#sleep(SCREEN_MS, true);
  }

  /** Ends early with the signal, and with serial output where `orSerial`. */
  #sleep(ms: number, orSerial = false): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wake = () => {};
        resolve();
      };
      const cancel = this.#pacing.after(ms, done);
      this.#wake = () => {
        if (orSerial || this.#signal.aborted) done();
      };
    });
  }
}
