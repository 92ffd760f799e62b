import { addresses, ioApicTimerPin, irqs, ports } from "../../memory-map.ts";
import { ebda, ebdaSegment } from "../bda.ts";
import { IO_APIC_ID, LOCAL_APIC_ID } from "./apic-ids.ts";
import { ByteWriter, setChecksum } from "./bytes.ts";
import { dsdtBody } from "./dsdt.ts";

const OEM = "TWINBX";
const OEM_TABLE = "TWINBOX ";
const HEADER_LENGTH = 36;
const CHECKSUM_AT = 9;
/** Values for the SMI command port that the chipset carries out itself. */
const ACPI_ENABLE = 0xf1;
const ACPI_DISABLE = 0xf0;
const ADDRESS_SPACE_IO = 1;
const ADDRESS_SPACE_MEMORY = 0;

/** A table with its header. [ACPI] 5.2.6 */
function table(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const bytes = new ByteWriter()
    .ascii(signature)
    .u32(HEADER_LENGTH + body.length)
    .u8(revision, 0)
    .ascii(OEM)
    .ascii(OEM_TABLE)
    .u32(1)
    .ascii("TWBX")
    .u32(1)
    .bytes(body)
    .finish();
  setChecksum(bytes, CHECKSUM_AT);
  return bytes;
}

const genericAddress = (writer: ByteWriter, space: number, bits: number, address: number): ByteWriter =>
  writer.u8(space, bits, 0, 0).u64(address);

/** Firmware control structure: 64 bytes of memory aligned to 64, outside of the ROM. [ACPI] 5.2.10 */
export function facs(): Uint8Array {
  return new ByteWriter().ascii("FACS").u32(64).u32(0).u32(0).u32(0).u32(0).u64(0).u8(1).zeros(31).finish();
}

/** Fixed description table. [ACPI] 5.2.9 */
function fadt(dsdt: number): Uint8Array {
  const pm = ports.acpiPm.base;
  const facsAddress = ebdaSegment * 16 + ebda.facs;
  const writer = new ByteWriter()
    .u32(facsAddress)
    .u32(dsdt)
    .u8(0, 1)
    .u16(irqs.sci)
    .u32(ports.smi.base)
    .u8(ACPI_ENABLE, ACPI_DISABLE, 0, 0)
    // PM1a event, PM1b event, PM1a control, PM1b control, PM2 control, PM timer, GPE0, GPE1.
    .u32(pm)
    .u32(0)
    .u32(pm + 4)
    .u32(0)
    .u32(0)
    .u32(pm + 8)
    .u32(pm + 0x0c)
    .u32(0)
    .u8(4, 2, 0, 4, 4, 0, 0, 0)
    // Latencies that say that C2 and C3 are not there; no cache flushing by reading.
    .u16(0xfff)
    .u16(0xfff)
    .u16(0)
    .u16(0)
    // Duty cycle; alarm registers of the clock: none, none, century.
    .u8(0, 0, 0, 0, 0x32)
    // IA-PC boot flags: legacy devices, 8042.
    .u16(0x0003)
    .u8(0)
    // WBINVD, C1, no sleep button, the clock's wake-up not in fixed registers; reset register.
    .u32(0x01 | 0x04 | 0x20 | 0x40 | 0x400);
  genericAddress(writer, ADDRESS_SPACE_IO, 8, 0xcf9).u8(0x06).zeros(3).u64(0).u64(dsdt);
  for (const [bits, address] of [
    [32, pm],
    [0, 0],
    [16, pm + 4],
    [0, 0],
    [0, 0],
    [32, pm + 8],
    [32, pm + 0x0c],
    [0, 0],
  ] as const) {
    genericAddress(writer, ADDRESS_SPACE_IO, bits, address);
  }
  return table("FACP", 3, writer.finish());
}

/** Interrupt controllers. [ACPI] 5.2.11.4 */
function madt(): Uint8Array {
  const writer = new ByteWriter().u32(addresses.localApic.base).u32(1);
  writer.u8(0, 8, 0, LOCAL_APIC_ID).u32(1);
  writer.u8(1, 12, IO_APIC_ID, 0).u32(addresses.ioApic.base).u32(0);
  const override = (irq: number, pin: number, flags: number) => writer.u8(2, 10, 0, irq).u32(pin).u16(flags);
  override(irqs.timer, ioApicTimerPin, 0);
  // Level-triggered, active high: the system control interrupt and those of PCI.
  for (const irq of [irqs.sci, ...irqs.pci]) override(irq, irq, 0x000d);
  // LINT1 of every processor is the NMI.
  writer.u8(4, 6, 0xff).u16(0).u8(1);
  return table("APIC", 1, writer.finish());
}

/** High precision event timer. IA-PC HPET Specification 1.0a, 3.2.4 */
function hpet(): Uint8Array {
  const writer = new ByteWriter().u32(0x8086_8201);
  genericAddress(writer, ADDRESS_SPACE_MEMORY, 0, addresses.hpet.base).u8(0).u16(100).u8(0);
  return table("HPET", 1, writer.finish());
}

/** All tables, to be placed from linear address `base` on, and the root pointer to them. */
export function acpiTables(base: number): { tables: Uint8Array; rsdp: Uint8Array } {
  const writer = new ByteWriter();
  const place = (bytes: Uint8Array): number => {
    writer.align(16);
    const at = base + writer.length;
    writer.bytes(bytes);
    return at;
  };
  const dsdt = place(table("DSDT", 1, dsdtBody()));
  const others = [fadt(dsdt), madt(), hpet()].map(place);
  const pointers = (bytes: 4 | 8) => {
    const list = new ByteWriter();
    for (const address of others) bytes === 4 ? list.u32(address) : list.u64(address);
    return list.finish();
  };
  const rsdt = place(table("RSDT", 1, pointers(4)));
  const xsdt = place(table("XSDT", 1, pointers(8)));
  const rsdp = new ByteWriter()
    .ascii("RSD PTR ")
    .u8(0)
    .ascii(OEM)
    .u8(2)
    .u32(rsdt)
    .u32(36)
    .u64(xsdt)
    .u8(0, 0, 0, 0)
    .finish();
  setChecksum(rsdp, 8, 0, 20);
  setChecksum(rsdp, 32);
  return { tables: writer.finish(), rsdp };
}
