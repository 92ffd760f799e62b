import { TwinboxError } from "../../core/base/errors.ts";
import type { MachineSummary, Medium } from "../contract/manager.ts";
import type { DriveSettings } from "../contract/settings.ts";
import { ForkStarter } from "../manager/fork-starter.ts";
import { Manager } from "../manager/manager.ts";
import { VM_HOST } from "../platform/paths.ts";
import type { LibraryOptions } from "./library-options.ts";
import type { RunOptions } from "./run-options.ts";

type Library = Manager<unknown>;

async function withLibrary<T>(home: string, action: (library: Library) => Promise<T>): Promise<T> {
  const library = await Manager.open(home, new ForkStarter(VM_HOST));
  try {
    return await action(library as Library);
  } finally {
    await library.close();
  }
}

async function findMachine(library: Library, name: string): Promise<MachineSummary> {
  const machine = (await library.listMachines()).find(
    ({ settings }) => settings.name === name || settings.id === name,
  );
  if (!machine)
    throw new TwinboxError("not-found", `There is no machine ${name}.`, { advice: "See twinbox list." });
  return machine;
}

/** One line a machine: its name, system, memory and images, and what is wrong with it. */
export function list({ home }: LibraryOptions): Promise<string> {
  return withLibrary(home, async (library) => {
    const media = new Map((await library.listMedia()).map(({ id, name }) => [id, name]));
    return (await library.listMachines())
      .map(({ settings, problem }) => {
        const images = settings.drives.map(
          ({ slot, medium }) => `${slot}=${media.get(medium ?? "") ?? "empty"}`,
        );
        const words = [
          settings.system,
          `${settings.memoryMib} MiB`,
          ...images,
          ...(problem ? [problem.message] : []),
        ];
        return `${settings.name}\t${words.join(", ")}\n`;
      })
      .join("");
  });
}

export function create({ home, names, memoryMib, cpu, disposable }: LibraryOptions): Promise<string> {
  const [name, ...images] = names;
  return withLibrary(home, async (library) => {
    const media: Medium[] = [];
    for (const image of images) media.push(await library.media.register(image));
    const machine = await library.createMachine({
      name,
      memoryMib: memoryMib ?? Math.max(16, ...media.map((medium) => medium.memoryMib)),
      ...(cpu && { cpu }),
      drives: placeDrives(media, disposable),
      bootOrder: ["cdrom", "disk", "floppy"],
      system: media.find(({ system }) => system !== "unknown")?.system ?? "unknown",
    });
    return `${machine.settings.name}\n`;
  });
}

/** Each image into the next free place of its kind; hdc is where a CD is looked for first. */
function placeDrives(media: Medium[], disposable: boolean): DriveSettings[] {
  const free = {
    floppy: ["fda", "fdb"],
    disk: ["hda", "hdb", "hdd", "hdc"],
    cdrom: ["hdc", "hdd", "hdb"],
  } as const;
  const used = new Set<string>();
  return media.map(({ id, kind, name, readOnly }) => {
    const slot = free[kind].find((candidate) => !used.has(candidate));
    if (!slot)
      throw new TwinboxError("invalid-argument", `There is no place left for ${name}.`, { subject: name });
    used.add(slot);
    const writes = disposable || (readOnly && kind === "disk") ? "disposable" : "read-write";
    return { slot, kind, medium: id, format: "raw", mode: kind === "cdrom" ? "read-only" : writes };
  });
}

export function remove({ home, names }: LibraryOptions): Promise<string> {
  return withLibrary(home, async (library) => {
    await library.removeMachine((await findMachine(library, names[0])).settings.id, false);
    return "";
  });
}

/** The options of `twinbox run` that run a machine of the library. */
export function runOptionsOf({ home, names }: LibraryOptions): Promise<RunOptions> {
  return withLibrary(home, async (library) => {
    const { settings } = await findMachine(library, names[0]);
    return {
      memoryMib: settings.memoryMib,
      ...(settings.cpu && { cpu: settings.cpu }),
      ...(settings.codeMemoryMib !== undefined && { codeMemoryMib: settings.codeMemoryMib }),
      bootOrder: settings.bootOrder,
      media: settings.drives.map((drive) => ({
        ...drive,
        path: drive.medium === null ? null : library.media.pathOf(drive.medium),
      })),
      append: "",
      serial: "stdio",
      stats: false,
      jit: "auto",
      deterministic: false,
    };
  });
}
