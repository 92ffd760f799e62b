import type { MessagePortMain, UtilityProcess } from "electron/main";
import type { HostProcess, HostStarter } from "../manager/starter.ts";

/** `utilityProcess.fork`, as far as it is used. */
export type ForkUtility = (
  program: string,
  args: string[],
  options: { serviceName: string; stdio: "pipe" },
) => UtilityProcess;

/** Milliseconds that Electron's own word on why a process has ended may come after its exit. */
const REASON_MS = 200;

/**
 * Machines' processes under Electron. A window's port is handed to the machine's process, so that frames and
 * serial bytes go straight from there to the page.
 */
export class UtilityStarter implements HostStarter<MessagePortMain> {
  readonly #program: string;
  readonly #fork: ForkUtility;
  /** Why processes have ended, by service name, in Electron's words (`crashed`, `oom`, `killed`). */
  readonly #reasons = new Map<string, string>();
  #started = 0;

  constructor(program: string, fork: ForkUtility) {
    this.#program = program;
    this.#fork = fork;
  }

  /** To be told of `app`'s `child-process-gone`. */
  noteGone(serviceName: string, reason: string): void {
    this.#reasons.set(serviceName, reason);
  }

  start(machineName: string): HostProcess<MessagePortMain> {
    const serviceName = `${machineName} #${++this.#started}`;
    const child = this.#fork(this.#program, [], { serviceName, stdio: "pipe" });
    const exits: ((how: string) => void)[] = [];
    let running = true;
    child.on("exit", (code) => {
      running = false;
      setTimeout(
        () => {
          const reason = this.#reasons.get(serviceName) ?? `exit code ${code}`;
          this.#reasons.delete(serviceName);
          for (const listener of exits) listener(reason);
        },
        code === 0 ? 0 : REASON_MS,
      );
    });
    return {
      control: {
        send: (message) => {
          if (running) child.postMessage(message);
        },
        onMessage: (listener) => void child.on("message", listener),
        onClose: (listener) => void exits.push(listener),
        close: () => void child.kill(),
      },
      connectConsole: (port) => child.postMessage(null, [port]),
      onOutput(listener) {
        child.stdout?.on("data", (text) => listener(String(text)));
        child.stderr?.on("data", (text) => listener(String(text)));
      },
      onExit: (listener) => void exits.push(listener),
      kill: () => {
        // A process that hangs does not heed the polite signal of child.kill().
        if (running && child.pid !== undefined) process.kill(child.pid, "SIGKILL");
      },
    };
  }
}
