import type { Bridge, PortMessage } from "../../electron/contract/bridge.ts";
import { decodeConsoleOutput, encodeConsoleInput } from "../../electron/contract/console-codec.ts";
import type { ManagerEvent, ManagerService, Medium } from "../../electron/contract/manager.ts";
import { managerEventSchema, managerSchema } from "../../electron/contract/manager-schema.ts";
import { fromProblem } from "../../electron/contract/problem.ts";
import { rpcClient } from "../../electron/contract/rpc.ts";
import { messagePortPort } from "../../electron/contract/rpc-ports.ts";
import { inMessages } from "./console-messages.ts";
import type { Connection, ConsoleChannel, ConsoleListener, Host, UploadOptions } from "./host.ts";

/** The Electron shell: calls and consoles by message ports, which the preload hands to the page. */
export class BridgeHost implements Host {
  readonly #bridge: Bridge;
  /** Who waits for a port, by request. */
  readonly #waiting = new Map<string, (port: MessagePort) => void>();
  #nextRequest = 0;

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
    window.addEventListener("message", (event: MessageEvent<Partial<PortMessage> | null>) => {
      const request = event.data?.twinboxPort;
      const [port] = event.ports;
      if (event.source !== window || request === undefined || !port) return;
      this.#waiting.get(request)?.(port);
      this.#waiting.delete(request);
    });
  }

  async connect(onEvent: (event: ManagerEvent) => void, onLost: () => void): Promise<Connection> {
    const port = messagePortPort(await this.#port((request) => this.#bridge.connect(request)));
    const { service, events } = rpcClient<ManagerService, ManagerEvent>(
      port,
      managerSchema,
      managerEventSchema,
    );
    events.on(onEvent);
    let closing = false;
    port.onClose(() => {
      if (!closing) onLost();
    });
    return {
      service,
      close() {
        closing = true;
        port.close();
      },
    };
  }

  openConsole(machine: string, listener: ConsoleListener): ConsoleChannel {
    let open: MessagePort | null = null;
    let closed = false;
    /** Sent once the port has come. */
    const early: Uint8Array[] = [];
    void this.#port((request) => this.#bridge.openConsole(request, machine)).then((port) => {
      if (closed) {
        port.close();
        return;
      }
      open = port;
      port.addEventListener("message", ({ data }) => {
        const output = data instanceof Uint8Array ? decodeConsoleOutput(data) : null;
        if (output) listener.output(output);
      });
      port.addEventListener("close", () => listener.closed());
      port.start();
      for (const bytes of early) port.postMessage(bytes);
    });
    return {
      send(input) {
        for (const part of inMessages(input)) {
          const bytes = encodeConsoleInput(part);
          if (open) open.postMessage(bytes);
          else early.push(bytes);
        }
      },
      close() {
        closed = true;
        open?.close();
      },
    };
  }

  /** Nothing is copied: the manager reads the file where it is, so that this can neither be cancelled nor take long. */
  async upload(file: File, { onProgress }: UploadOptions): Promise<Medium> {
    const added = await this.#bridge.addFile(file);
    if ("problem" in added) throw fromProblem(added.problem);
    onProgress(1);
    return added.medium;
  }

  #port(ask: (request: string) => void): Promise<MessagePort> {
    const request = String(this.#nextRequest++);
    return new Promise((resolve) => {
      this.#waiting.set(request, resolve);
      ask(request);
    });
  }
}
