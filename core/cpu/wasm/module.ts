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
    const out = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const section = (id: number, content: number[]) => {
      out.push(id);
      pushUnsigned(out, content.length);
      for (const byte of content) out.push(byte);
    };
    const vector = (items: number[][]): number[] => {
      const code: number[] = [];
      pushUnsigned(code, items.length);
      for (const item of items) for (const byte of item) code.push(byte);
      return code;
    };
    const named = (module: string, name: string, rest: number[]): number[] => {
      const code: number[] = [];
      pushName(code, module);
      pushName(code, name);
      code.push(...rest);
      return code;
    };
    const number = (value: number): number[] => {
      const code: number[] = [];
      pushUnsigned(code, value);
      return code;
    };
    section(1, vector(this.#typeCode));
    section(
      2,
      vector([
        named("env", "memory", [0x02, 0x00, 0x00]),
        named("env", "cpu", [0x03, VALUE_TYPE.i32, 0x00]),
        named("env", "table", [0x01, 0x70, 0x00, 0x00]),
        ...this.#imports.map((one) => named(one.module, one.name, [0x00, ...number(one.type)])),
      ]),
    );
    section(3, vector(this.#functions.map((one) => number(one.type))));
    section(
      7,
      vector(
        this.#functions.map((one, index) => {
          const code: number[] = [];
          pushName(code, one.name);
          code.push(0x00, ...number(this.#imports.length + index));
          return code;
        }),
      ),
    );
    section(
      10,
      vector(
        this.#functions.map((one) => {
          const body = one.body.encode();
          return number(body.length).concat(body);
        }),
      ),
    );
    const names: number[] = [];
    pushName(names, "name");
    const labels = vector(
      this.#functions.map((one, index) => {
        const code = number(this.#imports.length + index);
        pushName(code, one.label);
        return code;
      }),
    );
    names.push(FUNCTION_NAMES, ...number(labels.length), ...labels);
    section(0, names);
    return new Uint8Array(out);
  }
}
