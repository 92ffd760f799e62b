import { createWriteStream, type WriteStream } from "node:fs";
import type { TwinboxError } from "../../core/base/errors.ts";
import { fileError } from "../platform/file-errors.ts";
import type { PcEngine } from "../vm-host/pc-engine.ts";

const CTRL_A = 0x01;

/** Takes what is typed; Ctrl-A is the escape key: Ctrl-A x quits, Ctrl-A Ctrl-A is Ctrl-A. */
export class EscapeFilter {
  #escaped = false;

  /** What of `typed` is for the guest, and whether the person wants to quit. */
  filter(typed: Uint8Array): { bytes: Uint8Array; quit: boolean } {
    const bytes: number[] = [];
    for (const byte of typed) {
      if (!this.#escaped && byte === CTRL_A) {
        this.#escaped = true;
        continue;
      }
      if (this.#escaped) {
        this.#escaped = false;
        if (byte === 0x78) return { bytes: Uint8Array.from(bytes), quit: true };
        if (byte !== CTRL_A) bytes.push(CTRL_A);
      }
      bytes.push(byte);
    }
    return { bytes: Uint8Array.from(bytes), quit: false };
  }
}

/** Joins COM1 to this process's standard input and output. The returned function lets go of the terminal. */
export function joinStdio(engine: PcEngine, onQuit: () => void): () => void {
  const { stdin, stdout } = process;
  const filter = new EscapeFilter();
  const onData = (typed: Uint8Array) => {
    const { bytes, quit } = stdin.isTTY ? filter.filter(typed) : { bytes: typed, quit: false };
    if (bytes.length > 0) engine.input({ type: "serial", port: 0, bytes: Uint8Array.from(bytes) });
    if (quit) onQuit();
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.on("error", () => {}); // A closed input is as good as a silent one.
  const stop = engine.serial.on(({ port, bytes }) => void (port === 0 && stdout.write(bytes)));
  return () => {
    stop();
    stdin.off("data", onData);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  };
}

/** Writes what COM1 sends to a file, made anew. Resolves with a function that finishes the file. */
export async function joinFile(
  engine: PcEngine,
  path: string,
  onError: (error: TwinboxError) => void,
): Promise<() => Promise<void>> {
  let file: WriteStream | undefined;
  await new Promise<void>((resolve, reject) => {
    file = createWriteStream(path);
    file.once("open", () => resolve());
    file.once("error", (error) => reject(fileError(error, "write", path)));
  });
  const stream = file as WriteStream;
  stream.on("error", (error) => onError(fileError(error, "write", path)));
  const stop = engine.serial.on(({ port, bytes }) => void (port === 0 && stream.write(bytes)));
  return () => {
    stop();
    return new Promise((resolve) => stream.end(() => resolve()));
  };
}
