import type { RpcPort } from "./rpc.ts";

/** What a browser's `WebSocket` and that of `ws` have in common. */
export interface TextSocket {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: () => void): void;
}

const OPEN = 1;
/** The key of an object that stands for bytes in JSON; its value is base64. */
const BYTES = "$bytes";

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** JSON in which `Uint8Array`s survive, also those (Node's `Buffer`s) that have a JSON form of their own. */
export const encodeMessage = (message: unknown): string =>
  JSON.stringify(message, function (this: Record<string, unknown>, key, value) {
    const original = this[key];
    return original instanceof Uint8Array ? { [BYTES]: toBase64(original) } : value;
  });

/** The inverse of {@link encodeMessage}; undefined for what is not such a text. */
export function decodeMessage(text: unknown): unknown {
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text, (_key, value) =>
      typeof value === "object" && value !== null && typeof value[BYTES] === "string"
        ? fromBase64(value[BYTES])
        : value,
    );
  } catch {
    return undefined;
  }
}

/** An open WebSocket as a port; its messages are JSON texts. */
export function webSocketPort(socket: TextSocket): RpcPort {
  return {
    send(message) {
      if (socket.readyState === OPEN) socket.send(encodeMessage(message));
    },
    onMessage: (listener) => socket.addEventListener("message", ({ data }) => listener(decodeMessage(data))),
    onClose: (listener) => socket.addEventListener("close", () => listener()),
    close: () => socket.close(),
  };
}

/** A `MessagePort` of a page or a worker. */
export interface StructuredPort {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: () => void): void;
  start(): void;
  close(): void;
}

/** A `MessagePort` as a port; its messages are structured clones. */
export function messagePortPort(port: StructuredPort): RpcPort {
  return {
    send: (message) => port.postMessage(message),
    onMessage(listener) {
      port.addEventListener("message", ({ data }) => listener(data));
      port.start();
    },
    onClose: (listener) => port.addEventListener("close", () => listener()),
    close: () => port.close(),
  };
}
