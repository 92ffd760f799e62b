import type { ConsoleInput, ConsoleOutput } from "../../electron/contract/console.ts";
import type { ManagerEvent, ManagerService, Medium } from "../../electron/contract/manager.ts";

/** A live connection to the manager. */
export interface Connection {
  readonly service: ManagerService;
  close(): void;
}

/** What a console channel tells its owner. */
export interface ConsoleListener {
  output(output: ConsoleOutput): void;
  /** The channel is gone for good; open another one. */
  closed(): void;
}

/** A machine's own channel: input goes in, output comes by the listener it was opened with. */
export interface ConsoleChannel {
  send(input: ConsoleInput): void;
  close(): void;
}

export interface UploadOptions {
  signal: AbortSignal;
  /** Called with the share sent so far, 0 to 1. */
  onProgress(share: number): void;
}

/**
 * All that the window needs from the shell around it. One implementation speaks HTTP and WebSocket to the server
 * shell, one the preload bridge of Electron; the browser tests have one of their own.
 */
export interface Host {
  /**
   * Connects to the manager. Rejects when it cannot be reached.
   * `onLost` is called once if the connection ends other than by `close`.
   */
  connect(onEvent: (event: ManagerEvent) => void, onLost: () => void): Promise<Connection>;
  openConsole(machine: string, listener: ConsoleListener): ConsoleChannel;
  /** Makes a file known to the manager as a medium. Rejects with a problem, or an `AbortError`. */
  upload(file: File, options: UploadOptions): Promise<Medium>;
}
