// Assembles a module: imports, functions, exports. [WASM] 5.5.

import { pushName, pushUnsigned, VALUE_TYPE, type ValueType } from "./encoding.ts";
import type { Callee, FunctionBody } from "./function-body.ts";

export interface Signature {
  parameters: readonly ValueType[];
  result?: ValueType | undefined;
}

/** Subsection of the name section. */
const FUNCTION_NAMES = 1;

interface Imported {
  module: string;
  name: string;
  type: number;
}

/**
 * A module that imports `env.memory`, `env.cpu` (the processor's base, an immutable i32 global, index 0) and
 * `env.table`, and the functions that its bodies use. Functions of its own are only called through the table or
 * from outside, so that imports may be added until the end.
 */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #typeCode: number[][] = [];
  readonly #imports: Imported[] = [];
  readonly #callees = new Map<string, Callee>();
  readonly #functions: { type: number; body: FunctionBody; name: string; label: string }[] = [];

  type(signature: Signature): number {
    const key = `${signature.parameters.join()}:${signature.result ?? ""}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    const code = [0x60];
    pushUnsigned(code, signature.parameters.length);
    for (const parameter of signature.parameters) code.push(VALUE_TYPE[parameter]);
    if (signature.result) code.push(1, VALUE_TYPE[signature.result]);
    else code.push(0);
    this.#typeCode.push(code);
    return this.#types.push(key) - 1;
  }

  /** The function `module.name`, imported once however often it is asked for. */
  import(module: string, name: string, signature: Signature): Callee {
    const key = `${module}.${name}`;
    let callee = this.#callees.get(key);
    if (!callee) {
      callee = { index: this.#imports.length, result: signature.result };
      this.#imports.push({ module, name, type: this.type(signature) });
      this.#callees.set(key, callee);
    }
    return callee;
  }

  /** Names of the functions imported from a module. */
  imported(module: string): string[] {
    return this.#imports.filter((one) => one.module === module).map((one) => one.name);
  }

  /** Adds a function, exported under `name`; profilers show it as `label`, of ASCII characters. */
  add(name: string, signature: Signature, body: FunctionBody, label = name): void {
    this.#functions.push({ type: this.type(signature), body, name, label });
  }

  encode(): Uint8Array<ArrayBuffer> {
    const parts: (readonly number[] | Uint8Array)[] = [[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    const section = (
      id: number,
      items: readonly (readonly number[] | Uint8Array)[],
      before = number(items.length),
    ) => {
      const length = items.reduce((sum, item) => sum + item.length, before.length);
      parts.push([id, ...number(length), ...before], ...items);
    };
    section(1, this.#typeCode);
    section(2, [
      named("env", "memory", [0x02, 0x00, 0x00]),
      named("env", "cpu", [0x03, VALUE_TYPE.i32, 0x00]),
      named("env", "table", [0x01, 0x70, 0x00, 0x00]),
      ...this.#imports.map((one) => named(one.module, one.name, [0x00, ...number(one.type)])),
    ]);
    section(
      3,
      this.#functions.map((one) => number(one.type)),
    );
    section(
      7,
      this.#functions.map((one, index) => {
        const code: number[] = [];
        pushName(code, one.name);
        code.push(0x00, ...number(this.#imports.length + index));
        return code;
      }),
    );
    section(
      10,
      this.#functions.map((one) => one.body.encode()),
    );
    const labels = this.#functions.map((one, index) => {
      const code = number(this.#imports.length + index);
      pushName(code, one.label);
      return code;
    });
    const count = number(labels.length);
    const size = labels.reduce((sum, label) => sum + label.length, count.length);
    const name: number[] = [];
    pushName(name, "name");
    section(0, [[...name, FUNCTION_NAMES, ...number(size), ...count], ...labels], []);
    return joined(parts);
  }
}

const number = (value: number): number[] => {
  const code: number[] = [];
  pushUnsigned(code, value);
  return code;
};

const named = (module: string, name: string, rest: readonly number[]): number[] => {
  const code: number[] = [];
  pushName(code, module);
  pushName(code, name);
  code.push(...rest);
  return code;
};

function joined(parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
