import type { Call } from "../call.ts";
import type { Ports } from "../hardware.ts";
import { routingTableEntries } from "../tables/pir.ts";
import { PciConfig, type PciPlace } from "./pci-config.ts";

/** Results in AH. [PCI2.1], PCI BIOS Specification 2.1 section 2.3 */
const Result = {
  ok: 0x00,
  unsupported: 0x81,
  badVendor: 0x83,
  notFound: 0x86,
  badRegister: 0x87,
  setFailed: 0x88,
  bufferTooSmall: 0x89,
} as const;

const PCI_SIGNATURE = 0x20494350;
const CONFIGURATION_MECHANISM_1 = 1;
const VERSION = 0x0210;

/** INT 1Ah AH=B1h. */
export class PciBios {
  readonly #pci: PciConfig;

  constructor(io: Ports) {
    this.#pci = new PciConfig(io);
  }

  call(call: Call): void {
    const result = this.#function(call);
    call.ah = result;
    call.carry = result !== Result.ok;
  }

  #function(call: Call): number {
    switch (call.al) {
      case 0x01:
        call.cpu.edx = PCI_SIGNATURE;
        call.al = CONFIGURATION_MECHANISM_1;
        call.bx = VERSION;
        call.cl = 0;
        return Result.ok;
      case 0x02:
        if (call.dx === 0xffff) return Result.badVendor;
        return this.#find(call, (place) => this.#pci.read32(place, 0) === ((call.cx << 16) | call.dx) >>> 0);
      case 0x03:
        return this.#find(call, (place) => this.#pci.read32(place, 8) >>> 8 === (call.cpu.ecx & 0xff_ffff));
      case 0x08:
      case 0x09:
      case 0x0a:
      case 0x0b:
      case 0x0c:
      case 0x0d:
        return this.#access(call);
      case 0x0e:
        return this.#routing(call);
      default:
        return Result.unsupported;
    }
  }

  /** The SI-th function that fits. */
  #find(call: Call, fits: (place: PciPlace) => boolean): number {
    const place = this.#pci.functions().filter(fits)[call.si];
    if (!place) return Result.notFound;
    call.bh = 0;
    call.bl = (place.slot << 3) | place.fn;
    return Result.ok;
  }

  #access(call: Call): number {
    const place = { slot: call.bl >> 3, fn: call.bl & 7 };
    const register = call.di;
    const alignment = { 0: 1, 1: 2, 2: 4 }[(call.al - 0x08) % 3]!;
    if (register > 0xff || register % alignment !== 0) return Result.badRegister;
    const { cpu } = call;
    switch (call.al) {
      case 0x08:
        call.cl = this.#pci.read8(place, register, call.bh);
        break;
      case 0x09:
        call.cx = this.#pci.read16(place, register, call.bh);
        break;
      case 0x0a:
        cpu.ecx = this.#pci.read32(place, register, call.bh);
        break;
      case 0x0b:
        this.#pci.write8(place, register, call.cl, call.bh);
        break;
      case 0x0c:
        this.#pci.write16(place, register, call.cx, call.bh);
        break;
      default:
        this.#pci.write32(place, register, cpu.ecx, call.bh);
    }
    return Result.ok;
  }

  /** AL=0Eh: the routing table into the buffer that the structure at ES:DI describes. */
  #routing(call: Call): number {
    const { memory } = call;
    const at = call.address("es", call.di);
    const entries = routingTableEntries();
    const room = memory.read16(at);
    const buffer = memory.read16(at + 4) * 16 + memory.read16(at + 2);
    memory.write16(at, entries.length);
    if (room < entries.length) return Result.bufferTooSmall;
    memory.write(buffer, entries);
    call.bx = 0;
    return Result.ok;
  }
}
