/** Delivery modes of interrupt messages. [SDM] vol. 3A, 11.5.1 */
export const DeliveryMode = {
  fixed: 0,
  lowestPriority: 1,
  smi: 2,
  nmi: 4,
  init: 5,
  startUp: 6,
  extInt: 7,
} as const;

/** An interrupt on its way to local APICs. */
export interface ApicMessage {
  /** A {@link DeliveryMode}. */
  mode: number;
  vector: number;
  /** Level triggered: its end is told to the I/O APICs. */
  level: boolean;
  /** APIC identifier, or logical destination; 0xFF is everyone. */
  destination: number;
  logical: boolean;
}

/** Where an I/O APIC, or an interrupt command, sends its messages. */
export interface ApicBus {
  deliver(message: ApicMessage): void;
  /** Hands a message to everyone but `sender` (`others`), or to the sender too (`all`). */
  broadcast(message: ApicMessage, sender: LocalApicPort, to: "all" | "others"): void;
  /** A processor has ended a level-triggered interrupt. */
  endOfInterrupt(vector: number): void;
}

/** A local APIC as messages reach it. */
export interface LocalApicPort {
  /** Whether a destination names this one. */
  matches(destination: number, logical: boolean): boolean;
  /** The priority (PPR) by which the lowest is found. */
  readonly processorPriority: number;
  receive(message: ApicMessage): void;
}

/** An I/O APIC as the ends of interrupts reach it. */
export interface IoApicPort {
  endOfInterrupt(vector: number): void;
}

/** The wires between the board's I/O APICs and its processors' local ones. */
export class ApicInterconnect implements ApicBus {
  readonly #locals: LocalApicPort[] = [];
  readonly #ios: IoApicPort[] = [];

  addLocal(apic: LocalApicPort): void {
    this.#locals.push(apic);
  }

  addIo(apic: IoApicPort): void {
    this.#ios.push(apic);
  }

  deliver(message: ApicMessage): void {
    const targets = this.#locals.filter((one) => one.matches(message.destination, message.logical));
    if (message.mode !== DeliveryMode.lowestPriority) {
      for (const target of targets) target.receive(message);
      return;
    }
    let lowest: LocalApicPort | undefined;
    for (const one of targets) {
      if (!lowest || one.processorPriority < lowest.processorPriority) lowest = one;
    }
    lowest?.receive(message);
  }

  broadcast(message: ApicMessage, sender: LocalApicPort, to: "all" | "others"): void {
    for (const one of this.#locals) if (to === "all" || one !== sender) one.receive(message);
  }

  endOfInterrupt(vector: number): void {
    for (const one of this.#ios) one.endOfInterrupt(vector);
  }
}
