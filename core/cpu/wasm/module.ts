// Assembles a module: imports, functions, exports. [WASM] 5.5.

import { Code, VALUE_TYPE, type ValueType } from "./encoding.ts";
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
 * A module that imports `env.memory` and `env.table`, and the functions that its bodies use. Functions of its own are only
 * called through the table or from outside, so that imports may be added until the end.
 */
export class ModuleBuilder {
  readonly #types = new Map<string, number>();
  readonly #typeCode = new Code();
  readonly #imports: Imported[] = [];
  /** Imported functions by module and name. */
  readonly #callees = new Map<string, Map<string, Callee>>();
  readonly #functions: { type: number; body: FunctionBody; name: string; label: string }[] = [];

  type(signature: Signature): number {
    const key = `${signature.parameters.join()}:${signature.result ?? ""}`;
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    const code = this.#typeCode;
    code.byte(0x60);
    code.unsigned(signature.parameters.length);
    for (const parameter of signature.parameters) code.byte(VALUE_TYPE[parameter]);
    code.unsigned(signature.result ? 1 : 0);
    if (signature.result) code.byte(VALUE_TYPE[signature.result]);
    const index = this.#types.size;
    this.#types.set(key, index);
    return index;
  }

  /** The function `module.name`, imported once however often it is asked for. */
  import(module: string, name: string, signature: Signature): Callee {
    let callees = this.#callees.get(module);
    if (!callees) {
      callees = new Map();
      this.#callees.set(module, callees);
    }
    let callee = callees.get(name);
    if (!callee) {
      callee = { index: this.#imports.length, result: signature.result };
      this.#imports.push({ module, name, type: this.type(signature) });
      callees.set(name, callee);
    }
    return callee;
  }

  /** Names of the functions imported from a module. */
  imported(module: string): string[] {
    return [...(this.#callees.get(module)?.keys() ?? [])];
  }

  /** Functions added so far. */
  get size(): number {
    return this.#functions.length;
  }

  /** Adds a function, exported under `name`; profilers show it as `label`, of ASCII characters. */
  add(name: string, signature: Signature, body: FunctionBody, label = name): void {
    this.#functions.push({ type: this.type(signature), body, name, label });
  }

  encode(): Uint8Array<ArrayBuffer> {
    const all = new Code();
    const section = (id: number, write: (out: Code) => void): void => {
      all.byte(id);
      sized(all, write);
    };
    all.append([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(1, (out) => {
      out.unsigned(this.#types.size);
      out.appendCode(this.#typeCode);
    });
    section(2, (out) => {
      out.unsigned(this.#imports.length + 2);
      named(out, "env", "memory", [0x02, 0x00, 0x00]);
      named(out, "env", "table", [0x01, 0x70, 0x00, 0x00]);
      for (const one of this.#imports) {
        named(out, one.module, one.name, [0x00]);
        out.unsigned(one.type);
      }
    });
    section(3, (out) => {
      out.unsigned(this.#functions.length);
      for (const one of this.#functions) out.unsigned(one.type);
    });
    section(7, (out) => {
      out.unsigned(this.#functions.length);
      this.#functions.forEach((one, index) => {
        out.name(one.name);
        out.byte(0x00);
        out.unsigned(this.#imports.length + index);
      });
    });
    const hinted = this.#functions.filter(({ body }) => body.hinted);
    if (hinted.length > 0) {
      section(0, (out) => {
        out.name("metadata.code.branch_hint");
        out.unsigned(hinted.length);
        this.#functions.forEach(({ body }, index) => {
          if (!body.hinted) return;
          out.unsigned(this.#imports.length + index);
          body.encodeHintsTo(out);
        });
      });
    }
    section(10, (out) => {
      out.unsigned(this.#functions.length);
      for (const one of this.#functions) one.body.encodeTo(out);
    });
    section(0, (out) => {
      out.name("name");
      out.byte(FUNCTION_NAMES);
      sized(out, (names) => {
        names.unsigned(this.#functions.length);
        this.#functions.forEach((one, index) => {
          names.unsigned(this.#imports.length + index);
          names.name(one.label);
        });
      });
    });
    return all.bytes.slice();
  }
}

/** Appends what is written, with its length before it. */
function sized(out: Code, write: (out: Code) => void): void {
  const content = new Code();
  write(content);
  out.unsigned(content.length);
  out.appendCode(content);
}

function named(out: Code, module: string, name: string, rest: readonly number[]): void {
  out.name(module);
  out.name(name);
  out.append(rest);
}
