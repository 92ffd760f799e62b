import { ebda, ebdaSegment } from "../bda.ts";
import type { Call, Outcome } from "../call.ts";
import type { Ports } from "../hardware.ts";

const DATA = 0x60;
const CONTROL = 0x64;
const OUTPUT_FULL = 0x01;
const AUX_OUTPUT = 0x20;
const READ_MODE = 0x20;
const WRITE_MODE = 0x60;
const ENABLE_AUX = 0xa8;
const WRITE_AUX = 0xd4;
const MODE_AUX_INTERRUPT = 0x02;
const MODE_AUX_DISABLE = 0x20;

/** Commands of the mouse. [PS2] */
const Command = {
  scaling1: 0xe6,
  scaling2: 0xe7,
  resolution: 0xe8,
  status: 0xe9,
  identify: 0xf2,
  sampleRate: 0xf3,
  enable: 0xf4,
  disable: 0xf5,
  reset: 0xff,
} as const;

/** Results of INT 15h AH=C2h in AH. */
const Result = { ok: 0, badFunction: 1, badInput: 2, interfaceError: 3, noHandler: 5 } as const;

const SAMPLE_RATES = [10, 20, 40, 60, 80, 100, 200];
const BASE = ebdaSegment * 16;
const FLAGS = BASE + ebda.mouseFlags;
const FLAGS2 = BASE + ebda.mouseFlags2;
const PACKET = BASE + ebda.mousePacket;
const HANDLER = BASE + ebda.mouseHandler;
/** Of {@link FLAGS2}: a handler is there, reporting is on; the rest is bytes a packet minus one. */
const HAS_HANDLER = 0x80;
const REPORTING = 0x40;
/** The mouse has not answered within so many looks: there is none. */
const PATIENCE = 100_000;

/** A conversation with the mouse under way. Plain data. */
export interface MouseExchange {
  sent: number;
  replies: number[];
  looks: number;
}

export interface MouseState {
  exchange: MouseExchange | null;
}

/** A byte to the mouse, and how many it answers with (the acknowledgement among them). */
type Step = [byte: number, replies: number];

/** The pointing device functions, INT 15h AH=C2h, and its interrupt. [PS2] */
export class MouseBios {
  readonly #io: Ports;
  readonly #state: () => MouseState;

  constructor(io: Ports, state: () => MouseState) {
    this.#io = io;
    this.#state = state;
  }

  #setMode(set: number, clear: number): void {
    this.#io.outb(CONTROL, READ_MODE);
    const mode = this.#io.inb(DATA);
    this.#io.outb(CONTROL, WRITE_MODE);
    this.#io.outb(DATA, (mode & ~clear) | set);
  }

  /** Sends bytes one after another, each when the one before has been answered. Undefined: not done yet. */
  #converse(steps: Step[]): number[] | "failed" | undefined {
    const state = this.#state();
    if (!state.exchange) {
      state.exchange = { sent: 0, replies: [], looks: 0 };
      this.#io.outb(CONTROL, ENABLE_AUX);
      this.#setMode(0, MODE_AUX_INTERRUPT | MODE_AUX_DISABLE);
    }
    const { exchange } = state;
    const status = this.#io.inb(CONTROL);
    if ((status & (OUTPUT_FULL | AUX_OUTPUT)) === (OUTPUT_FULL | AUX_OUTPUT)) {
      const byte = this.#io.inb(DATA);
      if (exchange.sent > 0) exchange.replies.push(byte);
    }
    const expected = steps.slice(0, exchange.sent).reduce((sum, [, replies]) => sum + replies, 0);
    if (exchange.replies.length >= expected) {
      const next = steps[exchange.sent];
      if (!next) return this.#finish(exchange.replies);
      this.#io.outb(CONTROL, WRITE_AUX);
      this.#io.outb(DATA, next[0]);
      exchange.sent++;
      exchange.looks = 0;
    } else if (++exchange.looks > PATIENCE) {
      return this.#finish("failed");
    }
    return undefined;
  }

  #finish<T>(result: T): T {
    this.#state().exchange = null;
    this.#setMode(MODE_AUX_INTERRUPT, 0);
    return result;
  }

  #steps(call: Call): Step[] | undefined {
    switch (call.al) {
      case 0x00:
        return [[call.bh === 1 ? Command.enable : Command.disable, 1]];
      case 0x01:
      case 0x05:
        return [[Command.reset, 3]];
      case 0x02: {
        const rate = SAMPLE_RATES[call.bh];
        return rate === undefined
          ? undefined
          : [
              [Command.sampleRate, 1],
              [rate, 1],
            ];
      }
      case 0x03:
        return call.bh > 3
          ? undefined
          : [
              [Command.resolution, 1],
              [call.bh, 1],
            ];
      case 0x04:
        return [[Command.identify, 2]];
      case 0x06:
        if (call.bh === 0) return [[Command.status, 4]];
        if (call.bh > 2) return undefined;
        return [[call.bh === 1 ? Command.scaling1 : Command.scaling2, 1]];
      default:
        return [];
    }
  }

  /** INT 15h AH=C2h. */
  call(call: Call): Outcome {
    const result = this.#function(call);
    if (result === undefined) return "spin";
    call.ah = result;
    call.carry = result !== Result.ok;
    return undefined;
  }

  #function(call: Call): number | undefined {
    const { memory } = call;
    if (call.al > 0x07) return Result.badFunction;
    if (call.al === 0x07) {
      memory.write16(HANDLER, call.bx);
      memory.write16(HANDLER + 2, call.cpu.es);
      const flags = memory.read8(FLAGS2);
      const present = call.bx !== 0 || call.cpu.es !== 0;
      memory.write8(FLAGS2, present ? flags | HAS_HANDLER : flags & ~HAS_HANDLER);
      return Result.ok;
    }
    if (call.al === 0x00 && call.bh > 1) return Result.badInput;
    if (call.al === 0x05 && (call.bh < 1 || call.bh > 8)) return Result.badInput;
    if (call.al === 0x00 && call.bh === 1 && !(memory.read8(FLAGS2) & HAS_HANDLER)) return Result.noHandler;
    const steps = this.#steps(call);
    if (!steps) return Result.badInput;
    const replies = this.#converse(steps);
    if (replies === undefined) return undefined;
    if (replies === "failed") return Result.interfaceError;
    this.#apply(call, replies);
    return Result.ok;
  }

  #apply(call: Call, replies: number[]): void {
    const { memory } = call;
    const flags = memory.read8(FLAGS2);
    switch (call.al) {
      case 0x00:
        memory.write8(FLAGS, 0);
        memory.write8(FLAGS2, call.bh === 1 ? flags | REPORTING : flags & ~REPORTING);
        break;
      case 0x01:
        call.bl = replies[1]!;
        call.bh = replies[2]!;
        break;
      case 0x04:
        call.bh = replies[1]!;
        break;
      case 0x05:
        memory.write8(FLAGS, 0);
        memory.write8(FLAGS2, (flags & HAS_HANDLER) | (call.bh - 1));
        break;
      case 0x06:
        if (call.bh !== 0) break;
        call.bl = replies[1]!;
        call.cl = replies[2]!;
        call.dl = replies[3]!;
        break;
      default:
    }
  }

  /**
   * IRQ 12: takes in a byte. True when it completes a packet for the program's handler: its words are then in AX
   * (status), BX (x), CX (y), DX (0), and the handler's address in ES:DI.
   */
  interrupt(call: Call): boolean {
    const status = this.#io.inb(CONTROL);
    if ((status & (OUTPUT_FULL | AUX_OUTPUT)) !== (OUTPUT_FULL | AUX_OUTPUT)) return false;
    const byte = this.#io.inb(DATA);
    const { memory } = call;
    const flags = memory.read8(FLAGS2);
    if ((flags & (HAS_HANDLER | REPORTING)) !== (HAS_HANDLER | REPORTING)) return false;
    const index = memory.read8(FLAGS) & 7;
    memory.write8(PACKET + index, byte);
    const last = Math.max(flags & 7, 2);
    if (index < last) {
      memory.write8(FLAGS, index + 1);
      return false;
    }
    memory.write8(FLAGS, 0);
    call.ax = memory.read8(PACKET);
    call.bx = memory.read8(PACKET + 1);
    call.cx = memory.read8(PACKET + 2);
    call.dx = last > 2 ? memory.read8(PACKET + 3) : 0;
    call.di = memory.read16(HANDLER);
    call.cpu.es = memory.read16(HANDLER + 2);
    return true;
  }
}
