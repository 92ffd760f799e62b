import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { CompiledLoop, CompiledModule, ModuleCompiler } from "../../core/cpu/jit/module-compiler.ts";
import type { RegionOrder } from "../../core/cpu/jit/region-order.ts";
import { COMPILER_WORKER } from "../platform/paths.ts";

/**
 * A region to be added to the module under way; that module's end, which a CompiledModule answers, optimized at once or when it was run
 * for a while; or the code size of an inner loop, which a CompiledLoop answers.
 */
export type CompilerRequest = RegionOrder | "finish" | "optimize" | number;

/** MiB of garbage that its thread makes room for before it collects it. */
const YOUNG_GENERATION = 8;

/**
 * Compiles a machine's regions in a thread of its own, while the guest goes on in the interpreter. What goes wrong
 * there is thrown by the next {@link take}.
 */
export class CompilerThread implements ModuleCompiler {
  readonly atOnce = 500;
  readonly largest = 700;
  readonly loopAfter = 1;
  readonly #worker: Worker;
  readonly #port;
  /** Modules that were finished, and loops that were asked for, and not received. */
  #waiting = 0;
  readonly #modules: CompiledModule[] = [];
  readonly #loops: CompiledLoop[] = [];
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

  finish(isForLong: boolean): void {
    this.#waiting++;
    this.#send(isForLong ? "optimize" : "finish");
  }

  take(): CompiledModule | undefined {
    this.#receive();
    return this.#modules.shift();
  }

  addLoop(codeSize: number): void {
    this.#waiting++;
    this.#send(codeSize);
  }

  takeLoop(): CompiledLoop | undefined {
    this.#receive();
    return this.#loops.shift();
  }

  #receive(): void {
    if (this.#error) throw this.#error;
    while (this.#waiting > 0) {
      const received = receiveMessageOnPort(this.#port);
      if (!received) return;
      this.#waiting--;
      const made: CompiledModule | CompiledLoop = received.message;
      if ("codeSize" in made) this.#loops.push(made);
      else this.#modules.push(made);
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(request: CompilerRequest): void {
    this.#port.postMessage(request);
  }
}
