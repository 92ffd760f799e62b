import { describe, expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import type { Row } from "./decode/row.ts";
import { SIMD } from "./decode/tables/simd.ts";
import { VEX_VECTORS } from "./decode/tables/vex.ts";
import { X87 } from "./decode/tables/x87.ts";
import type { AddressKind, Form } from "./interpreter/form.ts";
import { HandlerContext } from "./interpreter/handler-context.ts";
import { encodingsOf } from "./testing/encodings.ts";
import { ModuleBuilder } from "./wasm/module.ts";
import { exportedSignatures } from "./wasm/signatures.ts";

const signatures = exportedSignatures(Buffer.from(RUNTIME_WASM, "base64"));

type Size = 16 | 32 | 64;
/** Code, operand and address sizes, and how a memory operand is reached. */
const FORMS: readonly (readonly [Size, Size, Size, AddressKind])[] = [
  [16, 16, 16, "checked16"],
  [16, 32, 32, "checked32"],
  [32, 32, 32, "flat"],
  [32, 16, 16, "checked16"],
  [64, 32, 64, "long"],
  [64, 64, 64, "long-segment"],
  [64, 64, 32, "long32"],
];

function formsOf(row: Row, memory: boolean): Form[] {
  return FORMS.map(([codeSize, size, addressSize, address]) => ({
    row,
    size,
    codeSize,
    addressSize,
    memory,
    address: memory ? address : "none",
    stack: "none",
    checkedCode: false,
    rep: 0,
    key: "",
  }));
}

describe.each([
  ["x87", X87],
  ["simd", SIMD],
  ["vex", VEX_VECTORS],
] as const)("%s", (_, chapter) => {
  it("emits valid WebAssembly for every row in code, operands and addresses of every size", () => {
    for (const { row, memory } of encodingsOf(chapter, 64)) {
      const module = new ModuleBuilder();
      formsOf(row, memory === true).forEach((form, n) => {
        const context = new HandlerContext(form, module, signatures);
        module.add(`h${n}`, { parameters: ["i32"], result: "i32" }, context.emit());
      });
      expect(() => new WebAssembly.Module(module.encode()), row.mnemonic).not.toThrow();
    }
  });
});
