import { contextBridge, ipcRenderer, webUtils } from "electron/renderer";
import { BRIDGE_CHANNELS, type Bridge, type PortMessage } from "../contract/bridge.ts";

/** The only bridge between the page and the application. The page gets ports, and never a path. */

/** One end for the main process, the other for the page. */
function introduce(channel: string, argument: unknown, request: string): void {
  const { port1, port2 } = new MessageChannel();
  ipcRenderer.postMessage(channel, argument, [port1]);
  const message: PortMessage = { twinboxPort: request };
  window.postMessage(message, location.origin, [port2]);
}

const bridge: Bridge = {
  connect: (request) => introduce(BRIDGE_CHANNELS.connect, null, String(request)),
  openConsole: (request, machine) => introduce(BRIDGE_CHANNELS.openConsole, String(machine), String(request)),
  addFile: (file) => ipcRenderer.invoke(BRIDGE_CHANNELS.addFile, webUtils.getPathForFile(file)),
};

contextBridge.exposeInMainWorld("twinbox", bridge);
