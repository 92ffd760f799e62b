import { TwinboxError } from "../../base/errors.ts";
import type { ByteStore } from "../block-device.ts";

export type StoreOperation = "size" | "read" | "write" | "flush" | "close";

/** A store in memory whose operations can be made to fail. It grows by writes. */
export class MemoryStore implements ByteStore {
  readonly name: string;
  readonly readOnly: boolean;
  bytes: Uint8Array;
  /** Every operation asked for so far. */
  readonly operations: { operation: StoreOperation; offset: number; length: number }[] = [];
  /** Given an operation, the error it ends with, if any. */
  fault: (operation: StoreOperation, offset: number, length: number) => TwinboxError | undefined = () =>
    undefined;

  constructor(bytes: Uint8Array, options: { name?: string; readOnly?: boolean } = {}) {
    this.bytes = bytes;
    this.name = options.name ?? "test.img";
    this.readOnly = options.readOnly ?? false;
  }

  async size(): Promise<number> {
    this.#begin("size", 0, 0);
    return this.bytes.length;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    this.#begin("read", offset, into.length);
    if (offset + into.length > this.bytes.length) {
      throw new TwinboxError("truncated", `${this.name} ends before ${offset + into.length}.`);
    }
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  async write(offset: number, from: Uint8Array): Promise<void> {
    this.#begin("write", offset, from.length);
    if (this.readOnly) throw new TwinboxError("read-only", `${this.name} is read-only.`);
    const end = offset + from.length;
    if (end > this.bytes.length) {
      const grown = new Uint8Array(end);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes.set(from, offset);
  }

  async flush(): Promise<void> {
    this.#begin("flush", 0, 0);
  }

  async close(): Promise<void> {
    this.#begin("close", 0, 0);
  }

  #begin(operation: StoreOperation, offset: number, length: number): void {
    this.operations.push({ operation, offset, length });
    const error = this.fault(operation, offset, length);
    if (error) throw error;
  }
}
