import type { ChildProcess } from "node:child_process";
import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import type { ByteChannel } from "../contract/byte-channel.ts";
import { MAX_INPUT_MESSAGE } from "../contract/console-codec.ts";

/**
 * A window's request for a console, which the server has let in and the machine's process answers: pixels then go from
 * there to the window without another process that reads and writes them all.
 */
export interface ConsoleRequest {
  socket: Socket;
  introduction: ConsoleIntroduction;
}

/** What the answer needs. No cookie is among it. */
const introductionSchema = z.strictObject({
  console: z.strictObject({
    key: z.string(),
    version: z.string(),
    /** What has come on the socket behind the request. */
    head: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  }),
});
export type ConsoleIntroduction = z.infer<typeof introductionSchema>;

/** Bytes that wait for a window which is not there any more. */
const MAX_BACKLOG = 64 << 20;

export function consoleRequest({ socket, headers }: IncomingMessage, head: Uint8Array): ConsoleRequest {
  const key = headers["sec-websocket-key"] ?? "";
  const version = headers["sec-websocket-version"] ?? "";
  return { socket, introduction: { console: { key, version, head } } };
}

/** Comes with a window's socket; the window's introduction comes next. */
const SOCKET_MESSAGE = "console-socket";

/**
 * Hands a window over to the process of a machine, which gives what it gets to {@link ConsoleSockets.receive}.
 *
 * Node goes on reading from a socket that it hands over, and throws away what it reads, until the other process has
 * confirmed it: a window that is let in before that may lose what it says first. So the introduction, without which it is
 * not let in, goes separately; Node holds back what is sent behind a socket until it has closed its own end of it.
 */
export function handOver({ socket, introduction }: ConsoleRequest, machine: ChildProcess): void {
  machine.send(SOCKET_MESSAGE, socket, () => {}); // The machine's end is told by `exit`.
  machine.send(introduction, () => {});
}

/** The windows' sockets in the process that answers them. */
export class ConsoleSockets {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_INPUT_MESSAGE });
  readonly #onOpen: (channel: ByteChannel) => void;
  /** That of the window which is introduced next; undefined where it has gone on the way. */
  #coming: Socket | undefined;

  constructor(onOpen: (channel: ByteChannel) => void) {
    this.#onOpen = onOpen;
  }

  /** Does anything wait to be taken by a window? */
  get backlogged(): boolean {
    for (const client of this.#server.clients) if (client.bufferedAmount > 0) return true;
    return false;
  }

  /** Takes a message of the other process, and the socket that came with it, if it is one of {@link handOver}. */
  receive(message: unknown, socket: unknown): boolean {
    if (message === SOCKET_MESSAGE) {
      this.#coming = socket as Socket | undefined;
      this.#coming?.on("error", () => {}); // It is closed then, and not answered any more.
      return true;
    }
    const known = introductionSchema.safeParse(message);
    if (!known.success) return false;
    if (this.#coming) this.#answer(this.#coming, known.data);
    this.#coming = undefined;
    return true;
  }

  #answer(socket: Socket, { console: { key, version, head } }: ConsoleIntroduction): void {
    const request = Object.assign(new IncomingMessage(socket), {
      method: "GET",
      headers: { upgrade: "websocket", "sec-websocket-key": key, "sec-websocket-version": version },
    });
    this.#server.handleUpgrade(request, socket, Buffer.from(head), (client) => {
      client.on("error", () => {}); // An oversized or malformed message: its socket is closed.
      this.#onOpen(channelOf(client));
    });
  }
}

function channelOf(socket: WebSocket): ByteChannel {
  return {
    send(bytes) {
      if (socket.bufferedAmount > MAX_BACKLOG) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.send(bytes);
    },
    onMessage: (listener) =>
      void socket.on("message", (data, isBinary) => {
        if (isBinary && Buffer.isBuffer(data)) listener(data);
      }),
    onClose: (listener) => void socket.on("close", listener),
    close: () => socket.close(),
  };
}
