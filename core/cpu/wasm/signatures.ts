// Reads the signatures of a module's exported functions from its bytes. [WASM] 5.5.

import { VALUE_TYPE, type ValueType } from "./encoding.ts";
import type { Signature } from "./module.ts";

const TYPE_SECTION = 1;
const IMPORT_SECTION = 2;
const FUNCTION_SECTION = 3;
const EXPORT_SECTION = 7;

const NAMES = new Map(Object.entries(VALUE_TYPE).map(([name, code]) => [code, name as ValueType]));

class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  name(): string {
    const length = this.unsigned();
    const text = String.fromCharCode(...this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  limits(): void {
    const flags = this.byte();
    this.unsigned();
    if (flags & 1) this.unsigned();
  }

  types(): ValueType[] {
    return Array.from({ length: this.unsigned() }, () => NAMES.get(this.byte())!);
  }
}

/** Signature of each exported function, by name. The module must be valid. */
export function exportedSignatures(module: Uint8Array): Map<string, Signature> {
  const types: Signature[] = [];
  const functions: Signature[] = [];
  const exported = new Map<string, Signature>();
  const sections = new Reader(module, 8);
  while (sections.at < module.length) {
    const id = sections.byte();
    const length = sections.unsigned();
    const reader = new Reader(module, sections.at);
    sections.at += length;
    if (id === TYPE_SECTION) {
      for (let count = reader.unsigned(); count > 0; count--) {
        reader.byte();
        types.push({ parameters: reader.types(), result: reader.types()[0] });
      }
    } else if (id === IMPORT_SECTION) {
      for (let count = reader.unsigned(); count > 0; count--) {
        reader.name();
        reader.name();
        const kind = reader.byte();
        if (kind === 0) functions.push(types[reader.unsigned()]!);
        else if (kind === 1) {
          reader.byte();
          reader.limits();
        } else if (kind === 2) reader.limits();
        else reader.at += 2;
      }
    } else if (id === FUNCTION_SECTION) {
      for (let count = reader.unsigned(); count > 0; count--) functions.push(types[reader.unsigned()]!);
    } else if (id === EXPORT_SECTION) {
      for (let count = reader.unsigned(); count > 0; count--) {
        const name = reader.name();
        const kind = reader.byte();
        const index = reader.unsigned();
        if (kind === 0) exported.set(name, functions[index]!);
      }
    }
  }
  return exported;
}
