// The thread of a CompilerThread.

import { constants, platform, setPriority } from "node:os";
import { type MessagePort, workerData } from "node:worker_threads";
import { compiledLoop, ModuleAssembly } from "../../core/cpu/jit/module-compiler.ts";
import type { CompilerRequest } from "./compiler-thread.ts";

// The guest comes first where the host has no core to spare. Elsewhere it is not threads that have a priority.
if (platform() === "linux") setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);

const port: MessagePort = workerData;
const assembly = new ModuleAssembly();

port.on("message", (request: CompilerRequest) => {
  if (request === "finish") port.postMessage(assembly.finish());
  else if (typeof request === "number") port.postMessage(compiledLoop(request));
  else assembly.add(request);
});
