// Which registers GDB sees, in which order: the standard features of its i386 targets and one of our own.
// [GDB] appendix G.5.10.

import type { Debugger } from "../../../core/debug/debugger.ts";

/** `i386` shows 32-bit registers, also of a processor in long mode. */
export type Architecture = "i386" | "x86-64";

interface Shown {
  readonly name: string;
  /** Of the debugger's register; upper bits are cut off to `bits`. */
  readonly source: string;
  readonly bits: number;
  readonly type: string;
  readonly group?: string;
}

interface Feature {
  readonly name: string;
  readonly types: string;
  readonly registers: readonly Shown[];
}

const EFLAGS = `<flags id="i386_eflags" size="4">${Object.entries({
  CF: 0,
  PF: 2,
  AF: 4,
  ZF: 6,
  SF: 7,
  TF: 8,
  IF: 9,
  DF: 10,
  OF: 11,
  NT: 14,
  RF: 16,
  VM: 17,
  AC: 18,
  VIF: 19,
  VIP: 20,
  ID: 21,
})
  .map(([name, bit]) => `<field name="${name}" start="${bit}" end="${bit}"/>`)
  .join("")}</flags>`;

const VECTOR = `<vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/>
<vector id="v16i8" type="int8" count="16"/><vector id="v8i16" type="int16" count="8"/>
<vector id="v4i32" type="int32" count="4"/><vector id="v2i64" type="int64" count="2"/>
<union id="vec128"><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>
<field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/>
<field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/></union>`;

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

function featuresOf(architecture: Architecture): Feature[] {
  const long = architecture === "x86-64";
  const bits = long ? 64 : 32;
  const order = long
    ? ["ax", "bx", "cx", "dx", "si", "di", "bp", "sp"]
    : ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
  const letter = long ? "r" : "e";
  const isPointer = (name: string) => name === "sp" || name === "bp";
  const general = order.map((name) => ({
    name: letter + name,
    source: `r${name}`,
    bits,
    type: isPointer(name) ? "data_ptr" : `int${bits}`,
  }));
  const extended = range(8).map((n) => ({ name: `r${n + 8}`, source: `r${n + 8}`, bits, type: "int64" }));
  const same = (name: string, width: number, type: string, group?: string): Shown => ({
    name,
    source: name,
    bits: width,
    type,
    ...(group && { group }),
  });
  const control = ["cr0", "cr2", "cr3", "cr4", "efer"].map((name) =>
    same(name, bits, `int${bits}`, "system"),
  );
  return [
    {
      name: "org.gnu.gdb.i386.core",
      types: EFLAGS,
      registers: [
        ...general,
        ...(long ? extended : []),
        { name: `${letter}ip`, source: "rip", bits, type: "code_ptr" },
        same("eflags", 32, "i386_eflags"),
        ...["cs", "ss", "ds", "es", "fs", "gs"].map((name) => same(name, 32, "int32")),
        ...range(8).map((n) => same(`st${n}`, 80, "i387_ext")),
        ...["fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"].map((name) =>
          same(name, 32, "int", "float"),
        ),
      ],
    },
    {
      name: "org.gnu.gdb.i386.sse",
      types: VECTOR,
      registers: [
        ...range(long ? 16 : 8).map((n) => same(`xmm${n}`, 128, "vec128")),
        same("mxcsr", 32, "int", "vector"),
      ],
    },
    {
      name: "org.gnu.gdb.i386.avx",
      types: "",
      registers: range(long ? 16 : 8).map((n) => same(`ymm${n}h`, 128, "uint128")),
    },
    {
      name: "org.gnu.gdb.i386.segments",
      types: "",
      registers: ["fs", "gs"].map((name) => ({
        name: `${name}_base`,
        source: `${name}.base`,
        bits,
        type: `int${bits}`,
      })),
    },
    { name: "org.twinbox.i386.system", types: "", registers: control },
  ];
}

/** The registers of an architecture as GDB numbers them, and the document that tells so. */
export class TargetDescription {
  readonly xml: string;
  readonly #registers: readonly Shown[];

  constructor(architecture: Architecture) {
    // The segments feature is only known with 64-bit registers.
    const features = featuresOf(architecture).filter(
      ({ name }) => architecture === "x86-64" || !name.endsWith("segments"),
    );
    this.#registers = features.flatMap(({ registers }) => registers);
    const numbers = new Map(this.#registers.map((register, n) => [register, n]));
    const body = features.map(({ name, types, registers }) => {
      const rows = registers.map((register) => {
        const group = register.group ? ` group="${register.group}"` : "";
        return `<reg name="${register.name}" bitsize="${register.bits}" type="${register.type}" regnum="${numbers.get(register)}"${group}/>`;
      });
      return `<feature name="${name}">${types}${rows.join("\n")}</feature>`;
    });
    const name = architecture === "i386" ? "i386" : "i386:x86-64";
    this.xml = `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0"><architecture>${name}</architecture>${body.join("\n")}</target>`;
  }

  get count(): number {
    return this.#registers.length;
  }

  /** Bytes of a register, first one lowest. */
  read(debug: Debugger, number: number): Uint8Array | undefined {
    const shown = this.#registers[number];
    if (!shown) return undefined;
    let value = BigInt.asUintN(shown.bits, debug.register(shown.source).get());
    return Uint8Array.from({ length: shown.bits / 8 }, () => {
      const byte = Number(value & 0xffn);
      value >>= 8n;
      return byte;
    });
  }

  /** False: there is no such register, or the bytes do not fit it. */
  write(debug: Debugger, number: number, bytes: Uint8Array): boolean {
    const shown = this.#registers[number];
    if (!shown || bytes.length !== shown.bits / 8) return false;
    const register = debug.register(shown.source);
    const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    // What is cut off of a register stays unless the rest changes.
    if (BigInt.asUintN(shown.bits, register.get()) !== value) register.set?.(value);
    return true;
  }

  /** Bytes of all registers together. */
  get size(): number {
    return this.#registers.reduce((sum, { bits }) => sum + bits / 8, 0);
  }

  widthOf(number: number): number {
    return (this.#registers[number]?.bits ?? 0) / 8;
  }
}
