// The table of what the processor's instructions are verified by, made from the decoding tables. A row counts as
// compared with silicon if some processor's results are kept for it; the others are looked for in the tests that are
// written by hand.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Chapter } from "../decode/opcodes.ts";
import { CODE_SIZES, JUDGED_CHAPTERS } from "./chapters.ts";
import { describeEncoding, type Encoding, encodingsOf } from "./encodings.ts";

const CPU = join(import.meta.dirname, "..");

interface Line {
  readonly mnemonic: string;
  readonly encodings: Set<string>;
  readonly features: Set<string>;
  /** Code sizes in which it was compared with silicon, whole and of some encodings only. */
  readonly judged: Set<string>;
  readonly unjudged: Set<string>;
}

/** How a test writes an instruction where that is not the mnemonic. */
const OTHER_NAMES: Readonly<Record<string, RegExp>> = {
  CALLF: /\.call\((far\(|"far )/,
  JMPF: /\.jmp\((far\(|"far )/,
};

/** What is in the tests of the processor that are written by hand. */
function handWrittenTests(): string[] {
  return readdirSync(CPU, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.includes("silicon"))
    .map((name) => readFileSync(join(CPU, name), "utf8"));
}

function isTested(mnemonic: string, tests: readonly string[]): boolean {
  const plain = new RegExp(`[."'\`]${mnemonic.toLowerCase()}["'\`(]|\\b${mnemonic}\\b`);
  const used = OTHER_NAMES[mnemonic] ?? plain;
  return tests.some((text) => used.test(text));
}

/** `0F 38 00 /r` without what only tells register from memory forms. */
function opcodeOf(encoding: Encoding): string {
  const text = describeEncoding(encoding);
  return text.slice(0, text.indexOf(` ${encoding.row.mnemonic}`));
}

function linesOf(chapter: Chapter, toleranceOf: (encoding: Encoding) => unknown): Line[] {
  const lines = new Map<string, Line>();
  for (const codeSize of CODE_SIZES) {
    for (const encoding of encodingsOf(chapter, codeSize)) {
      const { mnemonic, feature } = encoding.row;
      if (mnemonic === "(invalid)") continue;
      let line = lines.get(mnemonic);
      if (!line) {
        line = {
          mnemonic,
          encodings: new Set(),
          features: new Set(),
          judged: new Set(),
          unjudged: new Set(),
        };
        lines.set(mnemonic, line);
      }
      line.encodings.add(opcodeOf(encoding));
      if (feature) line.features.add(feature);
      const place = encoding.modrm && encoding.memory ? `${codeSize} (memory)` : String(codeSize);
      if (toleranceOf(encoding) === "untold") line.unjudged.add(place);
      else line.judged.add(place);
    }
  }
  return [...lines.values()].sort((a, b) => (a.mnemonic < b.mnemonic ? -1 : 1));
}

/** Whether in code of this size some form was judged, and none was not. */
const isJudged = (line: Line, size: number): boolean =>
  [...line.judged].some((place) => place.startsWith(String(size))) &&
  ![...line.unjudged].some((place) => place.startsWith(String(size)));

function verification(line: Line, tests: readonly string[]): string {
  const sizes = CODE_SIZES.filter((size) => isJudged(line, size));
  const silicon = sizes.length ? `silicon, ${sizes.join("- and ")}-bit code` : "";
  if (line.unjudged.size === 0) return silicon;
  const partly = sizes.length === 0 && line.judged.size > 0 ? "silicon, some forms" : silicon;
  const byHand = isTested(line.mnemonic, tests) ? "by hand" : "";
  return [partly, byHand].filter(Boolean).join("; ") || "**not verified**";
}

/** docs/isa-coverage.md. */
export function isaCoverage(): string {
  const tests = handWrittenTests();
  const out = [
    "# Instructions, and what they are verified by",
    "",
    "Made by `npm run docs:isa` from the tables in `core/cpu/decode/tables/`; do not edit. *Silicon*: results of random",
    "cases equal those of an AMD EPYC in every register, flag and byte of memory that the",
    "manuals define; the vectors are committed, and `npm run test:silicon` asks the host's own processor. *By hand*: tests",
    "that state what the manual says, for instructions that a program without privilege cannot run, or on which processors",
    "differ. An opcode is followed by ModRM.reg and ModRM.rm (`/reg:rm`) where those belong to it.",
  ];
  const missing: string[] = [];
  for (const { name, chapter, toleranceOf } of JUDGED_CHAPTERS) {
    out.push(
      "",
      `## ${name}`,
      "",
      "| mnemonic | encodings | feature | verified |",
      "| --- | --- | --- | --- |",
    );
    for (const line of linesOf(chapter, toleranceOf)) {
      const verified = verification(line, tests);
      if (verified.startsWith("**")) missing.push(line.mnemonic);
      out.push(
        `| ${line.mnemonic} | ${[...line.encodings].join(", ")} | ${[...line.features].join(", ")} | ${verified} |`,
      );
    }
  }
  out.push(
    "",
    "## Not verified",
    "",
    missing.length ? missing.join(", ") : "None.",
    "",
    "## Transcendental functions of the x87",
    "",
    "F2XM1, FYL2X, FYL2XP1, FPTAN, FPATAN, FSIN, FCOS and FSINCOS are not compared bit for bit, for processors differ in the",
    "last place. `float-transcendental.test.ts` holds them against a reference of 320 bits: of 300 random arguments for",
    "each range and function no result is more than 0.501 units in the last place of 80-bit numbers away.",
    "",
  );
  return out.join("\n");
}
