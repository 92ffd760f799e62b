// Hints of branches, which an engine that cannot use them disregards: a wrong one would never be noticed otherwise.

import { describe, expect, it } from "vitest";
import { constant32, i32 } from "./expression.ts";
import { FunctionBody } from "./function-body.ts";
import { ModuleBuilder } from "./module.ts";

const IF = 0x04;
const BR_IF = 0x0d;

interface Hint {
  /** The opcode at the hint's place. */
  readonly opcode: number;
  readonly likely: boolean;
}

/** Of each function of a module without imports of its own, by its number among the bodies. All numbers are below 128. */
function hintsOf(bytes: Uint8Array<ArrayBuffer>): Hint[][] {
  expect(() => new WebAssembly.Module(bytes)).not.toThrow();
  const named = sectionsOf(bytes, 0).find((section) => nameOf(section) === "metadata.code.branch_hint");
  const hints = named ? named.subarray(1 + named[0]!) : Uint8Array.of(0);
  const bodies = bodiesOf(bytes);
  const all: Hint[][] = bodies.map(() => []);
  let at = 1;
  for (let n = 0; n < hints[0]!; n++) {
    const [index, count] = [hints[at]!, hints[at + 1]!];
    at += 2;
    for (let hint = 0; hint < count; hint++, at += 3) {
      expect(hints[at + 1]).toBe(1);
      all[index]!.push({ opcode: bodies[index]![hints[at]!]!, likely: hints[at + 2] === 1 });
    }
  }
  return all;
}

/** Contents of the sections with a number. */
function sectionsOf(bytes: Uint8Array, id: number): Uint8Array[] {
  const sections: Uint8Array[] = [];
  for (let at = 8; at < bytes.length; at += 2 + bytes[at + 1]!) {
    if (bytes[at] === id) sections.push(bytes.subarray(at + 2, at + 2 + bytes[at + 1]!));
  }
  return sections;
}

const nameOf = (section: Uint8Array): string => String.fromCharCode(...section.subarray(1, 1 + section[0]!));

/** The encoded bodies, without their lengths. */
function bodiesOf(bytes: Uint8Array): Uint8Array[] {
  const [code] = sectionsOf(bytes, 10);
  const bodies: Uint8Array[] = [];
  let at = 1;
  for (let n = 0; n < code![0]!; n++, at += 1 + code![at]!) {
    bodies.push(code!.subarray(at + 1, at + 1 + code![at]!));
  }
  return bodies;
}

function moduleOf(...bodies: FunctionBody[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  bodies.forEach((body, n) => {
    module.add(`f${n}`, { parameters: ["i32"] }, body);
  });
  return module.encode();
}

describe("hints of branches", () => {
  it("are told by the place of the branch, with locals and without", () => {
    const first = new FunctionBody(["i32"]);
    first.if(first.parameter(0, "i32"), () => first.return(), undefined, false);
    const second = new FunctionBody(["i32"]);
    const local = second.local("i32");
    second.local("i64");
    second.set(local, i32.add(second.parameter(0, "i32"), constant32(1)));
    second.block((end) => {
      second.branchIf(end, local.get, true);
      second.if(local.get, () => second.return());
      second.if(
        local.get,
        () => second.return(),
        () => second.branch(end),
        true,
      );
    });
    expect(hintsOf(moduleOf(first, second))).toEqual([
      [{ opcode: IF, likely: false }],
      [
        { opcode: BR_IF, likely: true },
        { opcode: IF, likely: true },
      ],
    ]);
  });

  it("go with code that is taken back", () => {
    const body = new FunctionBody(["i32"]);
    const mark = body.mark();
    body.if(body.parameter(0, "i32"), () => body.return(), undefined, false);
    body.rollBack(mark);
    body.if(body.parameter(0, "i32"), () => body.return(), undefined, true);
    expect(hintsOf(moduleOf(body))).toEqual([[{ opcode: IF, likely: true }]]);
  });

  it("are left out where there are none", () => {
    const body = new FunctionBody(["i32"]);
    body.if(body.parameter(0, "i32"), () => body.return());
    expect(hintsOf(moduleOf(body))).toEqual([[]]);
  });
});
