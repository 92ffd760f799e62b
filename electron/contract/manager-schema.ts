import { z } from "zod";
import type {
  MachineState,
  MachineSummary,
  ManagerEvent,
  ManagerService,
  Medium,
  NewMachine,
  ProblemReport,
} from "./manager.ts";
import type { ServiceSchema } from "./rpc.ts";
import { driveSchema, machineSettingsSchema } from "./settings.ts";

const machineId = machineSettingsSchema.shape.id;
const mediumId = z.string().min(1).max(200);

export const machineStateSchema = z.enum([
  "powered-off",
  "starting",
  "running",
  "paused",
  "stopping",
  "saved",
  "aborted",
  "guru-meditation",
]) satisfies z.ZodType<MachineState>;

export const problemSchema = z.object({
  kind: z.enum([
    "not-found",
    "permission",
    "read-only",
    "truncated",
    "unsupported-format",
    "disk-full",
    "invalid-argument",
    "invalid-state",
    "corrupt",
    "busy",
    "io",
    "internal",
  ]),
  message: z.string(),
  subject: z.string().nullable(),
  advice: z.string().nullable(),
}) satisfies z.ZodType<ProblemReport>;

export const machineSummarySchema = z.object({
  settings: machineSettingsSchema,
  state: machineStateSchema,
  problem: problemSchema.nullable(),
  cpuLoad: z.number().nullable(),
  thumbnail: z.string().startsWith("data:image/png;base64,").nullable(),
}) satisfies z.ZodType<MachineSummary>;

export const mediumSchema = z.object({
  id: mediumId,
  name: z.string(),
  kind: driveSchema.shape.kind,
  size: z.number(),
  readOnly: z.boolean(),
  system: z.string(),
  systemName: z.string(),
  memoryMib: z.number(),
}) satisfies z.ZodType<Medium>;

export const newMachineSchema = z.object({
  name: machineSettingsSchema.shape.name,
  memoryMib: machineSettingsSchema.shape.memoryMib,
  cpu: machineSettingsSchema.shape.cpu,
  drives: machineSettingsSchema.shape.drives,
  bootOrder: machineSettingsSchema.shape.bootOrder,
  system: machineSettingsSchema.shape.system,
}) satisfies z.ZodType<NewMachine>;

export const managerEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("machine"), machine: machineSummarySchema }),
  z.object({ type: z.literal("machine-removed"), id: z.string() }),
  z.object({ type: z.literal("medium"), medium: mediumSchema }),
  z.object({ type: z.literal("medium-removed"), id: z.string() }),
]) satisfies z.ZodType<ManagerEvent>;

const nothing = z.undefined();
const bytes = z.instanceof(Uint8Array);
const onMachine = { args: z.tuple([machineId]), result: nothing };

/** The border of {@link ManagerService}: what its methods take and give. */
export const managerSchema = {
  listMachines: { args: z.tuple([]), result: z.array(machineSummarySchema) },
  listMedia: { args: z.tuple([]), result: z.array(mediumSchema) },
  createMachine: { args: z.tuple([newMachineSchema]), result: machineSummarySchema },
  updateMachine: { args: z.tuple([machineSettingsSchema]), result: machineSummarySchema },
  removeMachine: { args: z.tuple([machineId, z.boolean()]), result: nothing },
  start: onMachine,
  pause: onMachine,
  resume: onMachine,
  reset: onMachine,
  shutdown: onMachine,
  powerOff: onMachine,
  changeMedium: { args: z.tuple([machineId, driveSchema.shape.slot, mediumId.nullable()]), result: nothing },
  serialHistory: { args: z.tuple([machineId]), result: bytes },
  screenshot: { args: z.tuple([machineId]), result: bytes },
} satisfies ServiceSchema<ManagerService>;
