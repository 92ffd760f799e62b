/**
 * Writes float-vectors.bin: for each instruction of the floating-point suite and each of its cases, a
 * hash of what this machine's processor made of it (u32, little-endian). To be run again when the suite changes.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RECORD_SIZE } from "./float-machine.ts";
import { openNativeFloat } from "./float-native.ts";
import { SSE_CASES } from "./float-sse-cases.ts";
import { hashRecord, SUBJECTS, VECTOR_COUNT, VECTOR_SEED } from "./float-suite.ts";
import { X87_CASES } from "./float-x87-cases.ts";

const native = openNativeFloat(X87_CASES, SSE_CASES);
if (!native)
  throw new Error("The vectors come from an x86-64 processor, through gcc: this machine has not both.");
const hashes = new DataView(new ArrayBuffer(SUBJECTS.length * VECTOR_COUNT * 4));
SUBJECTS.forEach((subject, number) => {
  const results = native.run(subject.generate(VECTOR_SEED, VECTOR_COUNT));
  for (let index = 0; index < VECTOR_COUNT; index++) {
    const record = results.subarray(index * RECORD_SIZE, (index + 1) * RECORD_SIZE);
    subject.normalise(record);
    hashes.setUint32((number * VECTOR_COUNT + index) * 4, hashRecord(record), true);
  }
});
native.close();
writeFileSync(join(import.meta.dirname, "float-vectors.bin"), new Uint8Array(hashes.buffer));
