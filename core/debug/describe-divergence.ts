import type { Divergence } from "../cpu/jit/verifier.ts";
import type { Debugger } from "./debugger.ts";

/** Instructions shown of the region's beginning. */
const SHOWN = 12;

/** One line: where compiled code does not do what the interpreter does, both results, and the code. */
export function describeDivergence(divergence: Divergence, processor: Debugger): string {
  const code: string[] = [];
  let at = divergence.linear;
  while (code.length < Math.min(SHOWN, divergence.instructions)) {
    const instruction = processor.disassemble(at);
    if (!instruction) break;
    code.push(instruction.text);
    at += BigInt(instruction.length);
  }
  const size = processor.codeSize;
  return `${divergence.message}; the ${size}-bit code there: ${code.join("; ") || "not in memory"}`;
}
