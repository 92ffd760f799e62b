import type { PcControl, PcOptions } from "../../core/pc-options.ts";
import { CompilerThread } from "./compiler-thread.ts";
import { openMedium } from "./open-medium.ts";
import type { PcEngineParts } from "./pc-engine.ts";
import { tuneV8 } from "./tune-v8.ts";

/** The real parts of the PC engine. The PC itself is loaded at first use, as it is most of the program. */
export const pcParts: PcEngineParts = {
  async createPc(options: PcOptions): Promise<PcControl> {
    tuneV8();
    const { createPc } = await import("../../core/pc.ts");
    return createPc(options);
  },
  createCompiler: () => new CompilerThread(),
  openMedium,
};
