// The forms that the interpreter meets most, which its inner loop has in itself: see inner-loop.ts.

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
  89c0 8900 8b00 668900 668b00 8800 8a00 c600 c700 b8 b9 ba bb bd be bf 8d00
  0fb6c0 0fb600 0fb7c0 0fb700 0fbec0 0fbe00
  c1c0 c1c8 c1e0 c1e8 c1f8 d1e8 d3e0 d3e8 66c1e8 f7d0 f7d8 0fafc0 ff00 ff08
  0f42c0 0f43c0 0f44c0 0f45c0 0f92c0 0f94c0 0f95c0
  72 73 74 75 76 77 78 79 7c 7d 7e 7f 0f82 0f83 0f84 0f85 0f86 0f87 0f88 0f89 0f8c 0f8d 0f8e 0f8f
  eb e9 e8 c3 c9 ffd0 ffe0 ff10 50 51 52 53 55 56 57 58 59 5a 5b 5d 5e 5f ff30 6a 90 6690
`;

const IN_32_BIT_CODE = `
  40 42 43 45 46 47 48 49 4a 4b 4e 4f a1 a3 ac 64a1 648b00 642b00 640300 64ff00 64ff08 6bc0 6681c0 6681f8 1b00
`;

const IN_64_BIT_CODE = `
  4801c0 480100 480300 4883c0 4881c0 4809c0 480b00 4883c8 4821c0 482300 4825 4883e0 4881e0
  4829c0 482b00 4883e8 4881e8 4831c0 4839c0 483900 483b00 483d 4883f8 488338 4881f8 4885c0 48f7c0
  4889c0 488900 488b00 48b8 48ba 48c7c0 48c700 488d00 4863c0 486300
  48c1e0 48c1e8 48c1f8 48d1e8 48d1f8 48d3e0 48d3e8 48f7d0 480fafc0 48ffc0 ffc0 ffc8 d1f8 4898
  480f42c0 480f43c0 480f44c0 480f45c0 54 5c 0f1f00
  65488b00 65482b00 65480300 658b00 65ff00 65ff08
  660f6e00 660f6fc0 660f62c0 660f6cc0 660fefc0 660febc0 660ffec0
`;

/** The longest of the examples, and what follows it. */
const ROOM = 16;

/** Those of the flat modes with 32-bit and with 64-bit code. */
export function frequentForms(codeSize: 32 | 64): readonly Form[] {
  const flat = MODE_STACK_32 | MODE_FLAT | MODE_FLAT_CODE;
  const mode = codeSize === 32 ? 1 | flat : 2 | MODE_LONG | flat;
  const decoder = new Decoder(OPCODES);
  const examples = IN_BOTH + (codeSize === 32 ? IN_32_BIT_CODE : IN_64_BIT_CODE);
  return examples
    .trim()
    .split(/\s+/)
    .map((example) => {
      const bytes = new Uint8Array(ROOM);
      for (let n = 0; n < example.length; n += 2) bytes[n / 2] = Number.parseInt(example.slice(n, n + 2), 16);
      const decoded = decoder.decode(bytes, 0, ROOM, codeSize);
      if (typeof decoded === "string") throw new Error(`${example} is ${decoded}`);
      return formOf(decoded, mode);
    });
}
