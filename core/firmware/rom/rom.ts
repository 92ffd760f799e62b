import { Assembler } from "../../assembler/assembler.ts";
import { addresses } from "../../memory-map.ts";
import { setChecksum } from "../tables/bytes.ts";
import { bios32, directoryHeader } from "./bios32.ts";
import { fonts } from "./font-data.ts";
import { disketteParameters, videoCapabilities, videoParameters } from "./parameter-tables.ts";
import { internalServices, interruptServices, realModeCode, type ServiceName } from "./stubs.ts";
import { vbeProtectedMode, vbeRealMode } from "./vbe-interface.ts";

/** Segment of the code half of the ROM, and linear address of the other half. */
export const CODE_SEGMENT = 0xf000;
const DATA_BASE = addresses.lowBios.base;
const CODE_BASE = CODE_SEGMENT * 16;
const HALF = 0x10000;

/** Offsets in the data half (segment E000h). */
export const dataLayout = {
  font8x16: 0x0000,
  font8x14: 0x1000,
  /** Fonts' 9-pixel alternates: none, one zero byte. */
  noAlternates: 0x1ff0,
  tables: 0x2000,
} as const;

/** The entry points of the PC/AT's BIOS, which old programs call by address: offset in segment F000h, label. */
const classicEntries: [number, string][] = [
  [0xe05b, "start"],
  [0xe2c3, "dummy"],
  [0xe3fe, "int13"],
  [0xe6f2, "bootstrap"],
  [0xe739, "int14"],
  [0xe82e, "int16"],
  [0xe987, "irq1"],
  [0xec59, "int13"],
  [0xef57, "irq6"],
  [0xefd2, "int17"],
  [0xf065, "int10"],
  [0xf841, "int12"],
  [0xf84d, "int11"],
  [0xf859, "int15"],
  [0xfe6e, "int1a"],
  [0xfea5, "irq0"],
  [0xff54, "printScreen"],
];

/** Interrupt vectors, by number: label in segment F000h. */
const vectors: [number, string][] = [
  [0x05, "printScreen"],
  [0x08, "irq0"],
  [0x09, "irq1"],
  [0x0a, "irqMaster"],
  [0x0b, "irqMaster"],
  [0x0c, "irqMaster"],
  [0x0d, "irqMaster"],
  [0x0e, "irq6"],
  [0x0f, "irqMaster"],
  [0x18, "bootFailed"],
  [0x19, "bootstrap"],
  [0x1d, "videoParameters"],
  [0x1e, "disketteParameters"],
  [0x40, "int13"],
  [0x42, "int10"],
  [0x70, "irq8"],
  [0x71, "irqSlave"],
  [0x72, "irqSlave"],
  [0x73, "irqSlave"],
  [0x74, "irq12"],
  [0x75, "irq13"],
  [0x76, "irq14"],
  [0x77, "irqSlave"],
];

export interface Rom {
  /** 128 KiB, for E0000h to FFFFFh. */
  bytes: Uint8Array;
  /** Offset in segment F000h of a label. */
  offsetOf(label: string): number;
  /** The service that calls from this offset, the instruction after the OUT. */
  serviceAt(offset: number): ServiceName | undefined;
  /** Where each interrupt vector points: number, offset in segment F000h. */
  vectors: [number, number][];
}

/** Tables for other software to find, and where they go. */
export interface RomTables {
  /** Written from `dataLayout.tables` on in segment E000h. */
  data: Uint8Array;
  /** Structures that are searched for in segment F000h on 16-byte boundaries, one after another. */
  anchors: Uint8Array[];
}

function systemConfiguration(a: Assembler): void {
  a.label("systemConfiguration");
  a.dw(8);
  // Model AT, submodel 1, revision 0; second 8259, RTC, INT 15h AH=4Fh, and a wait for external events is not there.
  a.db(0xfc, 0x01, 0x00, 0x74, 0x40, 0x00, 0x00, 0x00);
}

function codeHalf(tables: RomTables, date: string): Assembler {
  const a = new Assembler({ bits: 16 });
  a.label("base");
  realModeCode(a);
  vbeProtectedMode(a);
  vbeRealMode(a);
  bios32(a);
  videoParameters(a);
  videoCapabilities(a);
  a.label("font8x8");
  a.db(fonts[8]);
  for (const anchor of tables.anchors) {
    a.align(16);
    a.db(anchor);
  }
  a.label("dummy");
  a.iret();
  const entries = new Map(classicEntries);
  const fixed: [number, () => void][] = [
    ...[...entries].map(([offset, label]): [number, () => void] => [offset, () => a.jmp(`near ${label}`)]),
    [0xe6f5, () => systemConfiguration(a)],
    [0xefc7, () => disketteParameters(a)],
    [0xfa6e, () => a.db(fonts[8].subarray(0, 1024))],
    [0xff53, () => a.iret()],
    [0xfff0, () => resetVector(a, date)],
  ];
  fixed.sort(([x], [y]) => x - y);
  for (const [offset, emit] of fixed) {
    a.org(offset, 0xff);
    emit();
  }
  a.org(HALF - 2);
  a.db(0xfc, 0x00);
  return a;
}

function resetVector(a: Assembler, date: string): void {
  a.db(0xea);
  a.dw(0xe05b, CODE_SEGMENT);
  a.db(date);
}

/** Builds the ROM around the tables. `date`: MM/DD/YY, as programs read it at F000:FFF5. */
export function buildRom(tables: RomTables, date: string): Rom {
  const bytes = new Uint8Array(addresses.lowBios.length);
  bytes.set(fonts[16], dataLayout.font8x16);
  bytes.set(fonts[14], dataLayout.font8x14);
  bytes.set(tables.data, dataLayout.tables);
  const code = codeHalf(tables, date);
  bytes.set(code.assemble(), CODE_BASE - DATA_BASE);
  const directory = CODE_BASE - DATA_BASE + code.addressOf(directoryHeader.label);
  setChecksum(bytes.subarray(directory, directory + directoryHeader.length), directoryHeader.checksum);
  // The checksum makes the bytes of segment F000h add up to zero.
  bytes[bytes.length - 1] = -bytes.subarray(HALF).reduce((sum, byte) => sum + byte, 0) & 0xff;
  const services = new Map<number, ServiceName>();
  for (const name of [...(Object.keys(interruptServices) as ServiceName[]), ...internalServices]) {
    services.set(code.addressOf(`${name}.return`), name);
  }
  const target = new Map<number, string>(vectors);
  for (const [name, vector] of Object.entries(interruptServices)) target.set(vector, name);
  for (let n = 0; n < 0x78; n++) {
    if (!target.has(n) && (n < 0x60 || n > 0x67)) target.set(n, "dummy");
  }
  return {
    bytes,
    offsetOf: (label) => code.addressOf(label),
    serviceAt: (offset) => services.get(offset),
    vectors: [...target].map(([n, label]) => [n, code.addressOf(label)]),
  };
}
