import type { Duplex } from "node:stream";
import type { ByteChannel } from "../contract/byte-channel.ts";

/** A message on the stream: kind u8, channel u32, length u32, little-endian, then its bytes. */
const HEADER = 9;
const OPEN = 1;
const DATA = 2;
const CLOSE = 3;
/** Bytes; no frame of a screen is as large. */
const LONGEST_MESSAGE = 64 << 20;

interface End {
  receive(bytes: Uint8Array): void;
  closed(): void;
}

/** Many channels over one duplex stream. Either side may be told of channels the other opens. */
export class ChannelMux {
  readonly #stream: Duplex;
  readonly #onOpen: (channel: ByteChannel) => void;
  readonly #ends = new Map<number, End>();
  #nextId = 0;
  #chunks: Buffer[] = [];
  #buffered = 0;

  /** Only one side opens channels: their numbers would meet otherwise. */
  constructor(stream: Duplex, onOpen: (channel: ByteChannel) => void = () => {}) {
    this.#stream = stream;
    this.#onOpen = onOpen;
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", () => {}); // The other process has gone: `close` follows.
    stream.on("close", () => this.#closeAll());
  }

  /** Is anything still waiting to be taken by the other process? */
  get backlogged(): boolean {
    return this.#stream.writableLength > 0;
  }

  open(): ByteChannel {
    const id = this.#nextId++;
    this.#write(OPEN, id);
    return this.#channel(id);
  }

  #channel(id: number): ByteChannel {
    const messages: ((bytes: Uint8Array) => void)[] = [];
    const closes: (() => void)[] = [];
    this.#ends.set(id, {
      receive: (bytes) => {
        for (const listener of messages) listener(bytes);
      },
      closed: () => {
        this.#ends.delete(id);
        for (const listener of closes) listener();
      },
    });
    return {
      send: (bytes) => {
        if (this.#ends.has(id)) this.#write(DATA, id, bytes);
      },
      onMessage: (listener) => void messages.push(listener),
      onClose: (listener) => void closes.push(listener),
      close: () => {
        if (!this.#ends.has(id)) return;
        this.#write(CLOSE, id);
        this.#ends.get(id)?.closed();
      },
    };
  }

  #write(kind: number, id: number, bytes?: Uint8Array): void {
    if (this.#stream.destroyed) return;
    const header = Buffer.alloc(HEADER);
    header[0] = kind;
    header.writeUInt32LE(id, 1);
    header.writeUInt32LE(bytes?.length ?? 0, 5);
    this.#stream.cork();
    this.#stream.write(header);
    if (bytes && bytes.length > 0) this.#stream.write(bytes);
    this.#stream.uncork();
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#buffered >= HEADER) {
      const header = this.#peek(HEADER);
      const length = header.readUInt32LE(5);
      if (length > LONGEST_MESSAGE) {
        this.#stream.destroy();
        return;
      }
      if (this.#buffered < HEADER + length) return;
      const message = this.#take(HEADER + length);
      this.#dispatch(message[0], message.readUInt32LE(1), message.subarray(HEADER));
    }
  }

  #dispatch(kind: number, id: number, bytes: Uint8Array): void {
    if (kind === OPEN && !this.#ends.has(id)) this.#onOpen(this.#channel(id));
    else if (kind === DATA) this.#ends.get(id)?.receive(bytes);
    else if (kind === CLOSE) this.#ends.get(id)?.closed();
  }

  #peek(length: number): Buffer {
    if (this.#chunks[0].length >= length) return this.#chunks[0].subarray(0, length);
    return Buffer.concat(this.#chunks).subarray(0, length);
  }

  /** Whole messages are joined once, when their last byte has come. */
  #take(length: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#buffered -= length;
    this.#chunks = this.#buffered > 0 ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }

  #closeAll(): void {
    for (const end of [...this.#ends.values()]) end.closed();
  }
}
