/** A two-way channel of binary messages, in order: a console's own. */
export interface ByteChannel {
  send(bytes: Uint8Array): void;
  onMessage(listener: (bytes: Uint8Array) => void): void;
  /** Called once, whichever side has closed it. */
  onClose(listener: () => void): void;
  close(): void;
}
