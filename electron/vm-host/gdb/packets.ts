// The framing of GDB's remote serial protocol. [GDB] appendix E.1.

/** Longest packet that is taken, in bytes between `$` and `#`; told to the client. */
export const PACKET_SIZE = 0x4000;

const DOLLAR = 0x24;
const HASH = 0x23;
const ESCAPE = 0x7d;
const ESCAPED = 0x20;
const INTERRUPT = 0x03;

/** What comes in: a packet's payload, unescaped; an interrupt (Ctrl-C); a packet that was damaged or too long. */
export type Incoming = { kind: "packet"; payload: Uint8Array } | { kind: "interrupt" } | { kind: "damaged" };

/** Takes a byte stream apart. Holds no more than one packet. */
export class PacketReader {
  #state: "idle" | "payload" | "first digit" | "second digit" = "idle";
  #payload: number[] = [];
  #overflow = false;
  #sum = 0;
  #expected = 0;
  #escaped = false;

  push(bytes: Uint8Array): Incoming[] {
    const found: Incoming[] = [];
    for (const byte of bytes) {
      const one = this.#next(byte);
      if (one) found.push(one);
    }
    return found;
  }

  #next(byte: number): Incoming | undefined {
    switch (this.#state) {
      case "idle":
        if (byte === INTERRUPT) return { kind: "interrupt" };
        // Acknowledgements ask for nothing, and neither does noise.
        if (byte === DOLLAR) this.#begin();
        return undefined;
      case "payload":
        this.#inPayload(byte);
        return undefined;
      case "first digit":
        this.#expected = digit(byte) << 4;
        this.#state = "second digit";
        return undefined;
      default:
        this.#state = "idle";
        if (this.#overflow || this.#sum !== (this.#expected | digit(byte))) return { kind: "damaged" };
        return { kind: "packet", payload: Uint8Array.from(this.#payload) };
    }
  }

  #begin(): void {
    this.#state = "payload";
    this.#payload = [];
    this.#overflow = false;
    this.#sum = 0;
    this.#escaped = false;
  }

  #inPayload(byte: number): void {
    if (byte === HASH) {
      this.#state = "first digit";
      return;
    }
    if (byte === DOLLAR) {
      // The end of the last one was lost.
      this.#begin();
      return;
    }
    this.#sum = (this.#sum + byte) & 0xff;
    if (byte === ESCAPE && !this.#escaped) {
      this.#escaped = true;
      return;
    }
    if (this.#payload.length >= PACKET_SIZE) this.#overflow = true;
    else this.#payload.push(this.#escaped ? byte ^ ESCAPED : byte);
    this.#escaped = false;
  }
}

/** -1, which no checksum matches, for what is no hexadecimal digit. */
function digit(byte: number): number {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? -1 : value;
}

/** A packet ready to be sent; the text is Latin-1. */
export function encodePacket(text: string): Buffer {
  const payload: number[] = [];
  for (const byte of Buffer.from(text, "latin1")) {
    if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === 0x2a) {
      payload.push(ESCAPE, byte ^ ESCAPED);
    } else payload.push(byte);
  }
  const sum = payload.reduce((total, byte) => (total + byte) & 0xff, 0);
  return Buffer.concat([
    Buffer.from("$"),
    Buffer.from(payload),
    Buffer.from(`#${sum.toString(16).padStart(2, "0")}`),
  ]);
}

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Undefined if it is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array | undefined {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text) ? Buffer.from(text, "hex") : undefined;
}

/** A hexadecimal number of at most 16 digits; undefined if it is none. */
export function parseNumber(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}
