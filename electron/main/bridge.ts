import type { IpcMain, IpcMainEvent, IpcMainInvokeEvent, MessagePortMain } from "electron/main";
import { type AddedFile, BRIDGE_CHANNELS } from "../contract/bridge.ts";
import type { ManagerService } from "../contract/manager.ts";
import { managerSchema } from "../contract/manager-schema.ts";
import { toProblem } from "../contract/problem.ts";
import { type RpcPort, serveRpc } from "../contract/rpc.ts";
import type { Manager } from "../manager/manager.ts";
import { isOwnSender } from "./policy.ts";

/** The main process's side of the preload's bridge. Messages of any frame but our own page's are not heard. */
export function serveBridge(
  ipc: Pick<IpcMain, "on" | "handle">,
  manager: Manager<MessagePortMain>,
  onError: (error: unknown) => void,
): void {
  const ownPort = (event: IpcMainEvent): MessagePortMain | null => {
    const [port] = event.ports;
    if (isOwnSender(event.senderFrame)) return port ?? null;
    port?.close();
    return null;
  };

  ipc.on(BRIDGE_CHANNELS.connect, (event: IpcMainEvent) => {
    const port = ownPort(event);
    if (!port) return;
    const emit = serveRpc<ManagerService>(mainPort(port), managerSchema, manager, onError);
    port.on("close", manager.events.on(emit));
  });

  ipc.on(BRIDGE_CHANNELS.openConsole, (event: IpcMainEvent, machine: unknown) => {
    const port = ownPort(event);
    if (!port) return;
    try {
      manager.connectConsole(String(machine), port);
    } catch {
      port.close();
    }
  });

  ipc.handle(
    BRIDGE_CHANNELS.addFile,
    async (event: IpcMainInvokeEvent, path: unknown): Promise<AddedFile> => {
      try {
        if (!isOwnSender(event.senderFrame)) throw new Error("a frame that is not ours adds a file");
        return { medium: await manager.media.register(String(path)) };
      } catch (error) {
        return { problem: toProblem(error) };
      }
    },
  );
}

function mainPort(port: MessagePortMain): RpcPort {
  return {
    send: (message) => port.postMessage(message),
    onMessage(listener) {
      port.on("message", ({ data }) => listener(data));
      port.start();
    },
    onClose: (listener) => void port.on("close", listener),
    close: () => port.close(),
  };
}
