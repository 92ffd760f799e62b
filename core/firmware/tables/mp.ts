import { addresses, ioApicTimerPin, irqs } from "../../memory-map.ts";
import { IO_APIC_ID, LOCAL_APIC_ID } from "./apic-ids.ts";
import { ByteWriter, setChecksum } from "./bytes.ts";
import { irqOfPirq, pirqOf } from "./pir.ts";

const APIC_VERSION = 0x14;
const IO_APIC_VERSION = 0x11;
const PCI_BUS = 0;
const ISA_BUS = 1;
const Entry = { processor: 0, bus: 1, ioApic: 2, ioInterrupt: 3, localInterrupt: 4 } as const;
const InterruptKind = { vectored: 0, nmi: 1, external: 3 } as const;
const ENABLED_BOOT_PROCESSOR = 3;
/** Family 6, on-chip FPU and APIC. */
const SIGNATURE = 0x0600;
const FEATURES = 0x0201;
/** Active high and level-triggered. */
const LEVEL_HIGH = 0x000d;
const PCI_SLOTS = 32;
const ALL_APICS = 0xff;

/** The configuration table and the pointer to it, when the table is at linear address `base`. [MP1.4] chapter 4 */
export function mpTables(base: number): { table: Uint8Array; pointer: Uint8Array } {
  const entries = new ByteWriter();
  let count = 0;
  const entry = (write: (writer: ByteWriter) => void) => {
    write(entries);
    count++;
  };
  entry((w) =>
    w
      .u8(Entry.processor, LOCAL_APIC_ID, APIC_VERSION, ENABLED_BOOT_PROCESSOR)
      .u32(SIGNATURE)
      .u32(FEATURES)
      .u64(0),
  );
  entry((w) => w.u8(Entry.bus, PCI_BUS).ascii("PCI   "));
  entry((w) => w.u8(Entry.bus, ISA_BUS).ascii("ISA   "));
  entry((w) => w.u8(Entry.ioApic, IO_APIC_ID, IO_APIC_VERSION, 1).u32(addresses.ioApic.base));
  const interrupt = (kind: number, flags: number, bus: number, source: number, pin: number) =>
    entry((w) => w.u8(Entry.ioInterrupt, kind).u16(flags).u8(bus, source, IO_APIC_ID, pin));
  const pci: readonly number[] = irqs.pci;
  for (let irq = 0; irq < 16; irq++) {
    if (irq === irqs.cascade || pci.includes(irq)) continue;
    const flags = irq === irqs.sci ? LEVEL_HIGH : 0;
    interrupt(InterruptKind.vectored, flags, ISA_BUS, irq, irq === irqs.timer ? ioApicTimerPin : irq);
  }
  for (let slot = 1; slot < PCI_SLOTS; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      const irq = irqOfPirq(pirqOf(slot, pin));
      interrupt(InterruptKind.vectored, LEVEL_HIGH, PCI_BUS, (slot << 2) | pin, irq);
    }
  }
  for (const [kind, lint] of [
    [InterruptKind.external, 0],
    [InterruptKind.nmi, 1],
  ] as const) {
    entry((w) => w.u8(Entry.localInterrupt, kind).u16(0).u8(ISA_BUS, 0, ALL_APICS, lint));
  }
  const header = new ByteWriter()
    .ascii("PCMP")
    .u16(44 + entries.length)
    .u8(4, 0)
    .ascii("TWINBOX ")
    .ascii("TWINBOX", 12, 0x20)
    .u32(0)
    .u16(0)
    .u16(count)
    .u32(addresses.localApic.base)
    .u16(0)
    .u8(0, 0);
  const table = header.bytes(entries.finish()).finish();
  setChecksum(table, 7);
  const pointer = new ByteWriter().ascii("_MP_").u32(base).u8(1, 4, 0, 0).zeros(4).finish();
  setChecksum(pointer, 10);
  return { table, pointer };
}
