// The thread of a CompilerThread.

import { type MessagePort, workerData } from "node:worker_threads";
import { ModuleAssembly } from "../../core/cpu/jit/module-compiler.ts";
import type { CompilerRequest } from "./compiler-thread.ts";

const port: MessagePort = workerData;
const assembly = new ModuleAssembly();

port.on("message", (request: CompilerRequest) => {
  if (request === "finish") port.postMessage(assembly.finish());
  else assembly.add(request);
});
