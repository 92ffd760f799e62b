// One client's conversation in GDB's remote serial protocol. [GDB] appendix E.

import type { Debugger, WatchKind, Watchpoint } from "../../../core/debug/debugger.ts";
import { type MonitoredMachine, monitor } from "./monitor.ts";
import { encodePacket, fromHex, PACKET_SIZE, PacketReader, parseNumber, toHex } from "./packets.ts";
import { type Architecture, TargetDescription } from "./target-description.ts";

/** The machine, as far as a session drives it. */
export interface DebugTarget extends MonitoredMachine {
  readonly debugger: Debugger;
  readonly running: boolean;
  pause(): void;
  resume(): void;
  /** One instruction, or the delivery of an interrupt. True: an exception or interrupt was delivered. */
  step(interrupts: boolean): boolean;
  /** Ends the machine. */
  kill(): void;
}

const OK = "OK";
const UNKNOWN = "";
const BAD_REQUEST = "E16";
const NO_MEMORY = "E0e";
const FEATURES = "qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+";
const SIGINT = 2;
const SIGTRAP = 5;
const WATCH_KINDS: Readonly<Record<string, WatchKind>> = { 2: "write", 3: "read", 4: "access" };
const WATCH_NAMES: Readonly<Record<WatchKind, string>> = { write: "watch", read: "rwatch", access: "awatch" };
/** The one processor is a thread to GDB. */
const THREAD = "thread:1;";

const signal = (number: number): string => number.toString(16).padStart(2, "0");

export class GdbSession {
  readonly #target: DebugTarget;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #reader = new PacketReader();
  readonly #description: TargetDescription;
  #acknowledging = true;
  #lastStop = `T${signal(SIGTRAP)}${THREAD}`;
  /** A reply to `c` or `s` is due. */
  #awaited = false;

  constructor(target: DebugTarget, architecture: Architecture, send: (bytes: Uint8Array) => void) {
    this.#target = target;
    this.#send = send;
    this.#description = new TargetDescription(architecture);
    target.pause();
  }

  /** Bytes from the client. */
  receive(bytes: Uint8Array): void {
    for (const one of this.#reader.push(bytes)) {
      if (one.kind === "interrupt") this.#interrupt();
      else if (one.kind === "damaged") this.#raw("-");
      else {
        this.#raw("+");
        this.#handle(Buffer.from(one.payload));
      }
    }
  }

  /** The machine has stopped at a breakpoint, or before an access that is watched. */
  stopped(by: "breakpoint" | "watchpoint"): void {
    if (by === "breakpoint") {
      this.#reportStop(`T${signal(SIGTRAP)}swbreak:;${THREAD}`);
      return;
    }
    const met = this.#target.debugger.metWatchpoint;
    // An instruction that faults has not accessed what is watched.
    if (this.#target.step(false) || !met) this.#target.resume();
    else this.#reportStop(this.#watchStop(met));
  }

  #watchStop({ kind, address }: Watchpoint): string {
    return `T${signal(SIGTRAP)}${WATCH_NAMES[kind]}:${address.toString(16)};${THREAD}`;
  }

  /** The machine is off. */
  ended(): void {
    if (this.#awaited) this.#reply("W00");
    this.#awaited = false;
  }

  /** The client has gone: nothing of it stays in the machine, which stands as it stood. */
  close(): void {
    this.#target.debugger.clear();
  }

  #interrupt(): void {
    if (!this.#target.running) return;
    this.#target.pause();
    this.#reportStop(`T${signal(SIGINT)}${THREAD}`);
  }

  #reportStop(text: string): void {
    this.#lastStop = text;
    if (this.#awaited) this.#reply(text);
    this.#awaited = false;
  }

  #raw(text: string): void {
    if (this.#acknowledging) this.#send(Buffer.from(text));
  }

  #reply(text: string): void {
    this.#send(encodePacket(text));
  }

  #handle(payload: Buffer): void {
    // A client that speaks while the machine runs has lost count; what it reads must stand still.
    if (this.#target.running) this.#target.pause();
    const text = payload.toString("latin1");
    const answer = this.#answer(text, payload);
    if (answer !== undefined) this.#reply(answer);
    if (text === "QStartNoAckMode") this.#acknowledging = false;
    if (text.startsWith("D")) this.#target.resume();
  }

  /** The reply to a packet; undefined if none is due now. */
  #answer(text: string, payload: Buffer): string | undefined {
    const rest = text.slice(1);
    switch (text[0]) {
      case "?":
        return this.#lastStop;
      case "g":
        return this.#allRegisters();
      case "G":
        return this.#writeAllRegisters(rest);
      case "p":
        return this.#readRegister(rest);
      case "P":
        return this.#writeRegister(rest);
      case "m":
        return this.#readMemory(rest);
      case "M":
      case "X":
        return this.#writeMemory(text, payload);
      case "c":
      case "C":
      case "s":
      case "S":
        return this.#resume(text[0].toLowerCase(), text);
      case "Z":
      case "z":
        return this.#point(text[0] === "Z", rest);
      case "H":
      case "T":
      case "!":
        return OK;
      case "D":
        this.#target.debugger.clear();
        return OK;
      case "k":
        this.#target.kill();
        return undefined;
      case "v":
        return this.#verbose(text);
      case "q":
      case "Q":
        return this.#query(text);
      default:
        return UNKNOWN;
    }
  }

  // --- Registers ---

  #allRegisters(): string {
    const debug = this.#target.debugger;
    return Array.from({ length: this.#description.count }, (_, n) =>
      toHex(this.#description.read(debug, n)!),
    ).join("");
  }

  #writeAllRegisters(text: string): string {
    const bytes = fromHex(text);
    if (bytes?.length !== this.#description.size) return BAD_REQUEST;
    let at = 0;
    for (let n = 0; n < this.#description.count; n++) {
      const width = this.#description.widthOf(n);
      if (!this.#writeOne(n, bytes.subarray(at, at + width))) return BAD_REQUEST;
      at += width;
    }
    return OK;
  }

  #writeOne(number: number, bytes: Uint8Array): boolean {
    try {
      return this.#description.write(this.#target.debugger, number, bytes);
    } catch {
      // A selector that has a descriptor: the client is told by the error.
      return false;
    }
  }

  #readRegister(text: string): string {
    const number = parseNumber(text);
    if (number === undefined || number > 0xffffn) return BAD_REQUEST;
    const bytes = this.#description.read(this.#target.debugger, Number(number));
    return bytes ? toHex(bytes) : BAD_REQUEST;
  }

  #writeRegister(text: string): string {
    const [name, value = ""] = text.split("=");
    const number = parseNumber(name);
    const bytes = fromHex(value);
    if (number === undefined || number > 0xffffn || !bytes) return BAD_REQUEST;
    return this.#writeOne(Number(number), bytes) ? OK : BAD_REQUEST;
  }

  // --- Memory ---

  #readMemory(text: string): string {
    const [address, length] = text.split(",").map(parseNumber);
    if (address === undefined || length === undefined) return BAD_REQUEST;
    const most = BigInt(PACKET_SIZE / 2);
    const bytes = this.#target.debugger.readLinear(address, Number(length < most ? length : most));
    return bytes.length === 0 && length > 0n ? NO_MEMORY : toHex(bytes);
  }

  #writeMemory(text: string, payload: Buffer): string {
    const colon = text.indexOf(":");
    const [address, length] = text.slice(1, Math.max(1, colon)).split(",").map(parseNumber);
    const bytes = text[0] === "X" ? payload.subarray(colon + 1) : fromHex(text.slice(colon + 1));
    if (colon < 0 || address === undefined || length === undefined || !bytes) return BAD_REQUEST;
    if (BigInt(bytes.length) !== length) return BAD_REQUEST;
    return this.#target.debugger.writeLinear(address, bytes) ? OK : NO_MEMORY;
  }

  // --- Running ---

  #resume(action: string, text: string): string | undefined {
    // C and S name a signal first, which nobody here takes.
    const place = /^[cs]/.test(text) ? text.slice(1) : text.split(";")[1];
    if (place) {
      const address = parseNumber(place);
      if (address === undefined) return BAD_REQUEST;
      this.#target.debugger.register("rip").set?.(address);
    }
    this.#awaited = true;
    if (action === "s") {
      this.#target.step(true);
      this.#reportStop(`T${signal(SIGTRAP)}${THREAD}`);
      return undefined;
    }
    // The client knows of a breakpoint where the machine stands.
    this.#target.step(true);
    this.#target.resume();
    return undefined;
  }

  #point(insert: boolean, text: string): string {
    const [type, place, kind] = text.split(";")[0]!.split(",");
    const address = parseNumber(place);
    const length = parseNumber(kind);
    if (address === undefined || length === undefined) return BAD_REQUEST;
    const debug = this.#target.debugger;
    if (type === "0" || type === "1") {
      if (insert) debug.addBreakpoint(address);
      else debug.removeBreakpoint(address);
      return OK;
    }
    const watch = WATCH_KINDS[type ?? ""];
    if (!watch) return UNKNOWN;
    const watchpoint = { kind: watch, address, length: Number(length) };
    if (!insert) {
      debug.removeWatchpoint(watchpoint);
      return OK;
    }
    try {
      debug.addWatchpoint(watchpoint);
      return OK;
    } catch {
      // Too many, or too long: GDB says so to its user.
      return BAD_REQUEST;
    }
  }

  #verbose(text: string): string | undefined {
    if (text === "vCont?") return "vCont;c;C;s;S";
    if (text.startsWith("vCont;")) {
      const action = text[6]?.toLowerCase() ?? "";
      if (action !== "c" && action !== "s") return BAD_REQUEST;
      return this.#resume(action, action);
    }
    if (text.startsWith("vKill")) {
      this.#target.kill();
      return OK;
    }
    return UNKNOWN;
  }

  // --- Queries ---

  #query(text: string): string {
    const [name = ""] = text.split(/[:,;]/);
    switch (name) {
      case "qSupported":
        return `PacketSize=${PACKET_SIZE.toString(16)};${FEATURES}`;
      case "QStartNoAckMode":
        return OK;
      case "qXfer":
        return this.#transfer(text);
      case "qRcmd":
        return this.#command(text.slice("qRcmd,".length));
      case "qAttached":
        return "1";
      case "qC":
        return "QC1";
      case "qfThreadInfo":
        return "m1";
      case "qsThreadInfo":
        return "l";
      default:
        return UNKNOWN;
    }
  }

  #transfer(text: string): string {
    const match = /^qXfer:features:read:target\.xml:([0-9a-f]+),([0-9a-f]+)$/i.exec(text);
    if (!match) return text.startsWith("qXfer:features:read:") ? "E00" : UNKNOWN;
    const offset = Number.parseInt(match[1]!, 16);
    const length = Math.min(Number.parseInt(match[2]!, 16), PACKET_SIZE / 2);
    const { xml } = this.#description;
    return (offset + length < xml.length ? "m" : "l") + xml.slice(offset, offset + length);
  }

  #command(text: string): string {
    const bytes = fromHex(text);
    if (!bytes) return BAD_REQUEST;
    const answer = Buffer.from(monitor(this.#target, Buffer.from(bytes).toString("latin1")), "latin1");
    const most = PACKET_SIZE / 4;
    for (let at = 0; at < answer.length; at += most) this.#reply(`O${toHex(answer.subarray(at, at + most))}`);
    return OK;
  }
}
