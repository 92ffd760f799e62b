import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildFirmware } from "../build.ts";

const LOW = 0xe0000;
const { rom } = buildFirmware({ memoryMib: 64 });
const view = new DataView(rom.buffer);
const ascii = (at: number, length: number) => String.fromCharCode(...rom.subarray(at, at + length));
const sum = (at: number, length: number) => rom.subarray(at, at + length).reduce((a, b) => a + b, 0) & 0xff;

/** Offset of a structure in the last 64 KiB, where programs search for it on 16-byte boundaries. */
function find(signature: string): number {
  for (let at = 0x10000; at < rom.length; at += 16) if (ascii(at, signature.length) === signature) return at;
  throw new Error(`no ${signature}`);
}

/** The tables that the XSDT names, and the DSDT. */
function acpiTables(): Map<string, number> {
  const tables = new Map<string, number>();
  const xsdt = Number(view.getBigUint64(find("RSD PTR ") + 24, true)) - LOW;
  for (let at = xsdt + 36; at < xsdt + view.getUint32(xsdt + 4, true); at += 8) {
    const table = Number(view.getBigUint64(at, true)) - LOW;
    tables.set(ascii(table, 4), table);
  }
  tables.set("DSDT", view.getUint32(tables.get("FACP")! + 40, true) - LOW);
  return tables;
}

describe("ACPI tables", () => {
  it("are named by a root pointer with both checksums", () => {
    const rsdp = find("RSD PTR ");
    expect(sum(rsdp, 20)).toBe(0);
    expect(sum(rsdp, 36)).toBe(0);
    expect([...acpiTables().keys()].sort()).toEqual(["APIC", "DSDT", "FACP", "HPET"]);
  });

  it("each add up to zero", () => {
    for (const at of acpiTables().values()) expect(sum(at, view.getUint32(at + 4, true))).toBe(0);
  });

  it.skipIf(!existsSync("/usr/bin/iasl"))("compile again without warning after iasl has read them", () => {
    const folder = mkdtempSync(join(tmpdir(), "acpi-"));
    try {
      for (const [name, at] of acpiTables()) {
        writeFileSync(join(folder, `${name}.aml`), rom.subarray(at, at + view.getUint32(at + 4, true)));
        const run = (...args: string[]) =>
          execFileSync("iasl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
        run("-d", `${name}.aml`);
        const source = readFileSync(join(folder, `${name}.dsl`), "utf8");
        expect(source).not.toMatch(/Invalid|Unknown|Error/i);
        expect(run("-p", `${name}-2`, `${name}.dsl`)).toMatch(/0 Errors, 0 Warnings/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("other tables", () => {
  it("have an SMBIOS entry point with both checksums and as many structures as it says", () => {
    const at = find("_SM_");
    expect(sum(at, 0x1f)).toBe(0);
    expect(sum(at + 0x10, 0x0f)).toBe(0);
    let structure = view.getUint32(at + 0x18, true) - LOW;
    const end = structure + view.getUint16(at + 0x16, true);
    const types: number[] = [];
    while (structure < end) {
      types.push(rom[structure]!);
      structure += rom[structure + 1]!;
      while (rom[structure] !== 0 || rom[structure + 1] !== 0) structure++;
      structure += 2;
    }
    expect(structure).toBe(end);
    expect(types).toHaveLength(view.getUint16(at + 0x1c, true));
    expect(types.at(-1)).toBe(127);
  });

  it("have an MP table whose entries fill its length", () => {
    const pointer = find("_MP_");
    expect(sum(pointer, 16)).toBe(0);
    const table = view.getUint32(pointer + 4, true) - LOW;
    const length = view.getUint16(table + 4, true);
    expect(ascii(table, 4)).toBe("PCMP");
    expect(sum(table, length)).toBe(0);
    let at = table + 44;
    for (let n = view.getUint16(table + 34, true); n > 0; n--) at += rom[at] === 0 ? 20 : 8;
    expect(at).toBe(table + length);
  });

  it("have a PCI routing table", () => {
    const at = find("$PIR");
    expect(sum(at, view.getUint16(at + 6, true))).toBe(0);
  });
});

describe("ROM", () => {
  it("has the reset vector, the date and the model of an AT, and adds up to zero", () => {
    expect([...rom.subarray(0x1fff0, 0x1fff5)]).toEqual([0xea, 0x5b, 0xe0, 0x00, 0xf0]);
    expect(ascii(0x1fff5, 8)).toMatch(/^\d\d\/\d\d\/\d\d$/);
    expect(rom[0x1fffe]).toBe(0xfc);
    expect(sum(0x10000, 0x10000)).toBe(0);
  });
});
