// The thread of a CompilerThread.

import { platform, setPriority } from "node:os";
import { type MessagePort, workerData } from "node:worker_threads";
import { compiledLoop, ModuleAssembly, prepareLoop } from "../../core/cpu/jit/module-compiler.ts";
import type { CompilerRequest } from "./compiler-thread.ts";
import { compiledAtOnce } from "./tune-v8.ts";

/**
 * What a guest waits for is the work of this thread, too: where other programs have the host's cores, a tenth of one, which 10 leaves it,
 * makes a boot half as long again.
 */
const NICENESS = 5;

// The guest comes first where the host has no core to spare. Elsewhere it is not threads that have a priority.
if (platform() === "linux") setPriority(0, NICENESS);

const port: MessagePort = workerData;
const assembly = new ModuleAssembly();

/** By its number in MODE: the code that most guests come to first, of those that have an inner loop. */
const CODE_OF_32_BITS = 1;

// While the guest's own thread is still starting. It makes this thread's code warm as well: cold, it takes several times as long for the
// first regions, which a guest waits for in the interpreter. V8 is not to compile it yet: what it is told for that holds for all threads.
prepareLoop(CODE_OF_32_BITS);

port.on("message", (request: CompilerRequest) => {
  if (typeof request === "object") assembly.add(request);
  else if (typeof request === "number") port.postMessage(compiledAtOnce(() => compiledLoop(request)));
  else port.postMessage(compiledAtOnce(() => assembly.finish(), request === "optimize"));
});
