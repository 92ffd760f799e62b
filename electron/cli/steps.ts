import { TwinboxError } from "../../core/base/errors.ts";
import { keysForCharacter, keysForCombination } from "../contract/us-keyboard.ts";

/** One line of a `--steps` file. */
export type Step =
  | { do: "wait-serial"; text: string }
  | { do: "wait-screen"; text: string }
  /** Keys to strike one after the other, each a list held down together. */
  | { do: "keys"; strokes: string[][] }
  | { do: "mouse"; dx: number; dy: number; buttons: number }
  | { do: "send-serial"; text: string }
  | { do: "sleep"; seconds: number }
  | { do: "screenshot"; file: string }
  | { do: "dump-text"; file: string };

export type NumberedStep = Step & { line: number; source: string };

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  e: "\x1b",
  "0": "\0",
  "\\": "\\",
  '"': '"',
  s: " ",
};

/**
 * A step's text: the rest of its line as it is, or between double quotes where spaces at its ends matter; `\n`, `\r`,
 * `\t`, `\b`, `\e` (escape), `\s` (space), `\0`, `\\`, `\"` and `\xHH` stand for those characters.
 */
function unescapeText(text: string): string {
  const inner = /^".*"$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text;
  return inner.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (whole, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? whole),
  );
}

function parseStep(verb: string, rest: string): Step | string {
  switch (verb) {
    case "wait-serial":
    case "wait-screen":
    case "send-serial": {
      const text = unescapeText(rest);
      return text === "" ? `${verb} needs a text` : { do: verb, text };
    }
    case "type": {
      const strokes: string[][] = [];
      for (const character of unescapeText(rest)) {
        const keys = keysForCharacter(character);
        if (!keys) return `a US keyboard has no key for ${JSON.stringify(character)}`;
        strokes.push(keys);
      }
      return strokes.length === 0 ? "type needs a text" : { do: "keys", strokes };
    }
    case "keys": {
      const strokes: string[][] = [];
      for (const combination of rest.split(/\s+/).filter(Boolean)) {
        const keys = keysForCombination(combination);
        if (!keys) return `there is no key combination ${combination}`;
        strokes.push(keys);
      }
      return strokes.length === 0
        ? "keys needs a combination such as ctrl-alt-delete"
        : { do: "keys", strokes };
    }
    case "mouse": {
      const numbers = rest.split(/\s+/).map(Number);
      const [dx, dy, buttons = 0] = numbers;
      if (numbers.length < 2 || numbers.length > 3 || !numbers.every(Number.isInteger))
        return "mouse needs DX DY BUTTONS (buttons: 1 left, 2 right, 4 middle, added)";
      if (buttons < 0 || buttons > 7) return "mouse buttons are 0 to 7";
      return { do: "mouse", dx, dy, buttons };
    }
    case "sleep": {
      const seconds = Number(rest);
      return rest === "" || !(seconds >= 0) ? "sleep needs a number of seconds" : { do: "sleep", seconds };
    }
    case "screenshot":
    case "dump-text":
      return rest === "" ? `${verb} needs a file name` : { do: verb, file: rest };
    default:
      return `there is no step ${verb}`;
  }
}

/**
 * Reads a `--steps` file: one step a line; empty lines and lines that begin with `#` are comments.
 *
 * @throws TwinboxError invalid-argument with the line's number.
 */
export function parseSteps(source: string, fileName: string): NumberedStep[] {
  const steps: NumberedStep[] = [];
  for (const [index, raw] of source.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const space = line.search(/\s/);
    const verb = space < 0 ? line : line.slice(0, space);
    const step = parseStep(verb, space < 0 ? "" : line.slice(space).trim());
    if (typeof step === "string")
      throw new TwinboxError("invalid-argument", `${fileName} line ${index + 1}: ${step}.`, {
        subject: fileName,
      });
    steps.push({ ...step, line: index + 1, source: line });
  }
  return steps;
}
