import { addresses, irqs, pciSlots, ports } from "../../memory-map.ts";
import type { Ports } from "../hardware.ts";
import { irqOfPirq, pirqOf } from "../tables/pir.ts";
import { PciConfig, type PciPlace } from "./pci-config.ts";

/** Offsets in configuration space. [PCI2.1] 6.1 */
const Register = {
  command: 0x04,
  class: 0x08,
  bar0: 0x10,
  rom: 0x30,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
} as const;
const COMMAND_IO = 1;
const COMMAND_MEMORY = 2;
const COMMAND_MASTER = 4;
const CLASS_VGA = 0x0300;
const CLASS_IDE = 0x0101;
const BAR_COUNT = 6;

/** Registers of the chipset. [82371] */
const PIRQ_ROUTE = 0x60;
const PM_BASE = 0x40;
const PM_MISC = 0x80;
const SMBUS_BASE = 0x90;
const SMBUS_CONFIG = 0xd2;
const IDE_TIMING = 0x40;
const IDE_DECODE = 0x8000;
const ELCR = ports.elcr.base;

/** Where regions without a place of their own go. */
const IO_POOL = ports.ideBusMaster.base + ports.ideBusMaster.length;
const MEMORY_POOL = 0xf000_0000;

interface Pools {
  io: number;
  memory: number;
}

const align = (value: number, size: number): number => Math.ceil(value / size) * size;

/** Gives a base address register a place; the VGA's framebuffer and the IDE's bus master have theirs. */
function placeRegion(pci: PciConfig, place: PciPlace, bar: number, pools: Pools, kind: number): number {
  const register = Register.bar0 + 4 * bar;
  pci.write32(place, register, 0xffff_ffff);
  const mask = pci.read32(place, register);
  if (mask === 0) return 0;
  if (mask & 1) {
    const size = (~(mask | 0xffff_0003) + 1) & 0xffff;
    if (kind === CLASS_IDE) {
      pci.write32(place, register, ports.ideBusMaster.base);
    } else {
      const base = align(pools.io, size);
      pools.io = base + size;
      pci.write32(place, register, base);
    }
    return COMMAND_IO;
  }
  const size = (~(mask & ~0xf) + 1) >>> 0;
  if (kind === CLASS_VGA && bar === 0) {
    pci.write32(place, register, addresses.framebuffer.base);
  } else {
    const base = align(pools.memory, Math.max(size, 0x1000));
    pools.memory = base + size;
    pci.write32(place, register, base);
  }
  return COMMAND_MEMORY;
}

function configureFunction(pci: PciConfig, place: PciPlace, pools: Pools): void {
  const kind = pci.read32(place, Register.class) >>> 16;
  let command = 0;
  for (let bar = 0; bar < BAR_COUNT; bar++) command |= placeRegion(pci, place, bar, pools, kind);
  const pin = pci.read8(place, Register.interruptPin);
  if (pin > 0) pci.write8(place, Register.interruptLine, irqOfPirq(pirqOf(place.slot, pin - 1)));
  if (kind === CLASS_VGA || kind === CLASS_IDE) command |= COMMAND_IO;
  if (command !== 0) {
    pci.write16(place, Register.command, pci.read16(place, Register.command) | command | COMMAND_MASTER);
  }
}

/**
 * The chipset as programs expect it after power-on: interrupts routed, IDE channels and power
 * management decoded, every region of every function placed.
 */
export function configurePci(io: Ports): void {
  const pci = new PciConfig(io);
  if (pci.read16(pciSlots.hostBridge, 0) === 0xffff) return;
  const pools: Pools = { io: IO_POOL, memory: MEMORY_POOL };
  for (let pirq = 0; pirq < 4; pirq++) {
    pci.write8(pciSlots.isaBridge, PIRQ_ROUTE + pirq, irqOfPirq(pirq));
  }
  const level = [0, 1, 2, 3].reduce((mask, pirq) => mask | (1 << irqOfPirq(pirq)), 0);
  io.outb(ELCR, level & 0xff);
  io.outb(ELCR + 1, level >> 8);
  for (const place of pci.functions()) configureFunction(pci, place, pools);
  pci.write8(pciSlots.powerManagement, Register.interruptLine, irqs.sci);
  pci.write32(pciSlots.ide, IDE_TIMING, (IDE_DECODE << 16) | IDE_DECODE);
  pci.write32(pciSlots.powerManagement, PM_BASE, ports.acpiPm.base | 1);
  pci.write8(pciSlots.powerManagement, PM_MISC, 1);
  pci.write32(pciSlots.powerManagement, SMBUS_BASE, ports.smbus.base | 1);
  pci.write8(pciSlots.powerManagement, SMBUS_CONFIG, 1);
}
