import type { ConsoleInput, ConsoleOutput } from "./console.ts";
import type { MachineSettings } from "./settings.ts";

/** What an engine can do, so that the manager offers no more. */
export interface EngineCapabilities {
  pause: boolean;
  save: boolean;
  acpiShutdown: boolean;
  serialPorts: number;
  screen: boolean;
}

export interface EngineMetrics {
  /** Share of one host core, 0 to 1, since the previous call. */
  cpuLoad: number;
  /** Guest instructions since power-on; 0 where an engine cannot tell. */
  instructions: number;
  /** Bytes of host memory. */
  memory: number;
}

/** Where a drive's image is on this host. */
export interface AttachedMedium {
  slot: MachineSettings["drives"][number]["slot"];
  kind: "floppy" | "disk" | "cdrom";
  path: string | null;
  mode: "read-write" | "read-only" | "disposable";
}

/** How an engine tells that its guest has stopped by itself. */
export type EngineEnd = { reason: "power-off" } | { reason: "fault"; message: string };

/**
 * What runs a guest, inside a machine's own process. The emulated PC is one; nothing outside the vm-host knows
 * which one it is talking to.
 */
export interface Engine {
  readonly capabilities: EngineCapabilities;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  reset(): void;
  /** Presses the power button. */
  acpiShutdown(): void;
  /** Flushes and closes every medium. */
  stop(): Promise<void>;
  changeMedium(medium: AttachedMedium): Promise<void>;
  input(input: ConsoleInput): void;
  /** Sends output from now on; the returned function detaches. */
  attachConsole(send: (output: ConsoleOutput) => void): () => void;
  metrics(): EngineMetrics;
  /** The whole machine's state; only while paused. */
  save(): Promise<Uint8Array>;
  load(state: Uint8Array): Promise<void>;
  onEnd(listener: (end: EngineEnd) => void): void;
}
