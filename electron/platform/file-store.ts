import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { TwinboxError } from "../../core/base/errors.ts";
import type { ByteStore } from "../../core/disk/block-device.ts";
import { fileError } from "./file-errors.ts";
import { lockForWriting } from "./write-lock.ts";

export interface FileStoreOptions {
  readOnly: boolean;
  /** For messages; the file's own name where none is given. */
  name?: string;
}

/**
 * A file of the host as a store of bytes, written through: nothing is held back here, so that a crash of this
 * process loses nothing that a guest was told is written.
 */
export class FileStore implements ByteStore {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #file: FileHandle;
  readonly #unlock: () => void;

  private constructor(file: FileHandle, name: string, readOnly: boolean, unlock: () => void) {
    this.#file = file;
    this.name = name;
    this.readOnly = readOnly;
    this.#unlock = unlock;
  }

  /**
   * Opens an existing regular file. To write, the file must carry a write permission bit even where the user (root)
   * could do without, and no other machine may be writing it.
   *
   * @throws TwinboxError not-found, permission, invalid-argument (not a regular file), busy, io.
   */
  static async open(path: string, options: FileStoreOptions): Promise<FileStore> {
    const name = options.name ?? basename(path);
    const { readOnly } = options;
    let file: FileHandle | undefined;
    try {
      // Not blocking: a FIFO in place of an image must not hold the machine up.
      file = await open(path, (readOnly ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
      const stat = await file.stat({ bigint: true });
      if (!stat.isFile())
        throw new TwinboxError("invalid-argument", `Cannot open ${name}: it is not a regular file.`, {
          subject: name,
          advice: "Choose an image file.",
        });
      if (!readOnly && (stat.mode & 0o222n) === 0n)
        throw new TwinboxError("permission", `Cannot write ${name}: the file is marked read-only.`, {
          subject: name,
          advice: "Attach it read-only or disposable, or use a copy of it.",
        });
      return new FileStore(file, name, readOnly, readOnly ? () => {} : lockForWriting(stat, name));
    } catch (error) {
      await file?.close();
      throw fileError(error, readOnly ? "open" : "open for writing", name);
    }
  }

  async size(): Promise<number> {
    return (await this.#guard("read the size of", () => this.#file.stat())).size;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    await this.#guard("read", async () => {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await this.#file.read(into, done, into.length - done, offset + done);
        if (bytesRead === 0)
          throw new TwinboxError(
            "truncated",
            `${this.name} ends at byte ${offset + done}, within what was to be read.`,
            { subject: this.name, advice: "The file has been cut short: restore it from a copy." },
          );
        done += bytesRead;
      }
    });
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    if (this.readOnly)
      throw new TwinboxError("read-only", `${this.name} was opened read-only.`, { subject: this.name });
    await this.#guard("write", async () => {
      let done = 0;
      while (done < from.length) {
        const { bytesWritten } = await this.#file.write(from, done, from.length - done, offset + done);
        done += bytesWritten;
      }
    });
  }

  async flush(): Promise<void> {
    if (this.readOnly) return;
    await this.#guard("write", async () => {
      await this.#file.datasync();
      if ((await this.#file.stat()).nlink === 0)
        throw new TwinboxError("not-found", `${this.name} was deleted while its machine was using it.`, {
          subject: this.name,
          advice: "What the guest writes now is lost when the machine stops: copy its data elsewhere first.",
        });
    });
  }

  async close(): Promise<void> {
    this.#unlock();
    await this.#guard("close", () => this.#file.close());
  }

  async #guard<T>(doing: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw fileError(error, doing, this.name);
    }
  }
}
