// The forms that the interpreter meets most, and what follows what, which its inner loop has in itself: see inner-loop.ts.

import { Decoder } from "../decode/decoder.ts";
import { OPCODES } from "../decode/opcodes.ts";
import { MODE_FLAT, MODE_FLAT_CODE, MODE_LONG, MODE_STACK_32 } from "../layout.ts";
import { type Form, formOf } from "./form.ts";

/**
 * Instructions as examples of their forms, in hexadecimal; what is not written of one is 0. ModRM is C0 and above for
 * registers, below that for memory. Chosen by counts of what the interpreter has run in boots of Debian 12's kernels for i386
 * and amd64, in `fork=20 exec=20 gzip=4` of the benchmark and in a build by gcc: these are 97 % of the instructions.
 */
const IN_BOTH = `
  01c0 0100 0300 05 83c0 8300 81c0 09c0 0b00 83c8 11c0 19c0 21c0 2300 25 83e0 81e0
  29c0 2b00 83e8 8328 81e8 30c0 3200 31c0 3300
  38c0 3800 3a00 39c0 3900 3b00 3c 3d 80f8 8038 83f8 8338 81f8 8138
  84c0 85c0 a8 a9 f6c0 f600 f7c0 f700
  89c0 8900 8b00 668900 668b00 8800 8a00 c600 c700 b8 8d00
  0fb6c0 0fb600 0fb7c0 0fb700 0fbec0 0fbe00
  c1c0 c1c8 c1e0 c1e8 c1f8 d1e8 d3e0 d3e8 66c1e8 f7d0 f7d8 0fafc0 ff00 ff08
  0f42c0 0f43c0 0f44c0 0f45c0 0f92c0 0f94c0 0f95c0
  72 73 74 75 76 77 78 79 7c 7d 7e 7f 0f82 0f83 0f84 0f85 0f86 0f87 0f88 0f89 0f8c 0f8d 0f8e 0f8f
  eb e9 e8 c3 c9 ffd0 ffe0 ff10 50 58 ff30 6a 90 6690
`;

const IN_32_BIT_CODE = `
  40 48 a1 a3 ac 64a1 648b00 642b00 640300 64ff00 64ff08 6bc0 6681c0 6681f8 1b00
`;

const IN_64_BIT_CODE = `
  4801c0 480100 480300 4883c0 4881c0 4809c0 480b00 4883c8 4821c0 482300 4825 4883e0 4881e0
  4829c0 482b00 4883e8 4881e8 4831c0 4839c0 483900 483b00 483d 4883f8 488338 4881f8 4885c0 48f7c0
  4889c0 488900 488b00 48b8 48c7c0 48c700 488d00 4863c0 486300
  48c1e0 48c1e8 48c1f8 48d1e8 48d1f8 48d3e0 48d3e8 48f7d0 480fafc0 48ffc0 ffc0 ffc8 d1f8 4898
  480f42c0 480f43c0 480f44c0 480f45c0 0f1f00
  65488b00 65482b00 65480300 658b00 65ff00 65ff08
  660f6e00 660f6fc0 660f62c0 660f6cc0 660fefc0 660febc0 660ffec0
`;

/** Two that often follow one another, by counts of the same kind in boots and in `fork=40 exec=50` of the benchmark. */
const PAIRS_OF_32_BIT_CODE = `
  50+89c0 8b00+8b00 58+58 89c0+50 8900+8b00 85c0+74 85c0+0f84 8b00+8900 8b00+8d00 89c0+89c0 8d00+50 8b00+89c0 58+c3 89c0+8b00
  89c0+e8 8b00+85c0 8d00+8900 74+8b00 0f84+8b00 75+8b00 0f85+8b00 50+50 8900+8900 85c0+75 85c0+0f85 8900+89c0 83f8+74 83f8+0f84
  39c0+72 01c0+8900 8900+8d00 8d00+8b00 74+89c0 8b00+39c0 01c0+8b00 39c0+75 84c0+75 84c0+74 8b00+01c0 83f8+77 83f8+0f87 83c0+58
  8b00+e8 39c0+74 39c0+73 83f8+75 8b00+83f8 f600+75 f600+74 8038+75 8038+74 31c0+89c0 29c0+8900 89c0+83e8 89c0+eb 89c0+c1e8
`;

const PAIRS_OF_64_BIT_CODE = `
  58+58 50+4889c0 50+50 4889c0+4889c0 4885c0+74 4885c0+0f84 488b00+488b00 4889c0+50 4889c0+e8 4889c0+89c0 4801c0+4839c0 74+488b00
  0f84+488b00 488b00+4889c0 4839c0+75 58+c3 488b00+488d00 85c0+74 85c0+0f84 488d00+4889c0 75+488b00 0f85+488b00 488b00+4885c0
  74+4889c0 4801c0+4801c0 488900+488900 89c0+8900 83f8+77 83f8+0f87 85c0+75 85c0+0f85 4885c0+75 4885c0+0f85 4839c0+72 39c0+72
  8900+8900 8b00+8b00 8b00+85c0 488b00+488900 4889c0+488b00 89c0+4889c0 84c0+74 84c0+75 4801c0+4889c0 4889c0+4801c0 8b00+89c0
  89c0+89c0 f600+74 f600+75
`;

/** The longest of the examples, and what follows it. */
const ROOM = 16;

/** The form of an example in a flat mode. */
function formOfExample(example: string, codeSize: 32 | 64): Form {
  const flat = MODE_STACK_32 | MODE_FLAT | MODE_FLAT_CODE;
  const bytes = new Uint8Array(ROOM);
  for (let n = 0; n < example.length; n += 2) bytes[n / 2] = Number.parseInt(example.slice(n, n + 2), 16);
  const decoded = new Decoder(OPCODES).decode(bytes, 0, ROOM, codeSize);
  if (typeof decoded === "string") throw new Error(`${example} is ${decoded}`);
  return formOf(decoded, codeSize === 32 ? 1 | flat : 2 | MODE_LONG | flat);
}

const wordsOf = (text: string): string[] => text.trim().split(/\s+/);

/** Those of the flat modes with 32-bit and with 64-bit code. */
export function frequentForms(codeSize: 32 | 64): readonly Form[] {
  const examples = IN_BOTH + (codeSize === 32 ? IN_32_BIT_CODE : IN_64_BIT_CODE);
  return wordsOf(examples).map((example) => formOfExample(example, codeSize));
}

/** Pairs of these that follow one another often. */
export function frequentPairs(codeSize: 32 | 64): readonly (readonly [Form, Form])[] {
  const pairs = codeSize === 32 ? PAIRS_OF_32_BIT_CODE : PAIRS_OF_64_BIT_CODE;
  return wordsOf(pairs).map((pair) => {
    const [first, second] = pair.split("+");
    return [formOfExample(first!, codeSize), formOfExample(second!, codeSize)];
  });
}
