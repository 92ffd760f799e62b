import { TwinboxError } from "../../core/base/errors.ts";
import { serveHost } from "./host.ts";
import { connectParent } from "./parent.ts";
import { PcEngine } from "./pc-engine.ts";
import { pcParts } from "./pc-parts.ts";

/** The process of one machine: started by the manager, it runs the engine that the machine's settings name. */
serveHost(connectParent(), ({ engine, ...machine }, isBacklogged) => {
  if (engine !== "pc")
    throw new TwinboxError("invalid-argument", `This Twinbox has no engine called ${engine}.`, {
      subject: engine,
    });
  return new PcEngine(machine, { ...pcParts, isBacklogged });
});
