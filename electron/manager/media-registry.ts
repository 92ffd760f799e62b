import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, join, parse, resolve } from "node:path";
import { z } from "zod";
import { TwinboxError } from "../../core/base/errors.ts";
import { Emitter } from "../../core/base/events.ts";
import type { ManagerEvent, Medium } from "../contract/manager.ts";
import { mediumSchema } from "../contract/manager-schema.ts";
import { backupOf, writeAtomically } from "../platform/atomic-file.ts";
import { fileError } from "../platform/file-errors.ts";
import { existsIn, freeName, safeFileName } from "./file-names.ts";
import { inspectImage } from "./inspect-image.ts";

/** A registered image: what a page may know of it, and where it is. */
const entrySchema = z.object({
  medium: mediumSchema,
  /** Uploaded into the media folder, by file name there; or somewhere on the host, by full path. */
  place: z.discriminatedUnion("type", [
    z.object({ type: z.literal("uploaded"), file: z.string() }),
    z.object({ type: z.literal("host"), path: z.string() }),
  ]),
});
const registrySchema = z.object({ version: z.literal(1), media: z.array(entrySchema) });
type Entry = z.infer<typeof entrySchema>;

/** Uploads that are not finished end so; they are removed at the next start. */
const UNFINISHED = ".part";
/** Bytes that an upload must leave on the host's disk. */
const RESERVE = 64 << 20;

/** Bytes that this user may still write to the disk that holds a folder. */
export type FreeSpace = (folder: string) => Promise<number>;

const hostFreeSpace: FreeSpace = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/** Every image that machines may use. Outside this class an image is an opaque identifier. */
export class MediaRegistry {
  readonly events = new Emitter<ManagerEvent>();
  readonly #folder: string;
  readonly #file: string;
  readonly #entries = new Map<string, Entry>();
  #saving: Promise<void> = Promise.resolve();

  readonly #freeSpace: FreeSpace;

  private constructor(home: string, freeSpace: FreeSpace) {
    this.#freeSpace = freeSpace;
    this.#folder = join(home, "media");
    this.#file = join(home, "media.json");
  }

  /** @throws TwinboxError when the home cannot be used. A damaged registry is made anew from the media folder. */
  static async open(home: string, freeSpace: FreeSpace = hostFreeSpace): Promise<MediaRegistry> {
    const registry = new MediaRegistry(home, freeSpace);
    try {
      await mkdir(registry.#folder, { recursive: true });
    } catch (error) {
      throw fileError(error, "make the media folder in", basename(home));
    }
    for (const entry of (await readRegistry(registry.#file)) ??
      (await readRegistry(backupOf(registry.#file))) ??
      [])
      registry.#entries.set(entry.medium.id, entry);
    await registry.#tidyFolder();
    return registry;
  }

  list(): Medium[] {
    return [...this.#entries.values()].map(({ medium }) => medium);
  }

  get(id: string): Medium | undefined {
    return this.#entries.get(id)?.medium;
  }

  /** Where an image is on this host. @throws TwinboxError not-found. */
  pathOf(id: string): string {
    const entry = this.#entries.get(id);
    if (!entry)
      throw new TwinboxError("not-found", "The image of one of the drives is no longer known.", {
        advice: "Choose another image for that drive.",
      });
    return this.#path(entry);
  }

  /** Makes an image of the host known, where it is. The same file is registered once. */
  async register(path: string): Promise<Medium> {
    const place = { type: "host", path: resolve(path) } as const;
    const known = [...this.#entries.values()].find(
      (entry) => entry.place.type === "host" && entry.place.path === place.path,
    );
    return this.#add({
      medium: {
        id: known?.medium.id ?? randomUUID(),
        name: basename(path),
        ...(await inspectImage(path, basename(path))),
      },
      place,
    });
  }

  /**
   * Takes an image in, into a temporary file that gets its name once it is whole and recognised. On any error, and
   * when `source` ends early by an error of its own, nothing stays.
   *
   * @param size Bytes announced; what is more or less is refused.
   * @throws TwinboxError disk-full, truncated, unsupported-format, io.
   */
  async receive(name: string, source: AsyncIterable<Uint8Array>, size: number): Promise<Medium> {
    const wanted = safeFileName(basename(name));
    await this.#checkSpace(wanted, size);
    const temporary = join(this.#folder, `.${randomUUID()}${UNFINISHED}`);
    try {
      await this.#fill(temporary, wanted, source, size);
      const inspected = await inspectImage(temporary, wanted);
      const { name: stem, ext } = parse(wanted);
      const file = await freeName(stem, existsIn(this.#folder), ext);
      await rename(temporary, join(this.#folder, file));
      return await this.#add({
        medium: { id: randomUUID(), name: file, ...inspected },
        place: { type: "uploaded", file },
      });
    } catch (error) {
      await rm(temporary, { force: true });
      throw fileError(error, "take in", wanted);
    }
  }

  /** Forgets an image; one in the media folder is deleted, one elsewhere on the host is left alone. */
  async remove(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (entry.place.type === "uploaded") await rm(this.#path(entry), { force: true });
    this.#entries.delete(id);
    await this.#save();
    this.events.emit({ type: "medium-removed", id });
  }

  #path(entry: Entry): string {
    return entry.place.type === "host" ? entry.place.path : join(this.#folder, basename(entry.place.file));
  }

  async #add(entry: Entry): Promise<Medium> {
    this.#entries.set(entry.medium.id, entry);
    await this.#save();
    this.events.emit({ type: "medium", medium: entry.medium });
    return entry.medium;
  }

  #save(): Promise<void> {
    const result = this.#saving.then(async () => {
      const registry = { version: 1, media: [...this.#entries.values()] };
      try {
        await writeAtomically(this.#file, `${JSON.stringify(registry, null, 2)}\n`);
      } catch (error) {
        throw fileError(error, "save", "the list of media");
      }
    });
    this.#saving = result.catch(() => {});
    return result;
  }

  async #checkSpace(name: string, size: number): Promise<void> {
    const free = await this.#freeSpace(this.#folder);
    if (size + RESERVE <= free) return;
    const missing = Math.ceil((size + RESERVE - free) / (1 << 20));
    throw new TwinboxError(
      "disk-full",
      `The host's disk has no room for ${name}: ${missing} MiB more are needed.`,
      {
        subject: name,
        advice: "Free some space on the host's disk, then try again.",
      },
    );
  }

  async #fill(path: string, name: string, source: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    const file = await open(path, "wx", 0o600);
    try {
      let received = 0;
      for await (const chunk of source) {
        received += chunk.length;
        if (received > size) break;
        await file.writeFile(chunk);
      }
      if (received !== size)
        throw new TwinboxError("truncated", `${name} did not arrive whole.`, {
          subject: name,
          advice: "Add it again.",
        });
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Removes what uploads have left behind, and takes in what somebody has put into the folder. */
  async #tidyFolder(): Promise<void> {
    const known = new Set(
      [...this.#entries.values()].map(({ place }) => place.type === "uploaded" && place.file),
    );
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (name.endsWith(UNFINISHED)) await rm(path, { force: true });
      else if (!name.startsWith(".") && !known.has(name) && (await stat(path)).isFile())
        await this.#adopt(path, name);
    }
  }

  async #adopt(path: string, file: string): Promise<void> {
    try {
      const inspected = await inspectImage(path, file);
      await this.#add({
        medium: { id: randomUUID(), name: file, ...inspected },
        place: { type: "uploaded", file },
      });
    } catch (error) {
      if (!(error instanceof TwinboxError)) throw error; // Else it is no image: it may lie there.
    }
  }
}

async function readRegistry(file: string): Promise<Entry[] | null> {
  try {
    return registrySchema.parse(JSON.parse(await readFile(file, "utf8"))).media;
  } catch {
    return null;
  }
}
