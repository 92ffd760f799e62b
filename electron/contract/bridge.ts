import type { Medium, ProblemReport } from "./manager.ts";

/**
 * What the preload gives the page as `window.twinbox`. Ports cannot cross it: they arrive in the page as a `message`
 * event of the window itself, with {@link PortMessage} as its data and the port in `ports[0]`.
 */
export interface Bridge {
  /** Asks for a port to the manager, which speaks `rpc.ts` in structured clones. */
  connect(request: string): void;
  /**
   * Asks for a port to a machine's process, which speaks `console-codec.ts` in `Uint8Array`s. It is closed at once
   * where the machine is off.
   */
  openConsole(request: string, machine: string): void;
  /** Makes a dropped or chosen file known to the manager, where it is: nothing is copied. */
  addFile(file: File): Promise<AddedFile>;
}

/** A rejection would lose its fields between the preload and the page. */
export type AddedFile = { medium: Medium } | { problem: ProblemReport };

export interface PortMessage {
  /** That of the request. */
  twinboxPort: string;
}

/** Names of the messages between the preload and the main process. */
export const BRIDGE_CHANNELS = {
  connect: "twinbox:connect",
  openConsole: "twinbox:open-console",
  addFile: "twinbox:add-file",
} as const;
