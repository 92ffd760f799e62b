import { fork } from "node:child_process";
import type { Duplex } from "node:stream";
import type { ByteChannel } from "../contract/byte-channel.ts";
import { ChannelMux } from "../platform/channel-mux.ts";
import type { HostProcess, HostStarter } from "./starter.ts";

/**
 * Machines' processes as children of a plain Node. Control goes over Node's own IPC; the consoles have a pipe of
 * their own (descriptor 4), so that a screen full of pixels never delays a command.
 */
export class ForkStarter implements HostStarter<ByteChannel> {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  start(): HostProcess<ByteChannel> {
    const child = fork(this.#program, [], {
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc", "pipe"],
      // Options of this process, such as a debugger's port, are not the child's.
      execArgv: [],
    });
    const mux = new ChannelMux(child.stdio[4] as Duplex);
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
      connectConsole: (window) => join(window, mux.open()),
      onOutput(listener) {
        child.stdout?.setEncoding("utf8").on("data", listener);
        child.stderr?.setEncoding("utf8").on("data", listener);
      },
      onExit: (listener) => void exits.push(listener),
      kill: () => void child.kill("SIGKILL"),
    };
  }
}

function join(a: ByteChannel, b: ByteChannel): void {
  a.onMessage((bytes) => b.send(bytes));
  b.onMessage((bytes) => a.send(bytes));
  a.onClose(() => b.close());
  b.onClose(() => a.close());
}
