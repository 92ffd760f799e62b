// Moves, shuffles, masks; the state of SSE, and cache control.

import {
  maskMove,
  move,
  moveAligned,
  moveFromHigh,
  moveFromMmx,
  moveGeneral,
  moveHighToLow,
  moveMmxToXmm,
  moveToHigh,
  moveToMmx,
  moveWidened,
  movmskpd,
  movmskps,
  nothing,
  pmovmskb,
} from "../../semantics/simd-move.ts";
import {
  duplicate,
  pextrw,
  pinsrw,
  pshufd,
  pshufhw,
  pshuflw,
  pshufw,
  shufpd,
  shufps,
} from "../../semantics/simd-shuffle.ts";
import { emms } from "../../semantics/x87-control.ts";
import { ADDRESS, byMod, group, MEMORY, op, REGISTER } from "../row.ts";
import { byExactPrefix, mmx, mmxExtension, type Rows, sse, sse2, sse3, two } from "./simd-rows.ts";

const prefetch = (name: string) => op(`PREFETCH${name}`, nothing, "Mb", 0, "sse");
const hint = op("NOP", nothing, "Ev", 0, "nopl");

export const SIMD_MOVES: Rows = {
  0x10: byExactPrefix({
    none: sse("MOVUPS", move, "Vdq,Wdq"),
    p66: sse2("MOVUPD", move, "Vdq,Wdq"),
    pF3: byMod(sse("MOVSS", moveWidened, "Vdq,Wd"), sse("MOVSS", move, "Vd,Wd")),
    pF2: byMod(sse2("MOVSD", moveWidened, "Vdq,Wq"), sse2("MOVSD", move, "Vq,Wq")),
  }),
  0x11: byExactPrefix({
    none: sse("MOVUPS", move, "Wdq,Vdq"),
    p66: sse2("MOVUPD", move, "Wdq,Vdq"),
    pF3: sse("MOVSS", move, "Wd,Vd"),
    pF2: sse2("MOVSD", move, "Wq,Vq"),
  }),
  0x12: byExactPrefix({
    none: byMod(sse("MOVLPS", move, "Vq,Wq"), sse("MOVHLPS", moveHighToLow, "Vdq,Wdq")),
    p66: sse2("MOVLPD", move, "Vq,Wq", MEMORY),
    pF3: sse3("MOVSLDUP", duplicate(4, [0, 0, 2, 2]), "Vdq,Wdq"),
    pF2: sse3("MOVDDUP", duplicate(8, [0, 0]), "Vdq,Wq"),
  }),
  0x13: byExactPrefix({
    none: sse("MOVLPS", move, "Wq,Vq", MEMORY),
    p66: sse2("MOVLPD", move, "Wq,Vq", MEMORY),
  }),
  0x16: byExactPrefix({
    none: byMod(sse("MOVHPS", moveToHigh, "Vdq,Wq"), sse("MOVLHPS", moveToHigh, "Vdq,Wq")),
    p66: sse2("MOVHPD", moveToHigh, "Vdq,Wq", MEMORY),
    pF3: sse3("MOVSHDUP", duplicate(4, [1, 1, 3, 3]), "Vdq,Wdq"),
  }),
  0x17: byExactPrefix({
    none: sse("MOVHPS", moveFromHigh, "Wq,Vdq", MEMORY),
    p66: sse2("MOVHPD", moveFromHigh, "Wq,Vdq", MEMORY),
  }),
  0x18: byMod(
    group(prefetch("NTA"), prefetch("T0"), prefetch("T1"), prefetch("T2"), hint, hint, hint, hint),
    hint,
  ),
  0x28: two("MOVA", () => moveAligned),
  0x29: byExactPrefix({
    none: sse("MOVAPS", moveAligned, "Wdq,Vdq"),
    p66: sse2("MOVAPD", moveAligned, "Wdq,Vdq"),
  }),
  0x2b: byExactPrefix({
    none: sse("MOVNTPS", moveAligned, "Wdq,Vdq", MEMORY),
    p66: sse2("MOVNTPD", moveAligned, "Wdq,Vdq", MEMORY),
  }),
  0x50: byExactPrefix({
    none: sse("MOVMSKPS", movmskps, "Gd,Udq", REGISTER),
    p66: sse2("MOVMSKPD", movmskpd, "Gd,Udq", REGISTER),
  }),
  0x6e: byExactPrefix({ none: mmx("MOVD", moveToMmx, "Pq,Ey"), p66: sse2("MOVD", moveWidened, "Vdq,Ey") }),
  0x6f: byExactPrefix({
    none: mmx("MOVQ", moveToMmx, "Pq,Qq"),
    p66: sse2("MOVDQA", moveAligned, "Vdq,Wdq"),
    pF3: sse2("MOVDQU", move, "Vdq,Wdq"),
  }),
  0x70: byExactPrefix({
    none: mmxExtension("PSHUFW", pshufw, "Pq,Qq,Ib"),
    p66: sse2("PSHUFD", pshufd, "Vdq,Wdq,Ib"),
    pF3: sse2("PSHUFHW", pshufhw, "Vdq,Wdq,Ib"),
    pF2: sse2("PSHUFLW", pshuflw, "Vdq,Wdq,Ib"),
  }),
  0x77: byExactPrefix({ none: mmx("EMMS", emms, "") }),
  0x7e: byExactPrefix({
    none: mmx("MOVD", moveFromMmx, "Ey,Py"),
    p66: sse2("MOVD", move, "Ey,Vy"),
    pF3: sse2("MOVQ", moveWidened, "Vdq,Wq"),
  }),
  0x7f: byExactPrefix({
    none: mmx("MOVQ", moveFromMmx, "Qq,Pq"),
    p66: sse2("MOVDQA", moveAligned, "Wdq,Vdq"),
    pF3: sse2("MOVDQU", move, "Wdq,Vdq"),
  }),
  0xc3: byExactPrefix({ none: op("MOVNTI", moveGeneral, "Ey,Gy", MEMORY, "sse2") }),
  0xc4: byExactPrefix({
    none: mmxExtension("PINSRW", pinsrw, "Pq,Ew,Ib"),
    p66: sse2("PINSRW", pinsrw, "Vdq,Ew,Ib"),
  }),
  0xc5: byExactPrefix({
    none: mmxExtension("PEXTRW", pextrw, "Gd,Nq,Ib", REGISTER),
    p66: sse2("PEXTRW", pextrw, "Gd,Udq,Ib", REGISTER),
  }),
  0xc6: two("SHUF", (bytes) => (bytes === 4 ? shufps : shufpd), ",Ib"),
  0xd6: byExactPrefix({
    p66: byMod(sse2("MOVQ", move, "Wq,Vq"), sse2("MOVQ", moveWidened, "Wdq,Vq")),
    pF3: sse2("MOVQ2DQ", moveMmxToXmm, "Vdq,Nq", REGISTER),
    pF2: sse2("MOVDQ2Q", moveToMmx, "Pq,Uq", REGISTER),
  }),
  0xd7: byExactPrefix({
    none: mmxExtension("PMOVMSKB", pmovmskb, "Gd,Nq", REGISTER),
    p66: sse2("PMOVMSKB", pmovmskb, "Gd,Udq", REGISTER),
  }),
  0xe7: byExactPrefix({
    none: mmxExtension("MOVNTQ", moveFromMmx, "Qq,Pq", MEMORY),
    p66: sse2("MOVNTDQ", moveAligned, "Wdq,Vdq", MEMORY),
  }),
  0xf0: byExactPrefix({ pF2: sse3("LDDQU", move, "Vdq,Wdq", MEMORY) }),
  0xf7: byExactPrefix({
    none: mmxExtension("MASKMOVQ", maskMove, "Pq,Nq", REGISTER | ADDRESS),
    p66: sse2("MASKMOVDQU", maskMove, "Vdq,Udq", REGISTER | ADDRESS),
  }),
};
