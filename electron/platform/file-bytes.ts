import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { TwinboxError } from "../../core/base/errors.ts";
import type { HostBytes } from "../../core/pc-options.ts";
import { fileError } from "./file-errors.ts";

/** A file that stays open and is read where it is asked for, so that no more of it is in memory than that. */
export class FileBytes implements HostBytes {
  /** When it was opened. */
  readonly length: number;
  readonly #path: string;
  readonly #doing: string;
  readonly #descriptor: number;
  /** One for all that is asked for: the host's allocator does not give back what was freed of so many large ones. */
  #buffer = new Uint8Array(0);

  /**
   * `doing`: a verb phrase for errors, see {@link fileError}.
   *
   * @throws TwinboxError when it cannot be opened, or is no regular file.
   */
  constructor(path: string, doing: string) {
    this.#path = path;
    this.#doing = doing;
    try {
      this.#descriptor = openSync(path, "r");
    } catch (error) {
      throw fileError(error, doing, path);
    }
    const stats = fstatSync(this.#descriptor);
    this.length = stats.size;
    if (stats.isFile()) return;
    this.close();
    throw new TwinboxError("invalid-argument", `Cannot ${doing} ${path}: it is not a file.`, {
      subject: path,
      advice: "Give a regular file.",
    });
  }

  /** @throws TwinboxError when it cannot be read, or has become shorter. */
  subarray(begin: number, end: number): Uint8Array {
    const length = Math.max(0, Math.min(end, this.length) - begin);
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const bytes = this.#buffer.subarray(0, length);
    for (let have = 0; have < bytes.length; ) {
      const read = this.#read(bytes, have, begin + have);
      if (read === 0) {
        throw new TwinboxError("truncated", `Cannot ${this.#doing} ${this.#path}: it has become shorter.`, {
          subject: this.#path,
          advice: "Start the machine again.",
        });
      }
      have += read;
    }
    return bytes;
  }

  #read(bytes: Uint8Array, at: number, position: number): number {
    try {
      return readSync(this.#descriptor, bytes, at, bytes.length - at, position);
    } catch (error) {
      throw fileError(error, this.#doing, this.#path);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
