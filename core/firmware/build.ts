import { addresses } from "../memory-map.ts";
import type { FirmwareConfig } from "./hardware.ts";
import { buildRom, dataLayout, type Rom } from "./rom/rom.ts";
import { acpiTables } from "./tables/acpi.ts";
import { mpTables } from "./tables/mp.ts";
import { routingTable } from "./tables/pir.ts";
import { smbiosTables } from "./tables/smbios.ts";

const ROM_DATE = "01/01/26";

/** What the board loads and what {@link Firmware} needs to know of it. */
export interface FirmwareImage {
  /** 128 KiB, for E0000h to FFFFFh and the end of the first 4 GiB. */
  readonly rom: Uint8Array;
  readonly layout: Rom;
}

/** Builds the ROM, with the tables that describe a machine of this configuration. */
export function buildFirmware(config: Pick<FirmwareConfig, "memoryMib">): FirmwareImage {
  const base = addresses.lowBios.base + dataLayout.tables;
  const data = new Uint8Array(0x10000 - dataLayout.tables);
  let used = 0;
  const place = (bytes: Uint8Array) => {
    data.set(bytes, used);
    used = (used + bytes.length + 15) & ~15;
  };
  const acpi = acpiTables(base);
  place(acpi.tables);
  const mp = mpTables(base + used);
  place(mp.table);
  const smbios = smbiosTables(base + used, config.memoryMib);
  place(smbios.table);
  const anchors = [acpi.rsdp, smbios.entryPoint, mp.pointer, routingTable()];
  const layout = buildRom({ data: data.subarray(0, used), anchors }, ROM_DATE);
  return { rom: layout.bytes, layout };
}
