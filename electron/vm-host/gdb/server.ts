import { createServer, type Server, type Socket } from "node:net";
import { TwinboxError } from "../../../core/base/errors.ts";
import { type DebugTarget, GdbSession } from "./session.ts";
import type { Architecture } from "./target-description.ts";

const LOOPBACK = "127.0.0.1";

/** Serves GDB's remote protocol for one machine on the loopback interface, one client at a time. */
export class GdbServer {
  readonly #target: DebugTarget;
  readonly #architecture: Architecture;
  readonly #server: Server;
  #socket: Socket | undefined;
  #session: GdbSession | undefined;

  constructor(target: DebugTarget, architecture: Architecture) {
    this.#target = target;
    this.#architecture = architecture;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /**
   * Listens on a port of 127.0.0.1, 0 for any; resolves with its number.
   *
   * @throws TwinboxError busy: somebody else listens there.
   */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause) =>
        reject(
          new TwinboxError("busy", `GDB cannot be served on port ${port} of ${LOOPBACK}.`, {
            advice: "Choose another port.",
            cause,
          }),
        ),
      );
      this.#server.listen(port, LOOPBACK, resolve);
    });
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : port;
  }

  /** The machine has stopped at something of the debugger's. */
  stopped(by: "breakpoint" | "watchpoint"): void {
    this.#session?.stopped(by);
  }

  /** The machine is off. */
  ended(): void {
    this.#session?.ended();
  }

  close(): void {
    this.#socket?.end();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    if (this.#socket) {
      socket.destroy();
      return;
    }
    socket.setNoDelay();
    const session = new GdbSession(this.#target, this.#architecture, (bytes) => socket.write(bytes));
    this.#socket = socket;
    this.#session = session;
    socket.on("data", (bytes) => session.receive(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      session.close();
      this.#socket = undefined;
      this.#session = undefined;
    });
  }
}
