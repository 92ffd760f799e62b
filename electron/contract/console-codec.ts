import type { ConsoleInput, ConsoleOutput, DirtyRectangle } from "./console.ts";

/**
 * The console channel's messages as bytes, little-endian. Each begins with its type.
 *
 * Output: 1 frame (sequence u32, width u16, height u16, pixel aspect f32, count u16, then per rectangle x, y, width,
 * height u16 and its pixels) · 2 serial (port u8, bytes) · 3 LEDs (u8) · 4 activity (slot name).
 * Input: 1 acknowledge (sequence u32) · 2 key (down u8, code) · 3 mouse (dx i16, dy i16, wheel i8, buttons u8) ·
 * 4 serial (port u8, bytes) · 5 refresh.
 */
const OUTPUT = { frame: 1, serial: 2, leds: 3, activity: 4 } as const;
const INPUT = { acknowledge: 1, key: 2, mouse: 3, serial: 4, refresh: 5 } as const;

/** Bytes; a longer paste is several messages. */
export const MAX_SERIAL_INPUT = 65_536;
/** Bytes of the longest input message. */
export const MAX_INPUT_MESSAGE = MAX_SERIAL_INPUT + 2;

const FRAME_HEADER = 15;
const RECTANGLE_HEADER = 8;
const SERIAL_PORTS = 2;
const KEY_CODE = /^[A-Za-z0-9]{1,32}$/;
const SLOT = /^[a-z0-9]{1,16}$/;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const clamp = (value: number, limit: number): number =>
  Math.max(-limit, Math.min(limit, Math.round(value) || 0));

function message(type: number, ...parts: (number | Uint8Array)[]): Uint8Array {
  const length = parts.reduce<number>((sum, part) => sum + (typeof part === "number" ? 1 : part.length), 1);
  const bytes = new Uint8Array(length);
  bytes[0] = type;
  let at = 1;
  for (const part of parts) {
    if (typeof part === "number") bytes[at++] = part;
    else {
      bytes.set(part, at);
      at += part.length;
    }
  }
  return bytes;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Frame = ConsoleOutput & { type: "frame" };

export function encodeConsoleOutput(output: ConsoleOutput): Uint8Array {
  switch (output.type) {
    case "frame":
      return encodeFrame(output, new Uint8Array(frameLength(output)));
    case "serial":
      return message(OUTPUT.serial, output.port, output.bytes);
    case "leds":
      return message(OUTPUT.leds, output.leds);
    case "activity":
      return message(OUTPUT.activity, ascii(output.slot));
  }
}

/**
 * Encodes one window's output. Frames go into two buffers by turns, as no more than two are under way: to throw away
 * megabytes for each would keep the garbage collector at work, for tens of milliseconds at a time.
 */
export class ConsoleEncoder {
  #buffers: [Uint8Array, Uint8Array] = [new Uint8Array(), new Uint8Array()];

  /** A frame is good until the next but one, which comes once it is acknowledged. */
  encode(output: ConsoleOutput): Uint8Array {
    if (output.type !== "frame") return encodeConsoleOutput(output);
    const length = frameLength(output);
    const slot = output.sequence & 1;
    if (this.#buffers[slot].length < length) {
      const whole = FRAME_HEADER + RECTANGLE_HEADER + output.width * output.height * 4;
      this.#buffers[slot] = new Uint8Array(Math.max(length, whole));
    }
    return encodeFrame(output, this.#buffers[slot].subarray(0, length));
  }

  /** The window begins anew, whatever is under way. */
  restart(): void {
    this.#buffers = [new Uint8Array(), new Uint8Array()];
  }
}

const frameLength = ({ rectangles }: Frame): number =>
  rectangles.reduce((sum, { pixels }) => sum + RECTANGLE_HEADER + pixels.length, FRAME_HEADER);

/** Returns `bytes`, which the frame fills. */
function encodeFrame(frame: Frame, bytes: Uint8Array): Uint8Array {
  const data = view(bytes);
  bytes[0] = OUTPUT.frame;
  data.setUint32(1, frame.sequence, true);
  data.setUint16(5, frame.width, true);
  data.setUint16(7, frame.height, true);
  data.setFloat32(9, frame.pixelAspect, true);
  data.setUint16(13, frame.rectangles.length, true);
  let at = FRAME_HEADER;
  for (const { x, y, width, height, pixels } of frame.rectangles) {
    for (const [index, value] of [x, y, width, height].entries()) data.setUint16(at + 2 * index, value, true);
    bytes.set(pixels, at + RECTANGLE_HEADER);
    at += RECTANGLE_HEADER + pixels.length;
  }
  return bytes;
}

/** Null for what is no such message. Pixels and serial bytes are views of `bytes`. */
export function decodeConsoleOutput(bytes: Uint8Array): ConsoleOutput | null {
  switch (bytes[0]) {
    case OUTPUT.frame:
      return decodeFrame(bytes);
    case OUTPUT.serial: {
      const port = bytes[1];
      return bytes.length >= 2 && port < SERIAL_PORTS
        ? { type: "serial", port, bytes: bytes.subarray(2) }
        : null;
    }
    case OUTPUT.leds:
      return bytes.length === 2 && bytes[1] <= 7 ? { type: "leds", leds: bytes[1] } : null;
    case OUTPUT.activity: {
      const slot = shortText(bytes.subarray(1), SLOT);
      return slot === null ? null : { type: "activity", slot };
    }
    default:
      return null;
  }
}

function decodeFrame(bytes: Uint8Array): ConsoleOutput | null {
  if (bytes.length < FRAME_HEADER) return null;
  const data = view(bytes);
  const sequence = data.getUint32(1, true);
  const screenWidth = data.getUint16(5, true);
  const screenHeight = data.getUint16(7, true);
  const pixelAspect = data.getFloat32(9, true);
  const count = data.getUint16(13, true);
  if (screenWidth === 0 || screenHeight === 0 || !(pixelAspect > 0) || !Number.isFinite(pixelAspect))
    return null;
  const rectangles: DirtyRectangle[] = [];
  let at = FRAME_HEADER;
  for (let i = 0; i < count; i++) {
    if (at + RECTANGLE_HEADER > bytes.length) return null;
    const x = data.getUint16(at, true);
    const y = data.getUint16(at + 2, true);
    const width = data.getUint16(at + 4, true);
    const height = data.getUint16(at + 6, true);
    const from = at + RECTANGLE_HEADER;
    at = from + width * height * 4;
    if (width === 0 || height === 0 || x + width > screenWidth || y + height > screenHeight) return null;
    if (at > bytes.length) return null;
    rectangles.push({ x, y, width, height, pixels: bytes.subarray(from, at) });
  }
  if (at !== bytes.length) return null;
  return { type: "frame", sequence, width: screenWidth, height: screenHeight, pixelAspect, rectangles };
}

/** Numbers out of range are brought into it; serial bytes beyond {@link MAX_SERIAL_INPUT} must not be given. */
export function encodeConsoleInput(input: ConsoleInput): Uint8Array {
  switch (input.type) {
    case "acknowledge": {
      const bytes = message(INPUT.acknowledge, 0, 0, 0, 0);
      view(bytes).setUint32(1, input.sequence, true);
      return bytes;
    }
    case "key":
      return message(INPUT.key, input.down ? 1 : 0, ascii(input.code));
    case "mouse": {
      const bytes = message(INPUT.mouse, 0, 0, 0, 0, clamp(input.wheel, 127), input.buttons & 7);
      view(bytes).setInt16(1, clamp(input.dx, 32_767), true);
      view(bytes).setInt16(3, clamp(input.dy, 32_767), true);
      return bytes;
    }
    case "serial":
      return message(INPUT.serial, input.port, input.bytes);
    case "refresh":
      return message(INPUT.refresh);
  }
}

/** Null for what is no such message. Serial bytes are a view of `bytes`. */
export function decodeConsoleInput(bytes: Uint8Array): ConsoleInput | null {
  const data = view(bytes);
  const { length } = bytes;
  switch (bytes[0]) {
    case INPUT.acknowledge:
      return length === 5 ? { type: "acknowledge", sequence: data.getUint32(1, true) } : null;
    case INPUT.key: {
      const code = shortText(bytes.subarray(2), KEY_CODE);
      return code === null || bytes[1] > 1 ? null : { type: "key", code, down: bytes[1] === 1 };
    }
    case INPUT.mouse: {
      if (length !== 7 || bytes[6] > 7) return null;
      const [dx, dy] = [data.getInt16(1, true), data.getInt16(3, true)];
      return { type: "mouse", dx, dy, wheel: data.getInt8(5), buttons: bytes[6] };
    }
    case INPUT.serial:
      return length >= 2 && length <= MAX_INPUT_MESSAGE && bytes[1] < SERIAL_PORTS
        ? { type: "serial", port: bytes[1], bytes: bytes.subarray(2) }
        : null;
    case INPUT.refresh:
      return length === 1 ? { type: "refresh" } : null;
    default:
      return null;
  }
}

function shortText(bytes: Uint8Array, pattern: RegExp): string | null {
  if (bytes.length > 32) return null;
  const text = String.fromCharCode(...bytes);
  return pattern.test(text) ? text : null;
}
