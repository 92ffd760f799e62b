import { z } from "zod";

/** Version of the settings file's shape; a change of shape raises it and adds a migration. */
export const SETTINGS_VERSION = 1;

/** How the guest's writes to an image are treated. `disposable`: kept in memory, gone at power-off. */
export const attachModeSchema = z.enum(["read-write", "read-only", "disposable"]);

export const driveSchema = z.object({
  /** Where the drive hangs: floppies fda, fdb; IDE channel and unit hda (primary master) to hdd. */
  slot: z.enum(["fda", "fdb", "hda", "hdb", "hdc", "hdd"]),
  kind: z.enum(["floppy", "disk", "cdrom"]),
  /** Identifier of the medium in the media registry; null is an empty removable drive. */
  medium: z.string().nullable(),
  /** The image's format as found when it was added; never probed again (a guest can forge a header). */
  format: z.literal("raw"),
  mode: attachModeSchema,
});

/** A processor: its model, and whose it is. */
export const cpuSchema = z.object({
  model: z.enum(["i486", "pentium3", "core2", "x86-64-v2", "x86-64-v3"]),
  vendor: z.enum(["intel", "amd"]),
});

export const machineSettingsSchema = z.object({
  version: z.literal(SETTINGS_VERSION),
  /** Never changes; also names the machine in every call. */
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  name: z.string().min(1).max(100),
  /** What runs it; `pc` is our own emulated PC. */
  engine: z.string(),
  /** Recognised system, such as `debian-12-i386`, or `unknown`. */
  system: z.string(),
  memoryMib: z.number().int().min(1).max(3072),
  /** Which processor the guest sees; Intel's x86-64-v2 if not said. */
  cpu: cpuSchema.exactOptional(),
  /** Memory of the host for compiled guest code, in MiB, about; the engine's choice if not said. */
  codeMemoryMib: z.number().int().min(1).max(1024).exactOptional(),
  bootOrder: z.array(z.enum(["cdrom", "disk", "floppy"])),
  drives: z.array(driveSchema),
});

export type MachineSettings = z.infer<typeof machineSettingsSchema>;
export type CpuSettings = z.infer<typeof cpuSchema>;
export type DriveSettings = z.infer<typeof driveSchema>;
