import type { Uart16550 } from "../devices/serial/uart16550.ts";

/** Bytes gathered before they are handed on, at most. */
const ROOM = 4096;

/** A UART whose output is handed on in pieces rather than byte by byte. */
export class SerialPort {
  readonly uart: Uart16550;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #buffer = new Uint8Array(ROOM);
  #length = 0;

  constructor(uart: Uart16550, send: (bytes: Uint8Array) => void) {
    this.uart = uart;
    this.#send = send;
    uart.onTransmit = (byte) => {
      this.#buffer[this.#length++] = byte;
      if (this.#length === ROOM) this.flush();
    };
  }

  flush(): void {
    if (this.#length === 0) return;
    const bytes = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    this.#send(bytes);
  }
}
