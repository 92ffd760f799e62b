import type { PhysicalMemory } from "../../board/memory.ts";
import { bda } from "../bda.ts";
import type { Call, Outcome } from "../call.ts";
import type { Ports } from "../hardware.ts";
import { extendedKey, isKeypad, isLetter, keypadDigit, keyRow } from "./keymap.ts";

/** Bits of 0040:0017. */
const Shift = {
  right: 1,
  left: 2,
  ctrl: 4,
  alt: 8,
  scroll: 0x10,
  num: 0x20,
  caps: 0x40,
  insert: 0x80,
} as const;
/** Bits of 0040:0018. */
const Held = {
  leftCtrl: 1,
  leftAlt: 2,
  sysRq: 4,
  pause: 8,
  scroll: 0x10,
  num: 0x20,
  caps: 0x40,
  insert: 0x80,
} as const;
/** Bits of 0040:0096. */
const Mode = { prefixE1: 1, prefixE0: 2, rightCtrl: 4, rightAlt: 8, enhanced: 0x10 } as const;

const Scan = {
  ctrl: 0x1d,
  leftShift: 0x2a,
  rightShift: 0x36,
  printScreen: 0x37,
  alt: 0x38,
  caps: 0x3a,
  num: 0x45,
  scroll: 0x46,
  insert: 0x52,
  delete: 0x53,
  sysRq: 0x54,
} as const;

const RELEASE = 0x80;
const SET_LEDS = 0xed;
const DATA_PORT = 0x60;

/** Where the ROM's handler of IRQ 1 goes on. */
export type KeyAction = "done" | "break" | "print" | "sysrq" | "pause" | "restart";

/** The keyboard's interrupt and INT 16h. Everything it knows is in the data area. */
export class KeyboardBios {
  readonly #io: Ports;

  constructor(io: Ports) {
    this.#io = io;
  }

  /** Takes in a scan code. */
  key(memory: PhysicalMemory, code: number): KeyAction {
    const mode = memory.read8(bda.keyboardMode);
    if (code === 0xfa || code === 0xfe || code === 0x00) return "done";
    if (code === 0xe0 || code === 0xe1) {
      memory.write8(bda.keyboardMode, mode | (code === 0xe0 ? Mode.prefixE0 : Mode.prefixE1));
      return "done";
    }
    if (mode & Mode.prefixE1) return this.#pauseSequence(memory, mode, code);
    memory.write8(bda.keyboardMode, mode & ~Mode.prefixE0);
    const extended = (mode & Mode.prefixE0) !== 0;
    const scan = code & ~RELEASE;
    const down = (code & RELEASE) === 0;
    if (this.#modifier(memory, scan, down, extended)) return "done";
    if (!down) {
      if (scan === Scan.insert) this.#setBit(memory, bda.shiftFlags2, Held.insert, false);
      return "done";
    }
    return this.#press(memory, scan, extended);
  }

  /** Pause sends E1 1D 45 and its releases: it is known by the 45. */
  #pauseSequence(memory: PhysicalMemory, mode: number, code: number): KeyAction {
    if ((code & 0x7f) === Scan.ctrl) return "done";
    memory.write8(bda.keyboardMode, mode & ~Mode.prefixE1);
    if (code !== Scan.num) return "done";
    this.#setBit(memory, bda.shiftFlags2, Held.pause, true);
    return "pause";
  }

  #setBit(memory: PhysicalMemory, address: number, bit: number, on: boolean): void {
    const value = memory.read8(address);
    memory.write8(address, on ? value | bit : value & ~bit);
  }

  /** Shift, control, alternate and lock keys. True when it was one. */
  #modifier(memory: PhysicalMemory, scan: number, down: boolean, extended: boolean): boolean {
    switch (scan) {
      case Scan.leftShift:
      case Scan.rightShift:
        // E0 2A and E0 36 are the keyboard's own, around grey keys.
        if (!extended) {
          this.#setBit(memory, bda.shiftFlags, scan === Scan.leftShift ? Shift.left : Shift.right, down);
        }
        return true;
      case Scan.ctrl:
      case Scan.alt:
        this.#sidedModifier(memory, scan === Scan.ctrl, down, extended);
        return true;
      case Scan.caps:
        this.#lock(memory, Shift.caps, Held.caps, down);
        return true;
      case Scan.num:
        if (down && memory.read8(bda.shiftFlags) & Shift.ctrl) return false;
        this.#lock(memory, Shift.num, Held.num, down);
        return true;
      case Scan.scroll:
        if (extended || (down && memory.read8(bda.shiftFlags) & Shift.ctrl)) return false;
        this.#lock(memory, Shift.scroll, Held.scroll, down);
        return true;
      default:
        return false;
    }
  }

  #sidedModifier(memory: PhysicalMemory, ctrl: boolean, down: boolean, right: boolean): void {
    if (right) this.#setBit(memory, bda.keyboardMode, ctrl ? Mode.rightCtrl : Mode.rightAlt, down);
    else this.#setBit(memory, bda.shiftFlags2, ctrl ? Held.leftCtrl : Held.leftAlt, down);
    const left = memory.read8(bda.shiftFlags2) & (ctrl ? Held.leftCtrl : Held.leftAlt);
    const other = memory.read8(bda.keyboardMode) & (ctrl ? Mode.rightCtrl : Mode.rightAlt);
    this.#setBit(memory, bda.shiftFlags, ctrl ? Shift.ctrl : Shift.alt, left !== 0 || other !== 0);
    if (ctrl || down) return;
    const composed = memory.read8(bda.altKeypad);
    memory.write8(bda.altKeypad, 0);
    if (composed !== 0) this.push(memory, composed);
  }

  #lock(memory: PhysicalMemory, flag: number, held: number, down: boolean): void {
    const wasHeld = (memory.read8(bda.shiftFlags2) & held) !== 0;
    this.#setBit(memory, bda.shiftFlags2, held, down);
    if (!down || wasHeld) return;
    memory.write8(bda.shiftFlags, memory.read8(bda.shiftFlags) ^ flag);
    this.updateLeds(memory);
  }

  /** Shows the locks on the keyboard. */
  updateLeds(memory: PhysicalMemory): void {
    const leds = (memory.read8(bda.shiftFlags) >> 4) & 7;
    memory.write8(bda.keyboardLeds, (memory.read8(bda.keyboardLeds) & ~7) | leds);
    this.#io.outb(DATA_PORT, SET_LEDS);
    this.#io.outb(DATA_PORT, leds);
  }

  #press(memory: PhysicalMemory, scan: number, extended: boolean): KeyAction {
    const flags = memory.read8(bda.shiftFlags);
    const ctrl = (flags & Shift.ctrl) !== 0;
    const alt = (flags & Shift.alt) !== 0;
    if (ctrl && alt && scan === Scan.delete) return "restart";
    if (memory.read8(bda.shiftFlags2) & Held.pause) {
      this.#setBit(memory, bda.shiftFlags2, Held.pause, false);
      return "done";
    }
    if (scan === Scan.scroll) {
      memory.write8(bda.breakFlag, 0x80);
      memory.write16(bda.keyboardTail, memory.read16(bda.keyboardHead));
      this.push(memory, 0);
      return "break";
    }
    if (scan === Scan.num) {
      this.#setBit(memory, bda.shiftFlags2, Held.pause, true);
      return "pause";
    }
    if (scan === Scan.sysRq) return "sysrq";
    if (scan === Scan.printScreen && extended && !ctrl && !alt) return "print";
    if (scan === Scan.insert && !ctrl && !alt) this.#insert(memory);
    const digit = extended ? undefined : keypadDigit(scan);
    if (alt && digit !== undefined) {
      memory.write8(bda.altKeypad, (memory.read8(bda.altKeypad) * 10 + digit) & 0xff);
      return "done";
    }
    const row = extended ? extendedKey(scan) : keyRow(scan);
    const word = row?.[this.#column(scan, flags, extended)];
    if (word !== undefined && word >= 0) this.push(memory, word);
    return "done";
  }

  #insert(memory: PhysicalMemory): void {
    if (memory.read8(bda.shiftFlags2) & Held.insert) return;
    this.#setBit(memory, bda.shiftFlags2, Held.insert, true);
    memory.write8(bda.shiftFlags, memory.read8(bda.shiftFlags) ^ Shift.insert);
  }

  #column(scan: number, flags: number, extended: boolean): 0 | 1 | 2 | 3 {
    if (flags & Shift.alt) return 3;
    if (flags & Shift.ctrl) return 2;
    const shift = (flags & (Shift.left | Shift.right)) !== 0;
    const caps = isLetter(scan) && (flags & Shift.caps) !== 0;
    const num = !extended && isKeypad(scan) && (flags & Shift.num) !== 0;
    return shift !== (caps || num) ? 1 : 0;
  }

  /** Puts a key into the buffer. False when it is full. */
  push(memory: PhysicalMemory, word: number): boolean {
    const tail = memory.read16(bda.keyboardTail);
    const next = this.#after(memory, tail);
    if (next === memory.read16(bda.keyboardHead)) return false;
    memory.write16(0x400 + tail, word);
    memory.write16(bda.keyboardTail, next);
    return true;
  }

  #after(memory: PhysicalMemory, at: number): number {
    const next = at + 2;
    return next >= memory.read16(bda.keyboardEnd) ? memory.read16(bda.keyboardStart) : next;
  }

  peek(memory: PhysicalMemory): number | undefined {
    const head = memory.read16(bda.keyboardHead);
    return head === memory.read16(bda.keyboardTail) ? undefined : memory.read16(0x400 + head);
  }

  drop(memory: PhysicalMemory): void {
    memory.write16(bda.keyboardHead, this.#after(memory, memory.read16(bda.keyboardHead)));
  }

  /** The next key as the functions for 83 keys show it: those that such a keyboard lacks are left out. */
  #peekPlain(memory: PhysicalMemory): number | undefined {
    for (;;) {
      const word = this.peek(memory);
      if (word === undefined) return undefined;
      const scan = word >> 8;
      const ascii = word & 0xff;
      if (scan === 0xe0) return ascii === 0x2f ? 0x352f : 0x1c00 | ascii;
      if (scan <= 0x84) return ascii === 0xe0 && scan !== 0 ? word & 0xff00 : word;
      this.drop(memory);
    }
  }

  /** INT 16h. */
  call(call: Call): Outcome {
    const { memory } = call;
    switch (call.ah) {
      case 0x00:
      case 0x10: {
        const word = call.ah === 0 ? this.#peekPlain(memory) : this.peek(memory);
        if (word === undefined) return "wait";
        this.drop(memory);
        call.ax = word;
        return undefined;
      }
      case 0x01:
      case 0x11: {
        const word = call.ah === 1 ? this.#peekPlain(memory) : this.peek(memory);
        call.zero = word === undefined;
        if (word !== undefined) call.ax = word;
        return undefined;
      }
      case 0x02:
        call.al = memory.read8(bda.shiftFlags);
        return undefined;
      case 0x03:
        if (call.al === 0x05) {
          this.#io.outb(DATA_PORT, 0xf3);
          this.#io.outb(DATA_PORT, ((call.bh & 3) << 5) | (call.bl & 0x1f));
        }
        return undefined;
      case 0x05:
        call.al = this.push(memory, call.cx) ? 0 : 1;
        return undefined;
      case 0x09:
        // Functions 0Ah and 10h to 12h, and setting the typematic rate.
        call.al = 0x64;
        return undefined;
      case 0x0a:
        call.bx = 0x41ab;
        return undefined;
      case 0x12:
        call.al = memory.read8(bda.shiftFlags);
        call.ah = this.#enhancedFlags(memory);
        return undefined;
      default:
        return undefined;
    }
  }

  #enhancedFlags(memory: PhysicalMemory): number {
    const held = memory.read8(bda.shiftFlags2);
    const right = memory.read8(bda.keyboardMode) & (Mode.rightCtrl | Mode.rightAlt);
    return (held & 0x73) | right | (held & Held.sysRq ? 0x80 : 0);
  }
}
