import { irqs, pciSlots } from "../../memory-map.ts";
import { ByteWriter, setChecksum } from "./bytes.ts";

/** Slots whose interrupts are told of: the board's own and the free ones. */
const SLOTS = 32;
const PIRQ_A_REGISTER = 0x60;
const PCI_IRQ_MASK = irqs.pci.reduce((mask, irq) => mask | (1 << irq), 0);

/** The router's input (0 to 3) of a slot's pin (0 to 3). */
export const pirqOf = (slot: number, pin: number): number => (slot + 3 + pin) & 3;

/** The interrupt request to which POST routes each of the router's inputs. */
export const irqOfPirq = (pirq: number): number => irqs.pci[pirq & 1]!;

/** 16 bytes a slot: bus, device, link and mask of each pin, physical slot. [PIR] */
export function routingTableEntries(): Uint8Array {
  const entries = new Uint8Array(SLOTS * 16);
  for (let slot = 0; slot < SLOTS; slot++) {
    const at = slot * 16;
    entries[at + 1] = slot << 3;
    for (let pin = 0; pin < 4; pin++) {
      entries[at + 2 + 3 * pin] = PIRQ_A_REGISTER + pirqOf(slot, pin);
      entries[at + 3 + 3 * pin] = PCI_IRQ_MASK & 0xff;
      entries[at + 4 + 3 * pin] = PCI_IRQ_MASK >> 8;
    }
  }
  return entries;
}

/** The routing table as programs search for it in the BIOS's segment. [PIR] */
export function routingTable(): Uint8Array {
  const entries = routingTableEntries();
  const table = new ByteWriter()
    .ascii("$PIR")
    .u16(0x0100)
    .u16(32 + entries.length)
    .u8(0, (pciSlots.isaBridge.slot << 3) | pciSlots.isaBridge.fn)
    .u16(0)
    // Compatible with the PIIX3.
    .u16(0x8086)
    .u16(0x7000)
    .u32(0)
    .zeros(11)
    .u8(0)
    .bytes(entries)
    .finish();
  setChecksum(table, 31);
  return table;
}
