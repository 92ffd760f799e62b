import type { RpcPort } from "../contract/rpc.ts";

/** A machine's process, whichever way it was started. */
export interface HostProcess<ConsoleEnd> {
  /** Carries `HostService`; closed when the process has ended. */
  readonly control: RpcPort;
  /** Introduces a window to the machine: from now on they talk without the manager. */
  connectConsole(end: ConsoleEnd): void;
  /** What the process prints. */
  onOutput(listener: (text: string) => void): void;
  /** `how` in words: `exit code 1`, `signal SIGSEGV`. */
  onExit(listener: (how: string) => void): void;
  kill(): void;
}

/** Starts machines' processes: by `child_process` under Node, by `utilityProcess` under Electron. */
export interface HostStarter<ConsoleEnd> {
  start(machineName: string): HostProcess<ConsoleEnd>;
}
