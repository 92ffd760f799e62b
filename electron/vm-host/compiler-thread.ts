import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { CompiledModule, ModuleCompiler } from "../../core/cpu/jit/module-compiler.ts";
import type { RegionOrder } from "../../core/cpu/jit/region-order.ts";
import { COMPILER_WORKER } from "../platform/paths.ts";

/** A region to be added to the module under way, or that module's end, which a CompiledModule answers. */
export type CompilerRequest = RegionOrder | "finish";

/** MiB of garbage that its thread makes room for before it collects it. */
const YOUNG_GENERATION = 8;

/**
 * Compiles a machine's regions in a thread of its own, while the guest goes on in the interpreter. What goes wrong
 * there is thrown by the next {@link take}.
 */
export class CompilerThread implements ModuleCompiler {
  readonly atOnce = 500;
  readonly #worker: Worker;
  readonly #port;
  /** Modules that were finished and not taken. */
  #waiting = 0;
  #error: unknown;

  /** `program`: that of the thread. */
  constructor(program: string = COMPILER_WORKER) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(program, {
      workerData: port2,
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION },
    });
    this.#worker.on("error", (error) => {
      this.#error = error;
    });
    // A program that has nothing else to do ends.
    this.#worker.unref();
    port1.unref();
  }

  add(order: RegionOrder): void {
    this.#send(order);
  }

  finish(): void {
    this.#waiting++;
    this.#send("finish");
  }

  take(): CompiledModule | undefined {
    if (this.#error) throw this.#error;
    if (this.#waiting === 0) return undefined;
    const received = receiveMessageOnPort(this.#port);
    if (!received) return undefined;
    this.#waiting--;
    return received.message;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(request: CompilerRequest): void {
    this.#port.postMessage(request);
  }
}
