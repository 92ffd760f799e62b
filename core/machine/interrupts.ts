// The interrupt chips and timers of the board, wired: every path from a request to the processor's INTR.

import type { Clock } from "../board/clock.ts";
import { type BusTarget, type Device, fanOut, type Line } from "../board/device.ts";
import { ApicInterconnect } from "../devices/chipset/apic-bus.ts";
import { Hpet } from "../devices/chipset/hpet.ts";
import { IoApic } from "../devices/chipset/ioapic.ts";
import { LocalApic, type LocalApicWiring } from "../devices/chipset/lapic.ts";
import { PicPair } from "../devices/chipset/pic.ts";
import { IsaBridge } from "../devices/chipset/piix3.ts";
import { Pit } from "../devices/chipset/pit.ts";
import { Rtc } from "../devices/chipset/rtc.ts";
import { ioApicTimerPin, irqs } from "../memory-map.ts";

export interface InterruptWiring {
  clock: Clock;
  /** INTR of the processor. */
  intr: Line;
  processor: LocalApicWiring["processor"];
  tscTime(tsc: bigint): number;
  /** Places the local APIC's registers. */
  placeLocalApic(target: BusTarget): (base: number | null) => void;
  /** The reset control register was written. */
  resetMachine(): void;
}

/** The request that the cascade takes never comes from outside; pin 2 of the I/O APIC is the timer's. */
const unusedRequest = (irq: number): boolean => irq === irqs.cascade;

export class Interrupts {
  readonly pics: PicPair;
  readonly localApic: LocalApic;
  readonly ioApic: IoApic;
  readonly isaBridge: IsaBridge;
  readonly hpet: Hpet;
  readonly pit: Pit;
  readonly rtc: Rtc;

  constructor(wiring: InterruptWiring) {
    const { clock } = wiring;
    const bus = new ApicInterconnect();
    let placed: (base: number | null) => void = () => {};
    this.localApic = new LocalApic(0, {
      output: wiring.intr,
      processor: wiring.processor,
      bus,
      clock,
      tscTime: wiring.tscTime,
      acknowledgePic: () => this.pics.acknowledge(),
      place: (base) => placed(base),
    });
    placed = wiring.placeLocalApic(this.localApic);
    this.pics = new PicPair(this.localApic.lint0);
    this.ioApic = new IoApic(bus);
    bus.addLocal(this.localApic);
    bus.addIo(this.ioApic);
    this.isaBridge = new IsaBridge(
      this.pics.lines.map((line, irq) => {
        if (unusedRequest(irq)) return line;
        return fanOut(line, this.ioApic.lines[irq === irqs.timer ? ioApicTimerPin : irq]!);
      }),
      { processor: () => this.localApic.initialize(), machine: wiring.resetMachine },
    );
    this.hpet = new Hpet({
      clock,
      irq0: this.line(irqs.timer),
      irq8: this.line(irqs.rtc),
      pins: this.ioApic.lines,
    });
    // Linux leaves the 8254 as firmware has started it, and has the HPET in its place.
    const isTimerHeard = () =>
      !this.hpet.isLegacy && !(this.pics.master.isMasked(irqs.timer) && this.ioApic.isMasked(ioApicTimerPin));
    this.pit = new Pit(this.hpet.pitIrq0, clock, isTimerHeard);
    this.rtc = new Rtc(this.hpet.rtcIrq8, clock);
  }

  /** The request line of an ISA device. */
  line(irq: number): Line {
    return this.isaBridge.isa[irq]!;
  }

  get devices(): Device[] {
    return [
      this.localApic,
      this.pics.master,
      this.pics.slave,
      this.ioApic,
      this.isaBridge,
      this.hpet,
      this.pit,
      this.rtc,
    ];
  }
}
