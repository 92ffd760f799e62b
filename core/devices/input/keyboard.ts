import type { Alarm, Clock } from "../../board/clock.ts";
import type { Device } from "../../board/device.ts";
import { ACK, BAT_PASSED, type Ps2Device, RESEND } from "./ps2-device.ts";
import { isKey, isTypematic, type KeyModifiers, keyBytes } from "./scan-codes.ts";

/** Commands. [PS2] */
const SET_LEDS = 0xed;
const ECHO = 0xee;
const SCAN_CODE_SET = 0xf0;
const READ_ID = 0xf2;
const SET_TYPEMATIC = 0xf3;
const ENABLE = 0xf4;
const DEFAULT_DISABLE = 0xf5;
const SET_DEFAULT = 0xf6;
const ALL_TYPEMATIC = 0xf7;
const ALL_MAKE_BREAK = 0xf8;
const ALL_MAKE = 0xf9;
const ALL_TYPEMATIC_MAKE_BREAK = 0xfa;
const KEY_TYPEMATIC = 0xfb;
const KEY_MAKE = 0xfd;
const RESEND_COMMAND = 0xfe;
const RESET = 0xff;

/** Answer to READ_ID: an MF2 keyboard. */
const ID = [0xab, 0x83];
const BUFFER_SIZE = 16;
/** Sent in place of what the buffer had no room for. */
const OVERRUN_SET1 = 0xff;
const OVERRUN = 0x00;
/** Key events of a person, or of a pasted text, that wait for room in the buffer. */
const WAITING_LIMIT = 4096;
/** 500 ms, then 10.9 characters a second. */
const DEFAULT_TYPEMATIC = 0x2b;
const TYPEMATIC_TICK_NS = 4_170_000;

interface HeldKey {
  code: string;
  /** As they were when the key went down: its release must match. */
  modifiers: KeyModifiers;
}

interface KeyEvent extends HeldKey {
  down: boolean;
}

interface KeyboardState {
  enabled: boolean;
  scanSet: number;
  /** Bits 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. */
  leds: number;
  typematic: number;
  /** Set 3 only: whether keys send break codes, and whether they repeat. */
  set3Breaks: boolean;
  set3Repeats: boolean;
  /** The command whose parameter comes next. */
  awaiting: number | null;
  lastSent: number;
  /** Answers to commands: sent before key codes. */
  answers: number[];
  buffer: number[];
  waiting: KeyEvent[];
  held: HeldKey[];
  /** The key that repeats, and when next, in nanoseconds. */
  repeat: { key: HeldKey; at: number } | null;
}

const powerOn = (): KeyboardState => ({
  enabled: true,
  scanSet: 2,
  leds: 0,
  typematic: DEFAULT_TYPEMATIC,
  set3Breaks: true,
  set3Repeats: true,
  awaiting: null,
  lastSent: 0,
  answers: [],
  buffer: [],
  waiting: [],
  held: [],
  repeat: null,
});

/**
 * AT keyboard of 105 keys with scan sets 1, 2 and 3. [PS2]
 *
 * Departures: the self test takes no time; cursor keys bring no shift codes of their own with Num Lock on; in set 3
 * the key type can be set for all keys only (commands for single keys are taken and have no effect) and starts as
 * typematic with break codes.
 */
export class Keyboard implements Device, Ps2Device {
  readonly name = "keyboard";
  readonly version = 1;
  state: KeyboardState = powerOn();
  onData: () => void = () => {};
  /** Called when the guest switches the lights. Bits 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. */
  onLeds: (leds: number) => void = () => {};
  readonly #clock: Clock;
  readonly #repeat: Alarm;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#repeat = clock.alarm(() => this.#repeatKey());
  }

  /** As after power-on, but keys that are held stay so. */
  reset(): void {
    this.state = { ...powerOn(), held: this.state.held };
    this.#stopRepeat();
    this.onLeds(0);
  }

  afterLoad(): void {
    if (this.state.repeat) this.#repeat.set(this.state.repeat.at);
    else this.#repeat.cancel();
    this.onLeds(this.state.leds);
  }

  /**
   * A physical key goes down or up, by `KeyboardEvent.code`. A key that is down already is ignored: the keyboard
   * repeats by itself. No key is lost while the guest is slow to read.
   */
  key(code: string, down: boolean): void {
    if (!isKey(code)) return;
    const state = this.state;
    const index = state.held.findIndex((key) => key.code === code);
    if (down) {
      if (index >= 0) return;
      const key = { code, modifiers: this.#modifiers() };
      state.held.push(key);
      this.#enqueue({ ...key, down });
      if (isTypematic(code) && (state.scanSet !== 3 || state.set3Repeats)) this.#startRepeat(key);
    } else {
      if (index < 0) return;
      const [key] = state.held.splice(index, 1);
      if (state.repeat?.key.code === code) this.#stopRepeat();
      this.#enqueue({ ...key!, down });
    }
  }

  get hasData(): boolean {
    return this.state.answers.length > 0 || this.state.buffer.length > 0;
  }

  take(): number | undefined {
    const state = this.state;
    const byte = state.answers.shift() ?? state.buffer.shift();
    if (byte === undefined) return undefined;
    if (byte !== RESEND) state.lastSent = byte;
    this.#encodeWaiting();
    return byte;
  }

  receive(byte: number): void {
    const awaiting = this.state.awaiting;
    this.state.awaiting = null;
    // A command in place of a parameter is a command; every parameter is less.
    if (awaiting !== null && byte < SET_LEDS) this.#parameter(awaiting, byte);
    else this.#command(byte);
    if (this.hasData) this.onData();
  }

  #command(byte: number): void {
    const state = this.state;
    switch (byte) {
      case ECHO:
        state.answers.push(ECHO);
        return;
      case SET_LEDS:
      case SCAN_CODE_SET:
      case SET_TYPEMATIC:
        state.awaiting = byte;
        break;
      case READ_ID:
        state.answers.push(ACK, ...ID);
        return;
      case ENABLE:
        this.#clear();
        state.enabled = true;
        break;
      case DEFAULT_DISABLE:
        this.#setDefaults();
        state.enabled = false;
        break;
      case SET_DEFAULT:
        this.#setDefaults();
        state.enabled = true;
        break;
      case ALL_TYPEMATIC:
      case ALL_MAKE_BREAK:
      case ALL_MAKE:
      case ALL_TYPEMATIC_MAKE_BREAK:
        this.#clear();
        state.set3Breaks = byte === ALL_MAKE_BREAK || byte === ALL_TYPEMATIC_MAKE_BREAK;
        state.set3Repeats = byte === ALL_TYPEMATIC || byte === ALL_TYPEMATIC_MAKE_BREAK;
        break;
      case RESEND_COMMAND:
        state.answers.push(state.lastSent);
        return;
      case RESET:
        this.reset();
        this.state.answers.push(ACK, BAT_PASSED);
        return;
      default:
        if (byte < KEY_TYPEMATIC || byte > KEY_MAKE) {
          state.answers.push(RESEND);
          return;
        }
        // The type of single keys: their codes follow until the next command.
        state.awaiting = byte;
    }
    state.answers.push(ACK);
  }

  #parameter(command: number, value: number): void {
    const state = this.state;
    switch (command) {
      case SET_LEDS:
        if (value > 7) break;
        state.leds = value;
        state.answers.push(ACK);
        this.onLeds(value);
        return;
      case SET_TYPEMATIC:
        if (value > 0x7f) break;
        state.typematic = value;
        state.answers.push(ACK);
        return;
      case SCAN_CODE_SET:
        if (value > 3) break;
        if (value === 0) {
          state.answers.push(ACK, state.scanSet);
        } else {
          this.#clear();
          state.scanSet = value;
          state.answers.push(ACK);
        }
        return;
      default:
        state.awaiting = command;
        state.answers.push(ACK);
        return;
    }
    state.awaiting = command;
    state.answers.push(RESEND);
  }

  #setDefaults(): void {
    const state = this.state;
    this.#clear();
    state.scanSet = 2;
    state.typematic = DEFAULT_TYPEMATIC;
    state.set3Breaks = true;
    state.set3Repeats = true;
  }

  #clear(): void {
    this.state.buffer = [];
    this.state.waiting = [];
    this.#stopRepeat();
  }

  #modifiers(): KeyModifiers {
    const isHeld = (...codes: string[]) => this.state.held.some(({ code }) => codes.includes(code));
    return {
      shift: isHeld("ShiftLeft", "ShiftRight"),
      control: isHeld("ControlLeft", "ControlRight"),
      alt: isHeld("AltLeft", "AltRight"),
    };
  }

  #enqueue(event: KeyEvent): void {
    const state = this.state;
    if (!state.enabled) return;
    if (state.waiting.length >= WAITING_LIMIT) {
      // The last place tells the guest that keys were lost.
      if (state.buffer.length < BUFFER_SIZE) state.buffer.push(this.#overrunCode);
      else state.buffer[BUFFER_SIZE - 1] = this.#overrunCode;
      return;
    }
    state.waiting.push(event);
    this.#encodeWaiting();
    if (this.hasData) this.onData();
  }

  get #overrunCode(): number {
    return this.state.scanSet === 1 ? OVERRUN_SET1 : OVERRUN;
  }

  #encodeWaiting(): void {
    const { buffer, waiting } = this.state;
    while (waiting.length > 0) {
      const bytes = this.#bytesOf(waiting[0]!);
      if (buffer.length + bytes.length > BUFFER_SIZE) return;
      buffer.push(...bytes);
      waiting.shift();
    }
  }

  #bytesOf({ code, down, modifiers }: KeyEvent): number[] {
    if (!down && this.state.scanSet === 3 && !this.state.set3Breaks) return [];
    return keyBytes(this.state.scanSet, code, down, modifiers);
  }

  #startRepeat(key: HeldKey): void {
    const delayNs = (1 + ((this.state.typematic >> 5) & 3)) * 250_000_000;
    this.#repeatAt(key, this.#clock.now() + delayNs);
  }

  #repeatKey(): void {
    const state = this.state;
    if (!state.repeat) return;
    const { key } = state.repeat;
    // A repetition that finds the guest behind is left out; a key press never is.
    if (state.enabled && state.buffer.length === 0) {
      // Of Print Screen's codes only the key's own repeats, as with a shift held.
      const modifiers = key.code === "PrintScreen" ? { ...key.modifiers, shift: true } : key.modifiers;
      state.buffer.push(...keyBytes(state.scanSet, key.code, true, modifiers));
      this.onData();
    }
    const periodTicks = (8 + (state.typematic & 7)) << ((state.typematic >> 3) & 3);
    this.#repeatAt(key, this.#clock.now() + periodTicks * TYPEMATIC_TICK_NS);
  }

  #repeatAt(key: HeldKey, at: number): void {
    this.state.repeat = { key, at };
    this.#repeat.set(at);
  }

  #stopRepeat(): void {
    this.state.repeat = null;
    this.#repeat.cancel();
  }
}
