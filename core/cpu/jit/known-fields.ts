// A record's fields as constants, for compiled code.

import type { RecordFields } from "../interpreter/handler-context.ts";
import { constant32, constant64, type Expression } from "../wasm/expression.ts";

/** The fields of a record, which are known. */
export class KnownFields implements RecordFields {
  readonly #view: DataView;
  readonly #at: number;
  readonly #address: number;

  /** Of the record that lies at `at` in the view, and is at `address` in the machine's memory. */
  constructor(view: DataView, at: number, address: number) {
    this.#view = view;
    this.#at = at;
    this.#address = address;
  }

  get address(): Expression {
    return constant32(this.#address);
  }

  u8(field: number): Expression {
    return constant32(this.#view.getUint8(this.#at + field));
  }

  u16(field: number): Expression {
    return constant32(this.#view.getUint16(this.#at + field, true));
  }

  i32(field: number): Expression {
    return constant32(this.#view.getInt32(this.#at + field, true));
  }

  wideI32(field: number): Expression {
    return constant64(this.#view.getInt32(this.#at + field, true));
  }

  i64(field: number): Expression {
    return constant64(this.#view.getBigInt64(this.#at + field, true));
  }
}
