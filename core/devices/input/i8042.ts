import type { Alarm, Clock } from "../../board/clock.ts";
import type { BusTarget, Device, Line } from "../../board/device.ts";
import type { Ps2Device } from "./ps2-device.ts";
import { set2ToSet1 } from "./scan-codes.ts";

/** Status register. [8042] */
const STATUS_OUTPUT_FULL = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
const STATUS_AUX_OUTPUT_FULL = 0x20;

/** Command byte. */
const MODE_KEYBOARD_INTERRUPT = 0x01;
const MODE_AUX_INTERRUPT = 0x02;
const MODE_SYSTEM = 0x04;
const MODE_KEYBOARD_DISABLE = 0x10;
const MODE_AUX_DISABLE = 0x20;
const MODE_TRANSLATE = 0x40;

/** Commands (port 64h). 20h to 3Fh and 60h to 7Fh read and write a byte of the controller's RAM. */
const TEST_PASSWORD = 0xa4;
const DISABLE_AUX = 0xa7;
const ENABLE_AUX = 0xa8;
const TEST_AUX = 0xa9;
const SELF_TEST = 0xaa;
const TEST_KEYBOARD = 0xab;
const DISABLE_KEYBOARD = 0xad;
const ENABLE_KEYBOARD = 0xae;
const READ_INPUT_PORT = 0xc0;
const READ_OUTPUT_PORT = 0xd0;
const WRITE_OUTPUT_PORT = 0xd1;
const WRITE_KEYBOARD_OUTPUT = 0xd2;
const WRITE_AUX_OUTPUT = 0xd3;
const WRITE_AUX = 0xd4;
const DISABLE_A20 = 0xdd;
const ENABLE_A20 = 0xdf;
const READ_TEST_INPUTS = 0xe0;
const PULSE_OUTPUT = 0xf0;

const SELF_TEST_PASSED = 0x55;
const NO_PASSWORD = 0xf1;
/** Keyboard not locked, colour display, no manufacturing jumper. */
const INPUT_PORT = 0xf0;

/** Output port. Bit 0 low resets the processor; bits 4 and 5 show the two output-buffer-full interrupts. */
const OUTPUT_RESET = 0x01;
const OUTPUT_A20 = 0x02;
const OUTPUT_KEYBOARD_FULL = 0x10;
const OUTPUT_AUX_FULL = 0x20;
const OUTPUT_IDLE_LINES = 0xcc;

const BREAK_PREFIX = 0xf0;
/** One byte of eleven bits on the cable takes this long. */
const BYTE_NS = 500_000;

type Source = "controller" | "keyboard" | "aux";

interface OutputByte {
  value: number;
  source: Source;
}

interface ControllerState {
  /** The controller's RAM; byte 0 is the command byte. */
  ram: Uint8Array;
  /** Bits 0 and 1 of the output port: reset (high when idle) and A20. */
  outputPort: number;
  /** The command whose data byte comes next on port 60h. */
  awaiting: number | null;
  /** What was written last, for the status register: command or data. */
  lastWasCommand: boolean;
  systemFlag: boolean;
  output: OutputByte | null;
  /** A device's byte put aside for the controller's own answer. */
  aside: OutputByte | null;
  /** What port 60h reads while nothing new is there. */
  lastRead: number;
  /** A break prefix of set 2 was taken in; the next code is a release. */
  breakSeen: boolean;
  /** When the byte on the cable has arrived, in nanoseconds; Infinity when the cables are quiet. */
  arrivesAt: number;
}

const powerOn = (): ControllerState => {
  const ram = new Uint8Array(32);
  ram[0] = MODE_TRANSLATE | MODE_AUX_DISABLE | MODE_KEYBOARD_INTERRUPT;
  return {
    ram,
    outputPort: OUTPUT_RESET | OUTPUT_A20,
    awaiting: null,
    lastWasCommand: true,
    systemFlag: false,
    output: null,
    aside: null,
    lastRead: 0,
    breakSeen: false,
    arrivesAt: Number.POSITIVE_INFINITY,
  };
};

export interface I8042Lines {
  irq1: Line;
  irq12: Line;
  /** The A20 gate, driven at reset and when the guest writes it: high lets address bit 20 through. */
  a20: Line;
  /** Called when the guest pulls the reset bit of the output port. */
  reset(): void;
}

/**
 * The keyboard controller of a PS/2: keyboard, auxiliary device (mouse), A20 gate and processor reset. [8042]
 *
 * Departures: commands take no time (the input buffer is never full); the command byte after power-on is the one that
 * a BIOS would set.
 */
export class I8042 implements Device {
  readonly name = "i8042";
  readonly version = 1;
  state: ControllerState = powerOn();
  /** Port 60h. */
  readonly dataPort: BusTarget = {
    read: () => this.#readData(),
    write: (_offset, value) => this.#writeData(value),
  };
  /** Port 64h. */
  readonly commandPort: BusTarget = {
    read: () => this.#status(),
    write: (_offset, value) => this.#command(value),
  };
  readonly #keyboard: Ps2Device;
  readonly #aux: Ps2Device;
  readonly #lines: I8042Lines;
  readonly #clock: Clock;
  readonly #arrival: Alarm;

  constructor(keyboard: Ps2Device, aux: Ps2Device, lines: I8042Lines, clock: Clock) {
    this.#keyboard = keyboard;
    this.#aux = aux;
    this.#lines = lines;
    this.#clock = clock;
    this.#arrival = clock.alarm(() => this.#takeByte());
    keyboard.onData = () => this.#listen();
    aux.onData = () => this.#listen();
  }

  reset(): void {
    this.state = powerOn();
    this.#arrival.cancel();
    this.#lines.a20.set(true);
    this.#updateIrqs();
    this.#listen();
  }

  afterLoad(): void {
    if (this.state.arrivesAt === Number.POSITIVE_INFINITY) this.#arrival.cancel();
    else this.#arrival.set(this.state.arrivesAt);
    this.#updateIrqs();
  }

  get #mode(): number {
    return this.state.ram[0]!;
  }

  #status(): number {
    const { output, systemFlag, lastWasCommand } = this.state;
    return (
      STATUS_UNLOCKED |
      (output ? STATUS_OUTPUT_FULL : 0) |
      (output?.source === "aux" ? STATUS_AUX_OUTPUT_FULL : 0) |
      (systemFlag ? STATUS_SYSTEM : 0) |
      (lastWasCommand ? STATUS_COMMAND : 0)
    );
  }

  #readData(): number {
    const state = this.state;
    if (state.output) {
      state.lastRead = state.output.value;
      state.output = null;
      this.#updateIrqs();
      if (state.aside) this.#fill(state.aside.value, state.aside.source);
      state.aside = null;
      this.#listen();
    }
    return state.lastRead;
  }

  #writeData(value: number): void {
    const state = this.state;
    const { awaiting } = state;
    state.lastWasCommand = false;
    state.awaiting = null;
    if (awaiting === null) {
      // Writing to the keyboard lets its clock run.
      this.#setMode(this.#mode & ~MODE_KEYBOARD_DISABLE);
      this.#keyboard.receive(value);
    } else if (awaiting >= 0x60 && awaiting < 0x80) {
      if (awaiting === 0x60) this.#setMode(value);
      else state.ram[awaiting & 0x1f] = value;
    } else {
      this.#parameter(awaiting, value);
    }
  }

  #parameter(command: number, value: number): void {
    switch (command) {
      case WRITE_OUTPUT_PORT:
        this.#writeOutputPort(value);
        break;
      case WRITE_KEYBOARD_OUTPUT:
        this.#answer(value, "keyboard");
        break;
      case WRITE_AUX_OUTPUT:
        this.#answer(value, "aux");
        break;
      case WRITE_AUX:
        this.#setMode(this.#mode & ~MODE_AUX_DISABLE);
        this.#aux.receive(value);
        break;
    }
  }

  #command(command: number): void {
    const state = this.state;
    state.lastWasCommand = true;
    state.awaiting = null;
    if (command >= 0x20 && command < 0x40) {
      this.#answer(state.ram[command & 0x1f]!);
      return;
    }
    if (command >= PULSE_OUTPUT) {
      // A low bit pulses the line; only the processor's reset is wired so.
      if ((command & OUTPUT_RESET) === 0) this.#lines.reset();
      return;
    }
    switch (command) {
      case TEST_PASSWORD:
        this.#answer(NO_PASSWORD);
        break;
      case DISABLE_AUX:
        this.#setMode(this.#mode | MODE_AUX_DISABLE);
        break;
      case ENABLE_AUX:
        this.#setMode(this.#mode & ~MODE_AUX_DISABLE);
        break;
      case DISABLE_KEYBOARD:
        this.#setMode(this.#mode | MODE_KEYBOARD_DISABLE);
        break;
      case ENABLE_KEYBOARD:
        this.#setMode(this.#mode & ~MODE_KEYBOARD_DISABLE);
        break;
      case TEST_AUX:
      case TEST_KEYBOARD:
      case READ_TEST_INPUTS:
        this.#answer(0);
        break;
      case SELF_TEST:
        state.systemFlag = true;
        this.#answer(SELF_TEST_PASSED);
        break;
      case READ_INPUT_PORT:
        this.#answer(INPUT_PORT);
        break;
      case READ_OUTPUT_PORT:
        this.#answer(this.#outputPort());
        break;
      case DISABLE_A20:
        this.#writeOutputPort(OUTPUT_RESET);
        break;
      case ENABLE_A20:
        this.#writeOutputPort(OUTPUT_RESET | OUTPUT_A20);
        break;
      default:
        // With a data byte: RAM writes and D1h to D4h. Anything else is no command.
        if ((command >= 0x60 && command < 0x80) || (command >= WRITE_OUTPUT_PORT && command <= WRITE_AUX)) {
          state.awaiting = command;
        }
    }
  }

  /** The controller's own answer goes before what a device has sent. */
  #answer(value: number, source: Source = "controller"): void {
    const state = this.state;
    if (state.output && state.output.source !== "controller") {
      state.aside ??= state.output;
      state.output = null;
      this.#updateIrqs();
    }
    this.#fill(value, source);
  }

  #fill(value: number, source: Source): void {
    this.state.output = { value, source };
    this.#updateIrqs();
  }

  #setMode(mode: number): void {
    this.state.ram[0] = mode;
    if (mode & MODE_SYSTEM) this.state.systemFlag = true;
    this.#updateIrqs();
    this.#listen();
  }

  #outputPort(): number {
    const { output, outputPort } = this.state;
    const full = !output ? 0 : output.source === "aux" ? OUTPUT_AUX_FULL : OUTPUT_KEYBOARD_FULL;
    return OUTPUT_IDLE_LINES | full | outputPort;
  }

  #writeOutputPort(value: number): void {
    this.state.outputPort = OUTPUT_RESET | (value & OUTPUT_A20);
    this.#lines.a20.set((value & OUTPUT_A20) !== 0);
    if ((value & OUTPUT_RESET) === 0) this.#lines.reset();
  }

  get #keyboardReady(): boolean {
    return (this.#mode & MODE_KEYBOARD_DISABLE) === 0 && this.#keyboard.hasData;
  }

  get #auxReady(): boolean {
    return (this.#mode & MODE_AUX_DISABLE) === 0 && this.#aux.hasData;
  }

  /** Lets the devices' clocks run while the output buffer is empty. */
  #listen(): void {
    const state = this.state;
    if (state.output || state.arrivesAt !== Number.POSITIVE_INFINITY) return;
    if (!this.#keyboardReady && !this.#auxReady) return;
    state.arrivesAt = this.#clock.now() + BYTE_NS;
    this.#arrival.set(state.arrivesAt);
  }

  #takeByte(): void {
    const state = this.state;
    state.arrivesAt = Number.POSITIVE_INFINITY;
    if (state.output) return;
    if (this.#keyboardReady) this.#takeKeyboardByte(this.#keyboard.take()!);
    else if (this.#auxReady) this.#fill(this.#aux.take()!, "aux");
    this.#listen();
  }

  #takeKeyboardByte(byte: number): void {
    const state = this.state;
    if ((this.#mode & MODE_TRANSLATE) === 0) {
      this.#fill(byte, "keyboard");
    } else if (byte === BREAK_PREFIX) {
      state.breakSeen = true;
    } else {
      this.#fill(set2ToSet1(byte) | (state.breakSeen ? 0x80 : 0), "keyboard");
      state.breakSeen = false;
    }
  }

  #updateIrqs(): void {
    const { output } = this.state;
    const aux = output?.source === "aux";
    this.#lines.irq1.set(output !== null && !aux && (this.#mode & MODE_KEYBOARD_INTERRUPT) !== 0);
    this.#lines.irq12.set(aux && (this.#mode & MODE_AUX_INTERRUPT) !== 0);
  }
}
