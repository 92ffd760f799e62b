import { decodeConsoleOutput, encodeConsoleInput } from "../../electron/contract/console-codec.ts";
import type { ManagerEvent, ManagerService, Medium } from "../../electron/contract/manager.ts";
import {
  managerEventSchema,
  managerSchema,
  mediumSchema,
  problemSchema,
} from "../../electron/contract/manager-schema.ts";
import { fromProblem } from "../../electron/contract/problem.ts";
import { rpcClient } from "../../electron/contract/rpc.ts";
import { webSocketPort } from "../../electron/contract/rpc-ports.ts";
import { inMessages } from "./console-messages.ts";
import type { Connection, ConsoleChannel, ConsoleListener, Host, UploadOptions } from "./host.ts";

function socketAddress(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** The server shell: calls and consoles by WebSocket, uploads by HTTP, with the cookie of the page. */
export class WebHost implements Host {
  connect(onEvent: (event: ManagerEvent) => void, onLost: () => void): Promise<Connection> {
    const socket = new WebSocket(socketAddress("/rpc"));
    const port = webSocketPort(socket);
    const { service, events } = rpcClient<ManagerService, ManagerEvent>(
      port,
      managerSchema,
      managerEventSchema,
    );
    events.on(onEvent);
    return new Promise((resolve, reject) => {
      let open = false;
      let closing = false;
      socket.addEventListener("open", () => {
        open = true;
        resolve({
          service,
          close() {
            closing = true;
            socket.close();
          },
        });
      });
      socket.addEventListener("close", () => {
        if (!open) reject(new Error("Twinbox's server does not answer"));
        else if (!closing) onLost();
      });
    });
  }

  openConsole(machine: string, listener: ConsoleListener): ConsoleChannel {
    const socket = new WebSocket(socketAddress(`/console/${encodeURIComponent(machine)}`));
    socket.binaryType = "arraybuffer";
    /** Sent once the socket is open. */
    const early: Uint8Array[] = [];
    const sendBytes = (bytes: Uint8Array) => {
      if (socket.readyState === WebSocket.CONNECTING) early.push(bytes);
      else if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
    };
    socket.addEventListener("open", () => {
      for (const bytes of early.splice(0)) sendBytes(bytes);
    });
    socket.addEventListener("message", ({ data }) => {
      const output = data instanceof ArrayBuffer ? decodeConsoleOutput(new Uint8Array(data)) : null;
      if (output) listener.output(output);
    });
    socket.addEventListener("close", () => listener.closed());
    return {
      send(input) {
        for (const part of inMessages(input)) sendBytes(encodeConsoleInput(part));
      },
      close: () => socket.close(),
    };
  }

  upload(file: File, { signal, onProgress }: UploadOptions): Promise<Medium> {
    // `fetch` does not tell how much of a body has been sent.
    const request = new XMLHttpRequest();
    request.open("POST", `/upload?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    return new Promise((resolve, reject) => {
      request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 1);
      request.onload = () => {
        const medium = mediumSchema.safeParse(request.response);
        if (isSuccess(request.status) && medium.success) return resolve(medium.data);
        const problem = problemSchema.safeParse(request.response);
        reject(
          problem.success
            ? fromProblem(problem.data)
            : new Error(`The server did not take ${file.name} (status ${request.status})`),
        );
      };
      request.onerror = () => reject(new Error(`${file.name} could not be sent: the connection broke`));
      request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      signal.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  }
}

/** HTTP's class of answers that did what was asked. */
const isSuccess = (status: number): boolean => status >= 200 && status < 300;
