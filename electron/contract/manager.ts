import type { TwinboxErrorKind } from "../../core/base/errors.ts";
import type { CpuSettings, DriveSettings, MachineSettings } from "./settings.ts";

/** What a person sees of a machine's life (VirtualBox's words, in this spelling on the wire). */
export type MachineState =
  | "powered-off"
  | "starting"
  | "running"
  | "paused"
  | "stopping"
  | "saved"
  | "aborted"
  | "guru-meditation";

export interface MachineSummary {
  settings: MachineSettings;
  state: MachineState;
  /** Why it is in this state where that needs words (crash, hang, failed start), else null. */
  problem: ProblemReport | null;
  /** Share of one host core, 0 to 1, over the last second; null when not running. */
  cpuLoad: number | null;
  /** PNG data URL of the screen, at most 160×120, renewed about once a second; null if never seen. */
  thumbnail: string | null;
}

/** A `TwinboxError` as it crosses a process border. */
export interface ProblemReport {
  kind: TwinboxErrorKind;
  message: string;
  subject: string | null;
  advice: string | null;
}

/** An image file in the media folder or on the host; pages know it only by `id` and `name`. */
export interface Medium {
  id: string;
  name: string;
  kind: DriveSettings["kind"];
  /** In bytes. */
  size: number;
  readOnly: boolean;
  /** What was recognised on it. */
  system: string;
  /** System's name for people: `Debian GNU/Linux 12 installer`. */
  systemName: string;
  /** Memory proposed for a machine made from it, MiB. */
  memoryMib: number;
}

export interface NewMachine {
  name: string;
  memoryMib: number;
  cpu?: CpuSettings;
  drives: DriveSettings[];
  bootOrder: MachineSettings["bootOrder"];
  system: string;
}

export type ManagerEvent =
  | { type: "machine"; machine: MachineSummary }
  | { type: "machine-removed"; id: string }
  | { type: "medium"; medium: Medium }
  | { type: "medium-removed"; id: string };

/** The manager's service. Every method rejects with a `TwinboxError`, carried as a {@link ProblemReport}. */
export interface ManagerService {
  listMachines(): Promise<MachineSummary[]>;
  listMedia(): Promise<Medium[]>;
  createMachine(machine: NewMachine): Promise<MachineSummary>;
  /** Replaces the settings of a powered-off machine. */
  updateMachine(settings: MachineSettings): Promise<MachineSummary>;
  /** Removes a powered-off machine's folder; its media stay unless `deleteMedia`. */
  removeMachine(id: string, deleteMedia: boolean): Promise<void>;
  start(id: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  reset(id: string): Promise<void>;
  /** Presses the ACPI power button. */
  shutdown(id: string): Promise<void>;
  powerOff(id: string): Promise<void>;
  /** Puts another medium into a removable drive, or none; takes effect at once in a running machine. */
  changeMedium(id: string, slot: DriveSettings["slot"], medium: string | null): Promise<void>;
  /** The bytes that COM1 has sent, oldest first, as far as the scrollback goes (1 MiB). */
  serialHistory(id: string): Promise<Uint8Array>;
  /** PNG of the screen at its full size. */
  screenshot(id: string): Promise<Uint8Array>;
}
