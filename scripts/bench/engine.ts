// What the benchmark knows of an engine: how it starts work in a process of its own, whose standard output tells the
// times.

import type { Architecture } from "../guests/packages.ts";

/** A Linux guest as it is started, without a boot loader; COM1 is its console. */
export interface Machine {
  architecture: Architecture;
  memoryMib: number;
  kernel: string;
  initrd: string;
  append: string;
}

/** The same work for a machine and, where it can be had, for the host. */
export interface Job {
  machine: Machine;
  /** A program of the host and its arguments. */
  native?: readonly string[];
}

export const ENGINE_IDS = ["native", "twinbox", "interpreter", "v86", "qemu"] as const;
export type EngineId = (typeof ENGINE_IDS)[number];

export interface Engine {
  readonly id: EngineId;
  /** A column's title. */
  readonly name: string;
  /** The version, and how it is run, for the report. */
  readonly description: string;
  /** One of this many parts of the work is done, and its time multiplied: engines that are much slower. */
  readonly divisor: number;
  /** Arguments of the process; the first is the program. Undefined where the job is none for this engine. */
  command(job: Job): string[] | undefined;
}

/** An engine, or why this host cannot have it. */
export type Candidate = Engine | { id: EngineId; name: string; unavailable: string };

export const isAvailable = (candidate: Candidate): candidate is Engine => !("unavailable" in candidate);
