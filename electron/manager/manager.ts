import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { TwinboxError } from "../../core/base/errors.ts";
import { Emitter } from "../../core/base/events.ts";
import type { AttachedMedium } from "../contract/engine.ts";
import type {
  MachineSummary,
  ManagerEvent,
  ManagerService,
  Medium,
  NewMachine,
} from "../contract/manager.ts";
import { type DriveSettings, type MachineSettings, SETTINGS_VERSION } from "../contract/settings.ts";
import { fileError } from "../platform/file-errors.ts";
import { lockForWriting } from "../platform/write-lock.ts";
import { existsIn, freeName, safeFileName } from "./file-names.ts";
import { Machine } from "./machine.ts";
import { type LoadedMachine, listMachineFolders, MachineFolder } from "./machine-folder.ts";
import { MediaRegistry } from "./media-registry.ts";
import type { HostStarter } from "./starter.ts";

/** All machines and media of one home folder. `ConsoleEnd` is how the shell's windows are introduced to machines. */
export class Manager<ConsoleEnd> implements ManagerService {
  readonly events = new Emitter<ManagerEvent>();
  readonly media: MediaRegistry;
  /** Nothing had been kept in this home before. */
  readonly isNew: boolean;
  readonly #machinesFolder: string;
  readonly #starter: HostStarter<ConsoleEnd>;
  readonly #machines = new Map<string, Machine<ConsoleEnd>>();
  readonly #unlock: () => void;
  #creating: Promise<unknown> = Promise.resolve();

  private constructor(
    machinesFolder: string,
    isNew: boolean,
    media: MediaRegistry,
    starter: HostStarter<ConsoleEnd>,
    unlock: () => void,
  ) {
    this.#machinesFolder = machinesFolder;
    this.isNew = isNew;
    this.media = media;
    this.#starter = starter;
    this.#unlock = unlock;
    media.events.on((event) => this.events.emit(event));
  }

  /**
   * Takes charge of a home folder, made if need be. One manager at a time may.
   *
   * @throws TwinboxError busy, permission, disk-full, io.
   */
  static async open<ConsoleEnd>(
    home: string,
    starter: HostStarter<ConsoleEnd>,
  ): Promise<Manager<ConsoleEnd>> {
    const machinesFolder = join(home, "machines");
    const isNew = !existsSync(machinesFolder);
    let unlock: () => void;
    try {
      await mkdir(machinesFolder, { recursive: true });
      unlock = lockForWriting(await stat(home, { bigint: true }), home);
    } catch (error) {
      if (error instanceof TwinboxError && error.kind === "busy")
        throw new TwinboxError("busy", "Another Twinbox is using these machines.", {
          subject: home,
          advice: "Use its window, end it first, or give another folder with --home.",
        });
      throw fileError(error, "use the folder", home);
    }
    try {
      const media = await MediaRegistry.open(home);
      const manager = new Manager(machinesFolder, isNew, media, starter, unlock);
      for (const folder of await listMachineFolders(machinesFolder))
        manager.#adopt(folder, await folder.load());
      return manager;
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** Is any machine on? */
  get hasRunning(): boolean {
    return [...this.#machines.values()].some((machine) => !machine.isOff);
  }

  /** Powers everything off and lets go of the home folder. */
  async close(): Promise<void> {
    await Promise.allSettled(
      [...this.#machines.values()].map((machine) => (machine.isOff ? null : machine.powerOff())),
    );
    this.#unlock();
  }

  async listMachines(): Promise<MachineSummary[]> {
    return [...this.#machines.values()].map((machine) => machine.summary());
  }

  async listMedia(): Promise<Medium[]> {
    return this.media.list();
  }

  createMachine(wanted: NewMachine): Promise<MachineSummary> {
    // One after the other, as each takes a name that is free.
    const result = this.#creating.then(() => this.#create(wanted));
    this.#creating = result.catch(() => {});
    return result;
  }

  async #create(wanted: NewMachine): Promise<MachineSummary> {
    checkDrives(wanted.drives);
    for (const { medium } of wanted.drives) if (medium !== null) this.media.pathOf(medium);
    const name = await this.#freeName(wanted.name);
    const settings: MachineSettings = {
      version: SETTINGS_VERSION,
      id: randomBytes(8).toString("hex"),
      engine: "pc",
      ...wanted,
      name,
    };
    const folder = await MachineFolder.create(join(this.#machinesFolder, safeFileName(name)), settings);
    const machine = this.#adopt(folder, { settings, problem: null });
    machine.changed.emit();
    return machine.summary();
  }

  async updateMachine(settings: MachineSettings): Promise<MachineSummary> {
    checkDrives(settings.drives);
    const machine = this.#machine(settings.id);
    const name =
      settings.name === machine.settings.name
        ? settings.name
        : await this.#freeName(settings.name, machine.folder.name);
    await machine.update({ ...settings, name });
    if (safeFileName(name) !== machine.folder.name)
      await machine.whenOff("renamed", () => machine.folder.rename(safeFileName(name)));
    return machine.summary();
  }

  async removeMachine(id: string, deleteMedia: boolean): Promise<void> {
    const machine = this.#machine(id);
    await machine.whenOff("removed", async () => {
      await machine.folder.remove();
      this.#machines.delete(id);
    });
    this.events.emit({ type: "machine-removed", id });
    if (!deleteMedia) return;
    for (const { medium } of machine.settings.drives)
      if (medium !== null && !this.#isUsed(medium)) await this.media.remove(medium);
  }

  start(id: string): Promise<void> {
    return this.#command(id, (machine) => machine.start());
  }

  pause(id: string): Promise<void> {
    return this.#command(id, (machine) => machine.pause());
  }

  resume(id: string): Promise<void> {
    return this.#command(id, (machine) => machine.resume());
  }

  reset(id: string): Promise<void> {
    return this.#command(id, (machine) => machine.reset());
  }

  shutdown(id: string): Promise<void> {
    return this.#command(id, (machine) => machine.shutdown());
  }

  powerOff(id: string): Promise<void> {
    return this.#command(id, (machine) => machine.powerOff());
  }

  async changeMedium(id: string, slot: DriveSettings["slot"], medium: string | null): Promise<void> {
    const machine = this.#machine(id);
    const { settings } = machine;
    const drive = settings.drives.find((one) => one.slot === slot);
    if (!drive || drive.kind === "disk")
      throw new TwinboxError("invalid-argument", `${settings.name} has no removable drive at ${slot}.`);
    const changed = { ...drive, medium };
    const drives = settings.drives.map((one) => (one === drive ? changed : one));
    await machine.changeMedium({ ...settings, drives }, changed);
  }

  async serialHistory(id: string): Promise<Uint8Array> {
    return this.#machine(id).serialHistory();
  }

  async screenshot(id: string): Promise<Uint8Array> {
    return this.#machine(id).screenshot();
  }

  /** @throws TwinboxError not-found; invalid-state when the machine is off. */
  connectConsole(id: string, end: ConsoleEnd): void {
    this.#machine(id).connectConsole(end);
  }

  async #command(id: string, command: (machine: Machine<ConsoleEnd>) => Promise<void>): Promise<void> {
    await command(this.#machine(id));
  }

  #adopt(folder: MachineFolder, loaded: LoadedMachine): Machine<ConsoleEnd> {
    const settings = loaded.settings ?? placeholder(folder.name);
    // A folder copied by hand brings a second machine of the same identifier.
    const id = this.#machines.has(settings.id) ? randomBytes(8).toString("hex") : settings.id;
    const machine = new Machine<ConsoleEnd>(
      folder,
      { settings: { ...settings, id }, problem: loaded.problem, damaged: loaded.settings === null },
      { starter: this.#starter, resolve: (drive) => this.#resolve(drive) },
    );
    this.#machines.set(id, machine);
    machine.changed.on(() => {
      if (this.#machines.has(id)) this.events.emit({ type: "machine", machine: machine.summary() });
    });
    return machine;
  }

  #resolve({ slot, kind, medium, format, mode }: DriveSettings): AttachedMedium {
    return { slot, kind, path: medium === null ? null : this.media.pathOf(medium), format, mode };
  }

  #isUsed(medium: string): boolean {
    return [...this.#machines.values()].some(({ settings }) =>
      settings.drives.some((drive) => drive.medium === medium),
    );
  }

  /** A name whose folder does not exist, or is `own`. */
  #freeName(name: string, own?: string): Promise<string> {
    const exists = existsIn(this.#machinesFolder);
    return freeName(name, async (candidate) => {
      const folder = safeFileName(candidate);
      return folder !== own && (await exists(folder));
    });
  }

  #machine(id: string): Machine<ConsoleEnd> {
    const machine = this.#machines.get(id);
    if (!machine) throw new TwinboxError("not-found", "There is no such machine any more.");
    return machine;
  }
}

/** Stands for settings that cannot be read; the same at every start. */
function placeholder(name: string): MachineSettings {
  return {
    version: SETTINGS_VERSION,
    id: createHash("sha256").update(name).digest("hex").slice(0, 16),
    name,
    engine: "pc",
    system: "unknown",
    memoryMib: 1,
    bootOrder: [],
    drives: [],
  };
}

function checkDrives(drives: DriveSettings[]): void {
  const slots = drives.map(({ slot }) => slot);
  if (new Set(slots).size < slots.length)
    throw new TwinboxError("invalid-argument", "Two drives are in the same place.");
  for (const { slot, kind } of drives)
    if (slot.startsWith("fd") !== (kind === "floppy"))
      throw new TwinboxError("invalid-argument", `A ${kind} does not go into ${slot}.`);
}
