import { ByteWriter, setChecksum } from "./bytes.ts";

const MIB = 0x10_0000;
const Handle = {
  bios: 0x0000,
  system: 0x0100,
  chassis: 0x0300,
  processor: 0x0400,
  array: 0x1000,
  module: 0x1100,
  range: 0x1300,
  boot: 0x2000,
  end: 0x7f00,
} as const;

/** A structure: type, length, handle, body, strings. [SMBIOS] 6.1 */
function structure(type: number, handle: number, body: ByteWriter, strings: string[] = []): Uint8Array {
  const writer = new ByteWriter()
    .u8(type, body.length + 4)
    .u16(handle)
    .bytes(body.finish());
  for (const text of strings) writer.ascii(text).u8(0);
  if (strings.length === 0) writer.u8(0);
  return writer.u8(0).finish();
}

function biosInformation(): Uint8Array {
  const body = new ByteWriter()
    .u8(1, 2)
    .u16(0xe000)
    .u8(3, 1)
    // PCI, boot from CD, selectable boot, EDD; then ACPI, virtual machine.
    .u32(0x0008_9880)
    .u32(0)
    .u8(0x01, 0x10, 0, 1, 0xff, 0xff);
  return structure(0, Handle.bios, body, ["Twinbox", "1.0", "01/01/2026"]);
}

function systemInformation(): Uint8Array {
  const body = new ByteWriter().u8(1, 2, 3, 0).zeros(16).u8(6, 0, 0);
  return structure(1, Handle.system, body, ["Twinbox", "PC (i440FX)", "1.0"]);
}

function chassis(): Uint8Array {
  const body = new ByteWriter().u8(1, 1, 0, 0, 0, 3, 3, 3, 2).u32(0).u8(0, 0, 0, 0, 0);
  return structure(3, Handle.chassis, body, ["Twinbox"]);
}

function processor(): Uint8Array {
  const body = new ByteWriter()
    .u8(1, 3, 0x01, 2)
    .u64(0)
    .u8(0, 0)
    .u16(0)
    .u16(1000)
    .u16(1000)
    .u8(0x41, 1)
    .u16(0xffff)
    .u16(0xffff)
    .u16(0xffff)
    .u8(0, 0, 0, 1, 1, 1)
    .u16(0)
    .u16(1);
  return structure(4, Handle.processor, body, ["CPU 0", "Twinbox"]);
}

function memory(memoryMib: number): Uint8Array[] {
  const array = new ByteWriter()
    .u8(3, 3, 3)
    .u32(memoryMib * 1024)
    .u16(0xfffe)
    .u16(1)
    .u64(0);
  const device = new ByteWriter()
    .u16(Handle.array)
    .u16(0xfffe)
    .u16(64)
    .u16(64)
    .u16(memoryMib)
    .u8(9, 0, 1, 0, 7)
    .u16(0)
    .u16(0)
    .u8(0, 0, 0, 0, 0)
    .u32(0)
    .u16(0)
    .zeros(6);
  const mapped = new ByteWriter()
    .u32(0)
    .u32((memoryMib * MIB) / 1024 - 1)
    .u16(Handle.array)
    .u8(1)
    .u64(0)
    .u64(0);
  return [
    structure(16, Handle.array, array),
    structure(17, Handle.module, device, ["DIMM 0"]),
    structure(19, Handle.range, mapped),
  ];
}

/** The structures, when at linear address `base`, and their entry point. [SMBIOS] 5.2.1 */
export function smbiosTables(base: number, memoryMib: number): { table: Uint8Array; entryPoint: Uint8Array } {
  const structures = [
    biosInformation(),
    systemInformation(),
    chassis(),
    processor(),
    ...memory(memoryMib),
    structure(32, Handle.boot, new ByteWriter().zeros(6).u8(0)),
    structure(127, Handle.end, new ByteWriter()),
  ];
  const table = new ByteWriter();
  for (const bytes of structures) table.bytes(bytes);
  const largest = Math.max(...structures.map((bytes) => bytes.length));
  const entryPoint = new ByteWriter()
    .ascii("_SM_")
    .u8(0, 0x1f, 2, 8)
    .u16(largest)
    .u8(0)
    .zeros(5)
    .ascii("_DMI_")
    .u8(0)
    .u16(table.length)
    .u32(base)
    .u16(structures.length)
    .u8(0x28)
    .finish();
  setChecksum(entryPoint, 0x15, 0x10);
  setChecksum(entryPoint, 0x04);
  return { table: table.finish(), entryPoint };
}
