import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { TwinboxError } from "../../core/base/errors.ts";
import type { ManagerService } from "../contract/manager.ts";
import { managerSchema } from "../contract/manager-schema.ts";
import { serveRpc } from "../contract/rpc.ts";
import { webSocketPort } from "../contract/rpc-ports.ts";
import type { Manager } from "../manager/manager.ts";
import { type ConsoleRequest, consoleRequest } from "../platform/console-sockets.ts";
import { readStatic } from "../platform/static-files.ts";
import { Access } from "./access.ts";
import { securityHeaders } from "./security-headers.ts";
import { receiveUpload } from "./upload.ts";

/** Bytes of a call. */
const MAX_CALL = 1 << 20;
/** A page that has so many bytes yet to take is not there any more. */
const MAX_BACKLOG = 64 << 20;

export interface ServerOptions {
  manager: Manager<ConsoleRequest>;
  /** 0 for one that is free. */
  port: number;
  /** Folder of the built window. */
  renderer: string;
  onError(error: unknown): void;
}

export interface RunningServer {
  /** With its token; good for once. */
  address: string;
  close(): Promise<void>;
}

/**
 * The second shell: the window in a browser of this host. It listens on the loopback address only.
 *
 * @throws TwinboxError busy when the port is taken.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  // An upload may take as long as it takes; headers may not.
  const server = createServer({ requestTimeout: 0, headersTimeout: 10_000 });
  const port = await listen(server, options.port);
  const shell = new Shell(options, port);
  server.on("request", (request, response) => void shell.answer(request, response));
  server.on("upgrade", (request, socket, head) => shell.upgrade(request, socket, head));
  return {
    address: shell.address,
    async close() {
      // Consoles are the machines' own by now and end with them: the server waits for none.
      server.close();
      shell.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new TwinboxError(
          cause.code === "EADDRINUSE" ? "busy" : "io",
          `Port ${port} cannot be used: ${cause.code}.`,
          {
            advice: "Give another one with --port.",
            cause,
          },
        ),
      ),
    );
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

class Shell {
  readonly #options: ServerOptions;
  readonly #port: number;
  readonly #access: Access;
  readonly #calls = new WebSocketServer({ noServer: true, maxPayload: MAX_CALL });
  /** Tells windows why they get no console. */
  readonly #refusals = new WebSocketServer({ noServer: true });

  constructor(options: ServerOptions, port: number) {
    this.#options = options;
    this.#port = port;
    this.#access = new Access(port);
  }

  get address(): string {
    return this.#access.address;
  }

  close(): void {
    for (const socket of [...this.#calls.clients, ...this.#refusals.clients]) socket.terminate();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders(this.#port))) response.setHeader(name, value);
    try {
      await this.#route(request, response);
    } catch (error) {
      this.#options.onError(error);
      if (!response.headersSent) text(response, 500, "Twinbox itself has made an error.");
      else response.destroy();
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = parseTarget(request);
    if (!url || !this.#access.isOwnHost(request))
      return text(response, 403, "This is not the address of Twinbox.");
    const token = request.method === "GET" && url.pathname === "/" ? url.searchParams.get("token") : null;
    const cookie = token === null ? null : this.#access.redeem(token);
    if (cookie !== null) {
      response.setHeader("Set-Cookie", cookie);
      return redirect(response, "/");
    }
    if (!this.#access.hasSession(request))
      return text(
        response,
        403,
        "Open the address that Twinbox printed when it started. It is good for one browser: if it has been used, end Twinbox and start it again.",
      );
    if (token !== null) return redirect(response, "/");
    if (url.pathname === "/upload")
      return this.#upload(request, response, url.searchParams.get("name") ?? "");
    if (request.method !== "GET" && request.method !== "HEAD") return text(response, 405, "Not allowed.");
    await this.#static(url.pathname, response);
  }

  async #upload(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    if (request.method !== "POST") return text(response, 405, "Not allowed.");
    if (!this.#access.isOwnOrigin(request)) return text(response, 403, "Not from this page.");
    await receiveUpload(request, response, name, this.#options.manager.media);
  }

  async #static(path: string, response: ServerResponse): Promise<void> {
    const file = await readStatic(this.#options.renderer, path);
    if (file) response.writeHead(200, { "Content-Type": file.type }).end(file.contents);
    else if (path === "/") text(response, 503, "The window has not been built: run npm run build.");
    else text(response, 404, "There is no such file.");
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const path = parseTarget(request)?.pathname ?? "/";
    const console = /^\/console\/([a-z0-9-]{1,64})$/.exec(path);
    if (!this.#access.isOwnOrigin(request) || !this.#access.hasSession(request))
      refuse(socket, "403 Forbidden");
    else if (path === "/rpc") this.#calls.handleUpgrade(request, socket, head, (ws) => this.#serveCalls(ws));
    else if (console) this.#introduce(request, head, console[1]);
    else refuse(socket, "404 Not Found");
  }

  #serveCalls(socket: WebSocket): void {
    const { manager, onError } = this.#options;
    socket.on("error", () => {}); // An oversized or malformed message: its socket is closed.
    const emit = serveRpc<ManagerService>(webSocketPort(socket), managerSchema, manager, onError);
    const stop = manager.events.on((event) => {
      if (socket.bufferedAmount > MAX_BACKLOG) socket.terminate();
      else emit(event);
    });
    socket.on("close", stop);
  }

  /** Hands a window's socket to the machine that it wants to see. */
  #introduce(request: IncomingMessage, head: Buffer, machine: string): void {
    try {
      this.#options.manager.connectConsole(machine, consoleRequest(request, head));
    } catch (error) {
      const reason = error instanceof TwinboxError ? error.kind : "internal";
      this.#refusals.handleUpgrade(request, request.socket, head, (socket) => {
        socket.on("error", () => {});
        socket.close(4000, reason);
      });
    }
  }
}

/** Null where the request names more than a path: `//host/…` is a path here, `http://…` is for proxies. */
const parseTarget = ({ url }: IncomingMessage): URL | null =>
  url?.startsWith("/") ? URL.parse(`http://127.0.0.1${url}`) : null;

function text(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${words}\n`);
}

function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { Location: to }).end();
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
