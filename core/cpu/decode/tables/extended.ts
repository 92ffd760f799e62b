// Groups 9 and 15, where what came later lies between older instructions. [SDM] vol. 2D, table A-6.

import { cmpxchg8b } from "../../semantics/cmpxchg8b.ts";
import { fault } from "../../semantics/fault.ts";
import { fence } from "../../semantics/system.ts";
import { fxrstor, fxsave, ldmxcsr, stmxcsr } from "../../semantics/x87-control.ts";
import { random, readBase, writeBase, xrstor, xsave } from "../../semantics/xsave.ts";
import type { Chapter } from "../opcodes.ts";
import { byMod, byPrefix, ENDS, type Entry, group, LOCK, MEMORY, O64, op } from "../row.ts";

const FS = 4;
const GS = 5;

const invalid = op("(invalid)", fault.ud, "", ENDS);

/** Without a mandatory prefix, or with F3; 66 and F2 make no instruction. */
const byF3 = (none: Entry, pF3: Entry = invalid): Entry =>
  byPrefix({ none: none ?? invalid, p66: invalid, pF3: pF3 ?? invalid, pF2: invalid });

/** Random numbers end their block, so that each is asked for at a known number of instructions. */
const number = (mnemonic: string, feature: string): Entry =>
  byPrefix({ none: op(mnemonic, random, "Rv", ENDS, feature), pF3: invalid, pF2: invalid });

export const EXTENDED: Chapter = {
  twoByte: {
    0xae: group(
      byMod(
        byF3(op("FXSAVE", fxsave, "M", 0, "fxsr")),
        byF3(undefined, op("RDFSBASE", readBase(FS), "Ry", O64, "fsgsbase")),
      ),
      byMod(
        byF3(op("FXRSTOR", fxrstor, "M", 0, "fxsr")),
        byF3(undefined, op("RDGSBASE", readBase(GS), "Ry", O64, "fsgsbase")),
      ),
      byMod(
        byF3(op("LDMXCSR", ldmxcsr, "Md", 0, "sse")),
        byF3(undefined, op("WRFSBASE", writeBase(FS), "Ry", O64, "fsgsbase")),
      ),
      byMod(
        byF3(op("STMXCSR", stmxcsr, "Md", 0, "sse")),
        byF3(undefined, op("WRGSBASE", writeBase(GS), "Ry", O64, "fsgsbase")),
      ),
      byMod(byF3(op("XSAVE", xsave("XSAVE"), "M", 0, "xsave")), undefined),
      byMod(
        byF3(op("XRSTOR", xrstor("XRSTOR"), "M", ENDS, "xsave")),
        byF3(op("LFENCE", fence, "", 0, "sse2")),
      ),
      byMod(
        byF3(op("XSAVEOPT", xsave("XSAVEOPT"), "M", 0, "xsaveopt")),
        byF3(op("MFENCE", fence, "", 0, "sse2")),
      ),
      byMod(byF3(op("CLFLUSH", fence, "Mb", 0, "clflush")), byF3(op("SFENCE", fence, "", 0, "sse"))),
    ),
    0xc7: group(
      undefined,
      byMod(op("CMPXCHG8B", cmpxchg8b, "Mqdq", LOCK | MEMORY, "cx8"), undefined),
      undefined,
      byMod(byF3(op("XRSTORS", xrstor("XRSTORS"), "M", ENDS, "xsaves")), undefined),
      byMod(byF3(op("XSAVEC", xsave("XSAVEC"), "M", 0, "xsavec")), undefined),
      byMod(byF3(op("XSAVES", xsave("XSAVES"), "M", 0, "xsaves")), undefined),
      byMod(undefined, number("RDRAND", "rdrand")),
      byMod(undefined, number("RDSEED", "rdseed")),
    ),
  },
};
