import type { Alarm, Clock } from "../../board/clock.ts";
import type { Device } from "../../board/device.ts";
import { ACK, BAT_PASSED, type Ps2Device, RESEND } from "./ps2-device.ts";

/** Commands. [PS2] */
const SET_SCALING_1_1 = 0xe6;
const SET_SCALING_2_1 = 0xe7;
const SET_RESOLUTION = 0xe8;
const STATUS_REQUEST = 0xe9;
const SET_STREAM_MODE = 0xea;
const READ_DATA = 0xeb;
const RESET_WRAP_MODE = 0xec;
const SET_WRAP_MODE = 0xee;
const SET_REMOTE_MODE = 0xf0;
const READ_DEVICE_TYPE = 0xf2;
const SET_SAMPLING_RATE = 0xf3;
const ENABLE = 0xf4;
const DISABLE = 0xf5;
const SET_DEFAULT = 0xf6;
const RESEND_COMMAND = 0xfe;
const RESET = 0xff;

const SECOND_ERROR = 0xfc;
const SAMPLING_RATES = [10, 20, 40, 60, 80, 100, 200];

/** Device types: what READ_DEVICE_TYPE answers. */
const TYPE_PLAIN = 0;
const TYPE_WHEEL = 3;
const TYPE_FIVE_BUTTONS = 4;
/** The sampling rates set one after the other that unlock the wheel, and then buttons 4 and 5. */
const KNOCK_WHEEL = [200, 100, 80];
const KNOCK_FIVE_BUTTONS = [200, 200, 80];

const BUTTON_LEFT = 1;
const BUTTON_RIGHT = 2;
const BUTTON_MIDDLE = 4;

/** Movements that wait to be reported; beyond them, moves join the last. */
const WAITING_LIMIT = 64;
/** What the counters of a real mouse can hold, and ours between two reports. */
const REPORT_LIMIT = 255;
const COUNTER_LIMIT = 4095;

/** Movement under one state of the buttons: right, up and wheel-down positive, in counts and notches. */
interface Movement {
  dx: number;
  dy: number;
  wheel: number;
  buttons: number;
  xOverflow: boolean;
  yOverflow: boolean;
}

interface MouseState {
  type: number;
  mode: "stream" | "remote";
  wrap: boolean;
  enabled: boolean;
  /** Reports a second. */
  sampleRate: number;
  /** 0 to 3: 1, 2, 4 or 8 counts a millimetre. */
  resolution: number;
  scaling21: boolean;
  awaiting: number | null;
  /** The parameter before was refused; a second refusal in a row is an error. */
  refused: boolean;
  lastRates: number[];
  lastSent: number[];
  output: number[];
  waiting: Movement[];
  /** Bits 0 left, 1 right, 2 middle, 3 and 4 the side buttons, as last reported by the person's hand. */
  buttons: number;
  /** When the next report may be made, in nanoseconds. */
  reportAt: number;
  reportPending: boolean;
}

const powerOn = (): MouseState => ({
  type: TYPE_PLAIN,
  mode: "stream",
  wrap: false,
  enabled: false,
  sampleRate: 100,
  resolution: 2,
  scaling21: false,
  awaiting: null,
  refused: false,
  lastRates: [],
  lastSent: [],
  output: [],
  waiting: [],
  buttons: 0,
  reportAt: 0,
  reportPending: false,
});

/** The 2:1 scaling of stream mode. [PS2] */
const SCALED = [0, 1, 1, 3, 6, 9];

const scale21 = (count: number): number => {
  const size = Math.abs(count);
  return Math.sign(count) * (SCALED[size] ?? 2 * size);
};

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));

/**
 * PS/2 mouse; after Microsoft's knocks of sampling rates it has a wheel, and five buttons. [PS2]
 *
 * Departures: a move too far for one report goes on in the next ones instead of overflowing at 255 counts, and a
 * click is never lost between two reports; the self test takes no time; resolution has no effect on the counts, as
 * the movement comes from a pointer that has been measured already.
 */
export class Mouse implements Device, Ps2Device {
  readonly name = "mouse";
  readonly version = 1;
  state: MouseState = powerOn();
  onData: () => void = () => {};
  readonly #clock: Clock;
  readonly #report: Alarm;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#report = clock.alarm(() => {
      this.state.reportPending = false;
      this.#reportMovement();
    });
  }

  /** As after power-on, but buttons that are held stay so. */
  reset(): void {
    this.state = { ...powerOn(), buttons: this.state.buttons };
    this.#report.cancel();
  }

  afterLoad(): void {
    if (this.state.reportPending) this.#report.set(this.state.reportAt);
    else this.#report.cancel();
  }

  /**
   * The person moves the mouse: counts right and down positive, wheel in notches, down positive.
   * `buttons`: bits 0 left, 1 right, 2 middle, 3 back, 4 forward.
   */
  move(dx: number, dy: number, wheel: number, buttons: number): void {
    const state = this.state;
    const changed = buttons !== state.buttons;
    state.buttons = buttons;
    if (state.mode === "stream" && !state.enabled) return;
    if (!changed && dx === 0 && dy === 0 && wheel === 0) return;
    let last = state.waiting.at(-1);
    const full = state.waiting.length >= WAITING_LIMIT;
    if (!last || (last.buttons !== buttons && !full)) {
      last = { dx: 0, dy: 0, wheel: 0, buttons, xOverflow: false, yOverflow: false };
      state.waiting.push(last);
    }
    last.buttons = buttons;
    last.xOverflow ||= Math.abs(last.dx + dx) > COUNTER_LIMIT;
    last.yOverflow ||= Math.abs(last.dy - dy) > COUNTER_LIMIT;
    last.dx = clamp(last.dx + Math.trunc(dx), COUNTER_LIMIT);
    last.dy = clamp(last.dy - Math.trunc(dy), COUNTER_LIMIT);
    last.wheel = clamp(last.wheel + Math.trunc(wheel), COUNTER_LIMIT);
    this.#reportMovement();
  }

  get hasData(): boolean {
    return this.state.output.length > 0;
  }

  take(): number | undefined {
    const byte = this.state.output.shift();
    this.#reportMovement();
    return byte;
  }

  receive(byte: number): void {
    const state = this.state;
    // Anything the guest sends stops a report on its way.
    state.output = [];
    const awaiting = state.awaiting;
    state.awaiting = null;
    if (state.wrap && byte !== RESET && byte !== RESET_WRAP_MODE) state.output.push(byte);
    else if (awaiting !== null) this.#parameter(awaiting, byte);
    else this.#command(byte);
    if (this.hasData) this.onData();
  }

  #answer(...bytes: number[]): void {
    this.state.refused = false;
    this.state.lastSent = bytes;
    this.state.output.push(...bytes);
  }

  #command(byte: number): void {
    const state = this.state;
    switch (byte) {
      case SET_SCALING_1_1:
      case SET_SCALING_2_1:
        state.scaling21 = byte === SET_SCALING_2_1;
        break;
      case SET_RESOLUTION:
      case SET_SAMPLING_RATE:
        state.awaiting = byte;
        break;
      case STATUS_REQUEST:
        this.#answer(ACK, this.#status(), state.resolution, state.sampleRate);
        return;
      case SET_STREAM_MODE:
      case SET_REMOTE_MODE:
        state.mode = byte === SET_REMOTE_MODE ? "remote" : "stream";
        state.waiting = [];
        break;
      case READ_DATA:
        this.#answer(ACK, ...this.#nextReport(false));
        return;
      case SET_WRAP_MODE:
      case RESET_WRAP_MODE:
        state.wrap = byte === SET_WRAP_MODE;
        state.waiting = [];
        break;
      case READ_DEVICE_TYPE:
        this.#answer(ACK, state.type);
        return;
      case ENABLE:
      case DISABLE:
        state.enabled = byte === ENABLE;
        state.waiting = [];
        break;
      case SET_DEFAULT: {
        const { type, buttons, lastRates } = state;
        this.state = { ...powerOn(), type, buttons, lastRates };
        break;
      }
      case RESEND_COMMAND:
        this.#answer(...state.lastSent);
        return;
      case RESET:
        this.reset();
        this.#answer(ACK, BAT_PASSED, TYPE_PLAIN);
        return;
      default:
        this.#refuse();
        return;
    }
    this.#answer(ACK);
  }

  #parameter(command: number, value: number): void {
    const state = this.state;
    if (command === SET_RESOLUTION && value <= 3) {
      state.resolution = value;
    } else if (command === SET_SAMPLING_RATE && SAMPLING_RATES.includes(value)) {
      state.sampleRate = value;
      this.#knock(value);
    } else {
      if (!state.refused) state.awaiting = command;
      this.#refuse();
      return;
    }
    this.#answer(ACK);
  }

  /** RESEND at the first invalid byte, error at the second in a row. */
  #refuse(): void {
    const state = this.state;
    state.output.push(state.refused ? SECOND_ERROR : RESEND);
    state.refused = !state.refused;
  }

  #knock(rate: number): void {
    const state = this.state;
    state.lastRates = [...state.lastRates, rate].slice(-3);
    const matches = (knock: number[]) => knock.every((one, i) => state.lastRates[i] === one);
    if (matches(KNOCK_WHEEL) && state.type === TYPE_PLAIN) state.type = TYPE_WHEEL;
    else if (matches(KNOCK_FIVE_BUTTONS) && state.type === TYPE_WHEEL) state.type = TYPE_FIVE_BUTTONS;
  }

  /** Byte 1 of the status: its buttons are in the reverse order of a report's. */
  #status(): number {
    const { mode, enabled, scaling21, buttons } = this.state;
    return (
      (mode === "remote" ? 0x40 : 0) |
      (enabled ? 0x20 : 0) |
      (scaling21 ? 0x10 : 0) |
      (buttons & BUTTON_LEFT ? 4 : 0) |
      (buttons & BUTTON_MIDDLE ? 2 : 0) |
      (buttons & BUTTON_RIGHT ? 1 : 0)
    );
  }

  /** Makes a report in stream mode when there is something to tell, the last one is gone, and it is time. */
  #reportMovement(): void {
    const state = this.state;
    if (state.mode !== "stream" || !state.enabled || state.wrap || state.awaiting !== null) return;
    if (state.waiting.length === 0 || state.output.length > 0 || state.reportPending) return;
    const now = this.#clock.now();
    if (now < state.reportAt) {
      state.reportPending = true;
      this.#report.set(state.reportAt);
      return;
    }
    state.reportAt = now + Math.round(1e9 / state.sampleRate);
    const report = this.#nextReport(state.scaling21);
    state.lastSent = report;
    state.output.push(...report);
    this.onData();
  }

  /** Three bytes, or four with a wheel; takes what it reports off the counters. */
  #nextReport(scaling21: boolean): number[] {
    const state = this.state;
    const movement = state.waiting[0] ?? {
      dx: 0,
      dy: 0,
      wheel: 0,
      buttons: state.buttons,
      xOverflow: false,
      yOverflow: false,
    };
    // A count that doubles must still fit.
    const limit = scaling21 ? REPORT_LIMIT >> 1 : REPORT_LIMIT;
    const takenX = clamp(movement.dx, limit);
    const takenY = clamp(movement.dy, limit);
    const takenWheel = clamp(movement.wheel, 7);
    movement.dx -= takenX;
    movement.dy -= takenY;
    movement.wheel = state.type === TYPE_PLAIN ? 0 : movement.wheel - takenWheel;
    const { xOverflow, yOverflow, buttons } = movement;
    movement.xOverflow = false;
    movement.yOverflow = false;
    if (movement.dx === 0 && movement.dy === 0 && movement.wheel === 0) state.waiting.shift();
    const x = scaling21 ? scale21(takenX) : takenX;
    const y = scaling21 ? scale21(takenY) : takenY;
    const report = [
      (buttons & 7) |
        0x08 |
        (x < 0 ? 0x10 : 0) |
        (y < 0 ? 0x20 : 0) |
        (xOverflow ? 0x40 : 0) |
        (yOverflow ? 0x80 : 0),
      x & 0xff,
      y & 0xff,
    ];
    if (state.type === TYPE_WHEEL) report.push(takenWheel & 0xff);
    if (state.type === TYPE_FIVE_BUTTONS) report.push((takenWheel & 0x0f) | ((buttons & 0x18) << 1));
    return report;
  }
}
