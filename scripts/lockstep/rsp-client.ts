// A client of GDB's remote serial protocol, for QEMU's stub, which sends no run lengths. [GDB] appendix E.

import { connect, type Socket } from "node:net";
import { encodePacket, PacketReader } from "../../electron/vm-host/gdb/packets.ts";

export class RspClient {
  readonly #socket: Socket;
  readonly #reader = new PacketReader();
  readonly #received: string[] = [];
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const fail = (error: Error) => {
      this.#failure ??= error;
      this.#wake?.();
    };
    socket.on("data", (bytes: Buffer) => {
      for (const one of this.#reader.push(bytes)) {
        if (one.kind === "packet") this.#received.push(Buffer.from(one.payload).toString("latin1"));
      }
      this.#wake?.();
    });
    socket.on("error", fail);
    socket.on("close", () => fail(new Error("the debugged machine has gone")));
  }

  /** Connects to a UNIX socket, once it is there. */
  static async open(path: string): Promise<RspClient> {
    for (let tries = 0; ; tries++) {
      try {
        const socket = connect(path);
        await new Promise<void>((resolve, reject) => {
          socket.once("connect", resolve);
          socket.once("error", reject);
        });
        const client = new RspClient(socket);
        socket.write("+");
        await client.ask("qSupported:swbreak+;hwbreak+");
        await client.ask("QStartNoAckMode");
        return client;
      } catch (error) {
        if (tries >= 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Sends a packet and waits for its reply. */
  async ask(text: string): Promise<string> {
    this.#socket.write(encodePacket(text));
    return this.#next();
  }

  /** The answer to a command of QEMU's monitor. */
  async monitor(command: string): Promise<string> {
    this.#socket.write(encodePacket(`qRcmd,${Buffer.from(command).toString("hex")}`));
    let text = "";
    for (;;) {
      const reply = await this.#next();
      if (reply === "OK") return text;
      if (!reply.startsWith("O")) throw new Error(`the monitor says ${reply}`);
      text += Buffer.from(reply.slice(1), "hex").toString("latin1");
    }
  }

  /** A document of the target, all of it. */
  async document(name: string): Promise<string> {
    let text = "";
    for (;;) {
      const part = await this.ask(`qXfer:features:read:${name}:${text.length.toString(16)},800`);
      text += part.slice(1);
      if (part[0] === "l") return text;
      if (part[0] !== "m") throw new Error(`no ${name}: ${part}`);
    }
  }

  /** Stops a machine that runs, as Ctrl-C does; what `ask` waits for is then the reply. */
  interrupt(): void {
    this.#socket.write(Buffer.of(3));
  }

  async #next(): Promise<string> {
    for (;;) {
      const packet = this.#received.shift();
      if (packet !== undefined) return packet;
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
