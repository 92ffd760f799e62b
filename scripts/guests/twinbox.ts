// Guests run through the command line, as a person's scripts would run them.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject, test } from "vitest";
import type { Guest, GuestName, Guests } from "./prepare.ts";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAM = join(ROOT, "electron/cli/main.ts");
/** What the screens showed when the runs ended, to be looked at. */
export const SCREENSHOTS = join(ROOT, "dist/screenshots/guests");
/** Of a run that failed, as much of the serial output goes into the report. */
const TAIL = 3000;

type Value = string | number | true;

/** Options of `twinbox run` without their dashes, and what the runner itself takes. */
export interface Run {
  /** The file that the last screen goes to is named after it. */
  name: string;
  /** Seconds of the host after which the run has failed. */
  timeout: number;
  /** Lines of a `--steps` file. */
  steps?: readonly string[];
  options: Readonly<Record<string, Value>>;
}

export interface Ended {
  /** What COM1 sent. */
  serial: string;
  /** Host seconds from start to end. */
  seconds: number;
}

/**
 * Runs a machine until its end.
 *
 * @throws Error with what is known of the run if it does not end with 0.
 */
export async function twinbox({ name, timeout, steps, options }: Run): Promise<Ended> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "twinbox-guest-"));
  try {
    const stepFile = join(folder, "steps");
    const serialFile = join(folder, "serial");
    writeFileSync(serialFile, "");
    if (steps) writeFileSync(stepFile, steps.join("\n"));
    const all: Record<string, Value> = {
      ...options,
      serial: serialFile,
      timeout,
      screenshot: join(SCREENSHOTS, `${name}.png`),
      ...(steps && { steps: stepFile }),
    };
    const args = Object.entries(all).flatMap(([key, value]) =>
      value === true ? [`--${key}`] : [`--${key}`, String(value)],
    );
    const began = performance.now();
    const { status, complaints } = await execute(["run", ...args]);
    const seconds = (performance.now() - began) / 1000;
    const serial = readFileSync(serialFile, "utf8");
    if (status !== 0)
      throw new Error(
        `twinbox run ended with ${status} after ${seconds.toFixed(0)} s: ${complaints.trim()}\n` +
          `Its last screen is ${name}.png in ${SCREENSHOTS}. The end of its serial output:\n${serial.slice(-TAIL)}`,
      );
    return { serial, seconds };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function execute(args: string[]): Promise<{ status: number | null; complaints: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let complaints = "";
    child.stderr.on("data", (data) => {
      complaints += data;
    });
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, complaints }));
  });
}

/** What a guest is started from, where the host can have it. */
type Available<Name extends GuestName> = Exclude<Guest<Name>, { unavailable: string }>;

/** A test of guests; skipped, and its title says why, where the host cannot have one of them. */
export function guestTest<Name extends GuestName>(
  title: string,
  names: readonly Name[],
  body: (guests: { [One in Name]: Available<One> }) => Promise<void>,
): void {
  const guests: Guests = inject("guests");
  const reasons = names.flatMap((name) => {
    const guest: object = guests[name];
    return "unavailable" in guest ? [String(guest.unavailable)] : [];
  });
  if (reasons.length > 0) test.skip(`${title} (skipped: ${reasons.join("; ")})`, () => {});
  else test(title, () => body(guests as unknown as { [One in Name]: Available<One> }));
}
