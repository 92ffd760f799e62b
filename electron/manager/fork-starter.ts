import { fork } from "node:child_process";
import { type ConsoleRequest, handOver } from "../platform/console-sockets.ts";
import { MACHINE_ENVIRONMENT, MACHINE_NODE_OPTIONS } from "../platform/node-options.ts";
import type { HostProcess, HostStarter } from "./starter.ts";

/**
 * Machines' processes as children of a plain Node. Control goes over Node's own IPC; a window's socket is handed over
 * by it, so that a screen full of pixels neither delays a command nor passes through this process.
 */
export class ForkStarter implements HostStarter<ConsoleRequest> {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  start(): HostProcess<ConsoleRequest> {
    const child = fork(this.#program, [], {
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Options of this process, such as a debugger's port, are not the child's.
      execArgv: [...MACHINE_NODE_OPTIONS],
      env: { ...process.env, ...MACHINE_ENVIRONMENT },
    });
    const exits: ((how: string) => void)[] = [];
    let ended = false;
    const end = (how: string) => {
      if (ended) return;
      ended = true;
      for (const listener of exits) listener(how);
    };
    child.on("exit", (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
    child.on("error", (error) => end(error.message));
    return {
      control: {
        send: (message) => {
          if (child.connected) child.send(message as object, () => {}); // Its end is told by `exit`.
        },
        onMessage: (listener) => void child.on("message", listener),
        onClose: (listener) => void exits.push(listener),
        close: () => child.disconnect(),
      },
      connectConsole(request) {
        if (child.connected) handOver(request, child);
        else request.socket.destroy();
      },
      onOutput(listener) {
        child.stdout?.setEncoding("utf8").on("data", listener);
        child.stderr?.setEncoding("utf8").on("data", listener);
      },
      onExit: (listener) => void exits.push(listener),
      kill: () => void child.kill("SIGKILL"),
    };
  }
}
