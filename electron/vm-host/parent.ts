import type { ByteChannel } from "../contract/byte-channel.ts";
import type { RpcPort } from "../contract/rpc.ts";
import { ConsoleSockets } from "../platform/console-sockets.ts";

/** The manager's side as a machine's process sees it, whichever starter has started it. */
export interface Parent {
  control: RpcPort;
  /** A window wants to see the machine. */
  onConsole(listener: (channel: ByteChannel) => void): void;
  /** Does what was sent to windows wait for turns of the event loop to get out? */
  isBacklogged(): boolean;
}

/** Under Electron's `utilityProcess`, ports come by messages of the parent. */
interface ParentPort {
  on(type: "message", listener: (event: { data: unknown; ports: ElectronPort[] }) => void): void;
  postMessage(message: unknown): void;
}

interface ElectronPort {
  on(type: "message", listener: (event: { data: unknown }) => void): void;
  on(type: "close", listener: () => void): void;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** @throws Error in a process that no starter has started. */
export function connectParent(): Parent {
  const { parentPort } = process as { parentPort?: ParentPort };
  if (parentPort) return utilityParent(parentPort);
  if (process.send) return forkParent();
  throw new Error("a machine's process is started by the manager");
}

function forkParent(): Parent {
  const consoles: ((channel: ByteChannel) => void)[] = [];
  const controls: ((message: unknown) => void)[] = [];
  const sockets = new ConsoleSockets((channel) => {
    for (const listener of consoles) listener(channel);
  });
  process.on("message", (message, socket) => {
    if (!sockets.receive(message, socket)) for (const listener of controls) listener(message);
  });
  return {
    control: {
      send: (message) => {
        if (process.connected) process.send?.(message);
      },
      onMessage: (listener) => void controls.push(listener),
      onClose: (listener) => void process.on("disconnect", listener),
      close: () => process.disconnect(),
    },
    onConsole: (listener) => void consoles.push(listener),
    isBacklogged: () => sockets.backlogged,
  };
}

function utilityParent(parent: ParentPort): Parent {
  const controls: ((message: unknown) => void)[] = [];
  const consoles: ((channel: ByteChannel) => void)[] = [];
  parent.on("message", ({ data, ports }) => {
    const [port] = ports;
    if (port) for (const listener of consoles) listener(electronChannel(port));
    else for (const listener of controls) listener(data);
  });
  return {
    control: {
      send: (message) => parent.postMessage(message),
      onMessage: (listener) => void controls.push(listener),
      onClose: () => {}, // Electron ends its utility processes itself.
      close: () => process.exit(0),
    },
    onConsole: (listener) => void consoles.push(listener),
    isBacklogged: () => false, // Ports are served by a thread of their own.
  };
}

/** A port to a window as a channel of bytes. */
export function electronChannel(port: ElectronPort): ByteChannel {
  return {
    // A message has the whole buffer that is below a view.
    send: (bytes) => port.postMessage(bytes.byteLength < bytes.buffer.byteLength ? bytes.slice() : bytes),
    onMessage(listener) {
      port.on("message", ({ data }) => {
        if (data instanceof Uint8Array) listener(data);
      });
      port.start();
    },
    onClose: (listener) => port.on("close", listener),
    close: () => port.close(),
  };
}
