import { serveHost } from "../host.ts";
import { openMedium } from "../open-medium.ts";
import { connectParent } from "../parent.ts";
import { PcEngine } from "../pc-engine.ts";
import { FakePc } from "./fake-pc.ts";

/** A machine's process whose PC is a {@link FakePc}. */
serveHost(
  connectParent(),
  (machine, isBacklogged) =>
    new PcEngine(machine, { createPc: async (options) => new FakePc(options), openMedium, isBacklogged }),
);
