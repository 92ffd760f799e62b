import type { BusTarget } from "../../board/device.ts";
import { dacState, readComponent, selectForReading, selectForWriting, writeComponent } from "./dac.ts";
import {
  ATTR_COUNT,
  Attr,
  CRTC_COUNT,
  Crtc,
  Gfx,
  MISC_COLOR_ADDRESSES,
  PALETTE_ADDRESS_SOURCE,
  RETRACE_INTERRUPT_ENABLE_LATCH,
  RETRACE_PROTECT,
  Seq,
} from "./registers.ts";
import type { VgaState } from "./state.ts";
import { type FrameTiming, inPicture, inVerticalRetrace, retracesBy } from "./timing.ts";

/** What the registers' ports need of the chip around them. */
export interface PortWiring {
  readonly state: VgaState;
  readonly timing: FrameTiming;
  /** Nanoseconds on the machine's clock. */
  now(): number;
  /** A register that decides how processor addresses reach video memory has changed. */
  windowChanged(): void;
  /** A register that decides what the monitor shows has changed. */
  displayChanged(): void;
}

/** First of the VGA's ports; offsets in {@link VgaPorts} count from here. */
export const FIRST_PORT = 0x3b0;

/** Writable bits of the sequencer's registers. */
const SEQ_MASKS = [0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0, 0, 0];
/** Writable bits of the graphics controller's registers. */
const GFX_MASKS = [0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff, 0, 0, 0, 0, 0, 0, 0];
/** Writable bits of the attribute controller's registers from 10h on; those below are 6 bits of colour. */
const ATTR_MASKS = [0xef, 0xff, 0x3f, 0x0f, 0x0f];
/** Bit 4 of the overflow register is bit 8 of the line compare, which write protection leaves alone. */
const OVERFLOW_LINE_COMPARE = 0x10;

const STATUS0_SWITCH_SENSE = 0x10;
const STATUS0_INTERRUPT = 0x80;
const STATUS1_NOT_DISPLAYING = 0x01;
const STATUS1_VERTICAL_RETRACE = 0x08;
/** Writable bits of the miscellaneous output. */
const MISC_MASK = 0xef;

/** The beam moves on so far, in nanoseconds, at each look, should the clock stand still between two. */
const LEAST_BEAM_STEP = 20;

/**
 * The VGA's I/O ports, one byte each: 3C0 to 3CF, and the CRT controller, feature control and status at 3Bx or 3Dx
 * as the miscellaneous output says. [VGA]
 */
export class VgaPorts implements BusTarget {
  readonly #chip: PortWiring;

  constructor(chip: PortWiring) {
    this.#chip = chip;
  }

  read(offset: number): number {
    const { state } = this.#chip;
    const port = this.#decode(offset + FIRST_PORT);
    const { sequencer, graphics, attribute, dac, crtc } = state;
    switch (port) {
      case 0x3c0:
        return attribute.index;
      case 0x3c1:
        return (attribute.index & 31) < ATTR_COUNT ? attribute.registers[attribute.index & 31]! : 0;
      case 0x3c2:
        return this.#inputStatus0();
      case 0x3c3:
        return state.subsystemEnable;
      case 0x3c4:
        return sequencer.index;
      case 0x3c5:
        return sequencer.registers[sequencer.index]!;
      case 0x3c6:
        return dac.mask;
      case 0x3c7:
        return dacState(dac);
      case 0x3c8:
        return dac.writeIndex;
      case 0x3c9:
        return readComponent(dac);
      case 0x3ca:
        return state.featureControl;
      case 0x3cc:
        return state.miscellaneousOutput;
      case 0x3ce:
        return graphics.index;
      case 0x3cf:
        return graphics.registers[graphics.index]!;
      case 0x3d4:
        return crtc.index;
      case 0x3d5:
        return crtc.index < CRTC_COUNT ? crtc.registers[crtc.index]! : 0;
      case 0x3da:
        attribute.data = false;
        return this.#inputStatus1();
      default:
        return 0xff;
    }
  }

  write(offset: number, value: number): void {
    const { state } = this.#chip;
    const port = this.#decode(offset + FIRST_PORT);
    const { sequencer, graphics, dac, crtc } = state;
    switch (port) {
      case 0x3c0:
        this.#writeAttribute(value);
        break;
      case 0x3c2:
        state.miscellaneousOutput = value & MISC_MASK;
        this.#chip.windowChanged();
        this.#chip.displayChanged();
        break;
      case 0x3c3:
        state.subsystemEnable = value & 1;
        break;
      case 0x3c4:
        sequencer.index = value & 7;
        break;
      case 0x3c5:
        this.#writeSequencer(sequencer.index, value & SEQ_MASKS[sequencer.index]!);
        break;
      case 0x3c6:
        dac.mask = value;
        this.#chip.displayChanged();
        break;
      case 0x3c7:
        selectForReading(dac, value);
        break;
      case 0x3c8:
        selectForWriting(dac, value);
        break;
      case 0x3c9:
        if (writeComponent(dac, value)) this.#chip.displayChanged();
        break;
      case 0x3ce:
        graphics.index = value & 15;
        break;
      case 0x3cf:
        this.#writeGraphics(graphics.index, value & GFX_MASKS[graphics.index]!);
        break;
      case 0x3d4:
        crtc.index = value;
        break;
      case 0x3d5:
        this.#writeCrtc(crtc.index, value);
        break;
      case 0x3da:
        state.featureControl = value & 0x0b;
    }
  }

  /** Maps the addresses of the CRT controller in use to 3Dx, and those not in use to none (0). */
  #decode(port: number): number {
    if (port >= 0x3c0 && port < 0x3d0) return port;
    const color = (this.#chip.state.miscellaneousOutput & MISC_COLOR_ADDRESSES) !== 0;
    if (port >= 0x3d0 !== color) return 0;
    return 0x3d0 | (port & 15);
  }

  #writeAttribute(value: number): void {
    const { attribute } = this.#chip.state;
    attribute.data = !attribute.data;
    if (attribute.data) {
      const blankingChanges = ((attribute.index ^ value) & PALETTE_ADDRESS_SOURCE) !== 0;
      attribute.index = value & 0x3f;
      if (blankingChanges) this.#chip.displayChanged();
      return;
    }
    const index = attribute.index & 31;
    if (index >= ATTR_COUNT) return;
    const mask = index < Attr.MODE_CONTROL ? 0x3f : ATTR_MASKS[index - Attr.MODE_CONTROL]!;
    if (attribute.registers[index] === (value & mask)) return;
    attribute.registers[index] = value & mask;
    this.#chip.displayChanged();
  }

  #writeSequencer(index: number, value: number): void {
    const { registers } = this.#chip.state.sequencer;
    if (registers[index] === value) return;
    registers[index] = value;
    if (index === Seq.MAP_MASK || index === Seq.MEMORY_MODE) this.#chip.windowChanged();
    else this.#chip.displayChanged();
  }

  #writeGraphics(index: number, value: number): void {
    const { registers } = this.#chip.state.graphics;
    if (registers[index] === value) return;
    registers[index] = value;
    this.#chip.windowChanged();
    if (index === Gfx.MODE || index === Gfx.MISCELLANEOUS) this.#chip.displayChanged();
  }

  #writeCrtc(index: number, value: number): void {
    if (index >= CRTC_COUNT) return;
    const { state } = this.#chip;
    const { registers } = state.crtc;
    let next = value;
    if (index <= Crtc.OVERFLOW && registers[Crtc.VERTICAL_RETRACE_END]! & RETRACE_PROTECT) {
      if (index !== Crtc.OVERFLOW) return;
      next = (registers[index]! & ~OVERFLOW_LINE_COMPARE) | (value & OVERFLOW_LINE_COMPARE);
    }
    if (index === Crtc.VERTICAL_RETRACE_END && !(value & RETRACE_INTERRUPT_ENABLE_LATCH)) {
      state.interruptCleared = this.#beam();
    }
    if (registers[index] === next) return;
    registers[index] = next;
    this.#chip.displayChanged();
  }

  /** Colour monitor present; a vertical retrace since the last acknowledgement. */
  #inputStatus0(): number {
    const { state, timing } = this.#chip;
    const armed = state.crtc.registers[Crtc.VERTICAL_RETRACE_END]! & RETRACE_INTERRUPT_ENABLE_LATCH;
    const pending =
      armed !== 0 && retracesBy(timing, this.#beam()) > retracesBy(timing, state.interruptCleared);
    return STATUS0_SWITCH_SENSE | (pending ? STATUS0_INTERRUPT : 0);
  }

  #inputStatus1(): number {
    const { timing } = this.#chip;
    const beam = this.#beam();
    return (
      (inPicture(timing, beam) ? 0 : STATUS1_NOT_DISPLAYING) |
      (inVerticalRetrace(timing, beam) ? STATUS1_VERTICAL_RETRACE : 0)
    );
  }

  /** A program that polls the status sees the beam move on, however seldom the clock does. */
  #beam(): number {
    const { state } = this.#chip;
    state.beam = Math.max(this.#chip.now(), state.beam + LEAST_BEAM_STEP);
    return state.beam;
  }
}
