import { z } from "zod";
import type { AttachedMedium, EngineEnd } from "./engine.ts";
import type { ProblemReport } from "./manager.ts";
import { problemSchema } from "./manager-schema.ts";
import type { ServiceSchema } from "./rpc.ts";
import { type CpuSettings, driveSchema, machineSettingsSchema } from "./settings.ts";

/** A machine as its process needs to know it: its settings with the paths of its images. */
export interface HostMachine {
  engine: string;
  memoryMib: number;
  cpu?: CpuSettings;
  codeMemoryMib?: number;
  bootOrder: ("cdrom" | "disk" | "floppy")[];
  media: AttachedMedium[];
}

/** What a machine's process does for the manager. Every method rejects with a `TwinboxError`. */
export interface HostService {
  start(machine: HostMachine): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  reset(): Promise<void>;
  acpiShutdown(): Promise<void>;
  /** Flushes and closes every medium; the process ends when it has answered. */
  stop(): Promise<void>;
  changeMedium(medium: AttachedMedium): Promise<void>;
  serialHistory(): Promise<Uint8Array>;
  /** PNG of the screen at its full size. */
  screenshot(): Promise<Uint8Array>;
}

/** Milliseconds between two beats of a machine's process. */
export const BEAT_MS = 1000;

export type HostEvent =
  /**
   * Sign of life, every {@link BEAT_MS}. `cpuLoad` is a share of one host core, 0 to 1; `thumbnail` is a PNG data URL
   * of at most 160×120, null where it has not changed.
   */
  | { type: "beat"; cpuLoad: number; thumbnail: string | null }
  | { type: "end"; end: EngineEnd }
  /** Trouble that the guest survives. */
  | { type: "trouble"; problem: ProblemReport };

const mediumSchema = z.object({
  slot: driveSchema.shape.slot,
  kind: driveSchema.shape.kind,
  path: z.string().nullable(),
  format: driveSchema.shape.format,
  mode: driveSchema.shape.mode,
}) satisfies z.ZodType<AttachedMedium>;

const nothing = z.undefined();
const bytes = z.instanceof(Uint8Array);
const command = { args: z.tuple([]), result: nothing };

export const hostSchema = {
  start: {
    args: z.tuple([
      z.object({
        engine: z.string(),
        memoryMib: machineSettingsSchema.shape.memoryMib,
        cpu: machineSettingsSchema.shape.cpu,
        codeMemoryMib: machineSettingsSchema.shape.codeMemoryMib,
        bootOrder: machineSettingsSchema.shape.bootOrder,
        media: z.array(mediumSchema),
      }),
    ]),
    result: nothing,
  },
  pause: command,
  resume: command,
  reset: command,
  acpiShutdown: command,
  stop: command,
  changeMedium: { args: z.tuple([mediumSchema]), result: nothing },
  serialHistory: { args: z.tuple([]), result: bytes },
  screenshot: { args: z.tuple([]), result: bytes },
} satisfies ServiceSchema<HostService>;

export const hostEventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("beat"),
    cpuLoad: z.number().min(0).max(1),
    thumbnail: z.string().max(200_000).startsWith("data:image/png;base64,").nullable(),
  }),
  z.object({
    type: z.literal("end"),
    end: z.discriminatedUnion("reason", [
      z.object({ reason: z.literal("power-off") }),
      z.object({ reason: z.literal("fault"), message: z.string() }),
    ]),
  }),
  z.object({ type: z.literal("trouble"), problem: problemSchema }),
]) satisfies z.ZodType<HostEvent>;
