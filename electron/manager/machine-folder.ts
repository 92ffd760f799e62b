import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { TwinboxError } from "../../core/base/errors.ts";
import type { ProblemReport } from "../contract/manager.ts";
import { problem } from "../contract/problem.ts";
import { type MachineSettings, machineSettingsSchema, SETTINGS_VERSION } from "../contract/settings.ts";
import { backupOf, writeAtomically } from "../platform/atomic-file.ts";
import { fileError } from "../platform/file-errors.ts";

/** What was found in a machine's folder. */
export interface LoadedMachine {
  /** Null where neither the settings nor their backup could be read. */
  settings: MachineSettings | null;
  /** What a person should know of it. */
  problem: ProblemReport | null;
}

/** A machine on disk: `<name>/<name>.json`, `Logs/`, `Snapshots/`. */
export class MachineFolder {
  #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get path(): string {
    return this.#path;
  }

  get name(): string {
    return basename(this.#path);
  }

  get logs(): string {
    return join(this.#path, "Logs");
  }

  get #settingsFile(): string {
    return join(this.#path, `${this.name}.json`);
  }

  /** Makes a folder that did not exist, with these settings in it. */
  static async create(path: string, settings: MachineSettings): Promise<MachineFolder> {
    const folder = new MachineFolder(path);
    try {
      await mkdir(path);
      await mkdir(folder.logs);
      await mkdir(join(path, "Snapshots"));
    } catch (error) {
      throw fileError(error, "create the machine", settings.name);
    }
    await folder.save(settings);
    return folder;
  }

  /** Never rejects: what cannot be read is told in words. A damaged file is put aside, its backup restored. */
  async load(): Promise<LoadedMachine> {
    await this.#finishRename();
    const file = this.#settingsFile;
    const current = await readSettings(file);
    if (typeof current !== "string") return { settings: current, problem: null };
    const backup = await readSettings(backupOf(file));
    if (typeof backup === "string")
      return {
        settings: null,
        problem: problem(
          "corrupt",
          `The settings of ${this.name} cannot be read: ${current}.`,
          "Repair the file in the machine's folder, or remove the machine.",
          this.name,
        ),
      };
    await rename(file, `${file}.damaged`).catch(() => {}); // It may be missing altogether.
    await this.save(backup);
    return {
      settings: backup,
      problem: problem(
        "corrupt",
        `The settings of ${this.name} were damaged (${current}); those from before their last change are in use.`,
        "Check them before the next start.",
        this.name,
      ),
    };
  }

  /** @throws TwinboxError disk-full, permission, io; the old settings are then still there. */
  async save(settings: MachineSettings): Promise<void> {
    try {
      await writeAtomically(this.#settingsFile, `${JSON.stringify(settings, null, 2)}\n`);
    } catch (error) {
      throw fileError(error, "save the settings of", settings.name);
    }
  }

  /** The settings file first, then the folder: {@link load} knows how to go on where this was cut short. */
  async rename(name: string): Promise<void> {
    const path = join(this.#path, "..", name);
    try {
      await rename(this.#settingsFile, join(this.#path, `${name}.json`));
      await rename(this.#path, path);
    } catch (error) {
      throw fileError(error, "rename", this.name);
    }
    this.#path = path;
  }

  async remove(): Promise<void> {
    try {
      await rm(this.#path, { recursive: true });
    } catch (error) {
      throw fileError(error, "remove", this.name);
    }
  }

  /** A folder whose only settings carry another name was being renamed to that. */
  async #finishRename(): Promise<void> {
    const files = await readdir(this.#path).catch(() => []);
    const settings = files.filter((name) => name.endsWith(".json"));
    if (settings.length !== 1 || settings[0] === `${this.name}.json`) return;
    await rename(join(this.#path, settings[0]), this.#settingsFile).catch(() => {});
  }
}

/** The settings, or in words why there are none. */
async function readSettings(file: string): Promise<MachineSettings | string> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) return "it is no JSON";
    return code === "ENOENT" ? "the file is missing" : fileError(error, "read", basename(file)).message;
  }
  const version = z.object({ version: z.number() }).safeParse(json);
  if (version.success && version.data.version > SETTINGS_VERSION) return "it was written by a newer Twinbox";
  const settings = machineSettingsSchema.safeParse(json);
  return settings.success ? settings.data : `${settings.error.issues[0].path.join(".")} is wrong in it`;
}

/** The folders of all machines, by name. */
export async function listMachineFolders(parent: string): Promise<MachineFolder[]> {
  try {
    const entries = await readdir(parent, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map((entry) => new MachineFolder(join(parent, entry.name)))
      .sort((a, b) => a.name.localeCompare(b.name));
  } catch (error) {
    throw new TwinboxError("io", "The machines' folder cannot be read.", { cause: error });
  }
}
