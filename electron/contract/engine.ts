import type { TwinboxError } from "../../core/base/errors.ts";
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
  format: MachineSettings["drives"][number]["format"];
  mode: "read-write" | "read-only" | "disposable";
}

/** How an engine tells that its guest has stopped by itself. */
export type EngineEnd = { reason: "power-off" } | { reason: "fault"; message: string };

/** One window's view of the guest. */
export interface ConsoleSession {
  /** Nothing is sent before the first `refresh`. */
  input(input: ConsoleInput): void;
  detach(): void;
}

/** A picture: RGBA, 8 bits each, rows packed. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/**
 * What runs a guest, inside a machine's own process. The emulated PC is one; nothing outside the vm-host knows
 * which one it is talking to.
 */
export interface Engine {
  readonly capabilities: EngineCapabilities;
  /**
   * Opens the media and runs the guest: from power-on, or from where `state` was saved.
   *
   * @throws TwinboxError of a medium that cannot be opened; nothing stays open then.
   */
  start(state?: Uint8Array): Promise<void>;
  pause(): void;
  resume(): void;
  reset(): void;
  /** Presses the power button. */
  acpiShutdown(): void;
  /** Flushes and closes every medium. */
  stop(): Promise<void>;
  changeMedium(medium: AttachedMedium): Promise<void>;
  /** The pixels of what is sent are good until the call of `send` returns. */
  attachConsole(send: (output: ConsoleOutput) => void): ConsoleSession;
  metrics(): EngineMetrics;
  /** How often the screen was found to have changed: a picture taken at the same count is the same. */
  screenChanges(): number;
  /** What the screen shows; null where there is none. */
  screenshot(): Picture | null;
  /** The same, made to fit into so many pixels. */
  thumbnail(maxWidth: number, maxHeight: number): Picture | null;
  /** What COM1 has sent, oldest first, as far as the scrollback goes (1 MiB). */
  serialHistory(): Uint8Array;
  /** The whole machine's state; only while paused. */
  save(): Promise<Uint8Array>;
  onEnd(listener: (end: EngineEnd) => void): void;
  /** Trouble that the guest survives, such as a full host disk. */
  onTrouble(listener: (error: TwinboxError) => void): void;
}
