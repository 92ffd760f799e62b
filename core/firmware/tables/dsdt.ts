import { addresses, irqs, pciSlots, ports } from "../../memory-map.ts";
import {
  type Aml,
  and,
  argument,
  define,
  device,
  dwordField,
  eisaId,
  integer,
  list,
  local,
  method,
  name,
  or,
  otherwise,
  pciFields,
  resources,
  resourceTemplate,
  returns,
  scope,
  serializedMethod,
  store,
  when,
} from "./aml.ts";
import { pirqOf } from "./pir.ts";

const SLOTS = 32;
const LINKS = ["LNKA", "LNKB", "LNKC", "LNKD"];
const ROUTE_DISABLED = 0x80;
const PRESENT = 0x0b;
const DISABLED = 0x09;

const address = ({ slot, fn }: { slot: number; fn: number }): Aml =>
  define("_ADR", integer(((slot << 16) | fn) >>> 0));

const isa = (path: string, id: string, ...descriptors: Aml[]): Aml =>
  device(path, define("_HID", eisaId(id)), define("_CRS", resourceTemplate(...descriptors)));

/** A link device: which request one of the router's inputs goes to, in the ISA bridge's register. */
function link(n: number): Aml {
  const register = name(`\\_SB.PCI0.ISA.PIR${n}`);
  return device(
    LINKS[n]!,
    define("_HID", eisaId("PNP0C0F")),
    define("_UID", integer(n + 1)),
    define("_PRS", resourceTemplate(resources.interrupts(...irqs.pci))),
    method(
      "_STA",
      0,
      when(and(register, integer(ROUTE_DISABLED)), returns(integer(DISABLED))),
      returns(integer(PRESENT)),
    ),
    method("_DIS", 0, store(or(register, integer(ROUTE_DISABLED)), register)),
    define("BUF0", resourceTemplate(resources.interrupts(0))),
    serializedMethod(
      "_CRS",
      0,
      dwordField(name("BUF0"), 5, "IRQV"),
      store(register, local(0)),
      when(and(local(0), integer(ROUTE_DISABLED)), store(integer(0), name("IRQV"))),
      otherwise(store(and(local(0), integer(0x0f)), name("IRQV"))),
      returns(name("BUF0")),
    ),
    serializedMethod(
      "_SRS",
      1,
      dwordField(argument(0), 5, "IRQV"),
      store(name("IRQV"), local(0)),
      store(and(local(0), integer(0x0f)), register),
    ),
  );
}

/** Which link each slot's pins go to. [ACPI] _PRT */
function routing(): Aml {
  const entries: Aml[] = [];
  for (let slot = 1; slot < SLOTS; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      entries.push(
        list(
          integer(((slot << 16) | 0xffff) >>> 0),
          integer(pin),
          name(`\\_SB.${LINKS[pirqOf(slot, pin)]}`),
          integer(0),
        ),
      );
    }
  }
  return define("_PRT", list(...entries));
}

function isaBridge(): Aml {
  const { io, irq, dma } = resources;
  return device(
    "ISA",
    address(pciSlots.isaBridge),
    pciFields(
      "PIRR",
      0x60,
      LINKS.map((_, n) => `PIR${n}`),
    ),
    isa("PS2K", "PNP0303", io(0x60, 1), io(0x64, 1), irq(irqs.keyboard)),
    isa("PS2M", "PNP0F13", irq(irqs.mouse)),
    device(
      "COM1",
      define("_HID", eisaId("PNP0501")),
      define("_UID", integer(1)),
      define("_CRS", resourceTemplate(io(ports.com1.base, 8, 8), irq(irqs.com1))),
    ),
    device(
      "COM2",
      define("_HID", eisaId("PNP0501")),
      define("_UID", integer(2)),
      define("_CRS", resourceTemplate(io(ports.com2.base, 8, 8), irq(irqs.com2))),
    ),
    isa("FDC0", "PNP0700", io(0x3f2, 4), io(0x3f7, 1), irq(irqs.fdc), dma(2)),
    isa("RTC", "PNP0B00", io(0x70, 2), irq(irqs.rtc)),
    isa("TIMR", "PNP0100", io(0x40, 4), irq(irqs.timer)),
    isa("PIC", "PNP0000", io(0x20, 2), io(0xa0, 2), io(ports.elcr.base, 2), irq(irqs.cascade)),
    isa("DMAC", "PNP0200", io(0x00, 0x10), io(0x81, 0x0f), io(0xc0, 0x20), dma(4)),
    isa("SPKR", "PNP0800", io(0x61, 1)),
    isa("COPR", "PNP0C04", io(0xf0, 1), irq(irqs.coprocessor)),
  );
}

function pciRoot(): Aml {
  const { busNumbers, ioRange, memoryRange, io } = resources;
  const hole = addresses.pciHole;
  return device(
    "PCI0",
    define("_HID", eisaId("PNP0A03")),
    define("_UID", integer(0)),
    define(
      "_CRS",
      resourceTemplate(
        busNumbers(0, 0xff),
        io(ports.pciConfig.base, 8),
        ioRange(0x0000, ports.pciConfig.base - 1),
        ioRange(ports.pciConfig.base + 8, 0xffff),
        memoryRange(
          addresses.vgaMemory.base,
          addresses.vgaMemory.base + addresses.vgaMemory.length - 1,
          true,
        ),
        memoryRange(hole.base, hole.base + hole.length - 1),
      ),
    ),
    routing(),
    isaBridge(),
  );
}

/** What the operating system is told to do with the machine. `\_S5` is the PIIX4's soft off, sleep type 0. */
export function dsdtBody(): Uint8Array {
  return Uint8Array.from(
    [
      scope("\\_SB", pciRoot(), ...LINKS.map((_, n) => link(n))),
      define("\\_S5", list(integer(0), integer(0), integer(0), integer(0))),
    ].flat(),
  );
}
