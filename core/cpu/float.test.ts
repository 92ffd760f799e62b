import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import { createFloatMachine, RECORD_SIZE } from "./testing/float-machine.ts";
import { openNativeFloat } from "./testing/float-native.ts";
import { SSE_CASES } from "./testing/float-sse-cases.ts";
import { describeRecord, hashRecord, SUBJECTS, VECTOR_COUNT, VECTOR_SEED } from "./testing/float-suite.ts";
import { X87_CASES } from "./testing/float-x87-cases.ts";

const machine = createFloatMachine(Buffer.from(RUNTIME_WASM, "base64"));

/** Cases of each instruction run on the host's own processor, and the seed they are made from. */
const NATIVE_CASES = Number(process.env.TWINBOX_FLOAT_CASES ?? 250);
const NATIVE_SEED = Number(process.env.TWINBOX_FLOAT_SEED ?? 1);

/** The record `index` of `records`. */
const recordAt = (records: Uint8Array, index: number) =>
  records.subarray(index * RECORD_SIZE, (index + 1) * RECORD_SIZE);

describe("vectors of a processor's results", () => {
  const file = readFileSync(join(import.meta.dirname, "testing/float-vectors.bin"));
  const hashes = new DataView(file.buffer, file.byteOffset, file.byteLength);

  it("cover every instruction of the suite", () => {
    expect(file.byteLength).toBe(SUBJECTS.length * VECTOR_COUNT * 4);
  });

  it.each(SUBJECTS.map((subject, number) => [subject.text, subject, number] as const))(
    "%s",
    (_, subject, number) => {
      const records = subject.generate(VECTOR_SEED, VECTOR_COUNT);
      for (let index = 0; index < VECTOR_COUNT; index++) {
        const before = recordAt(records, index);
        machine.record.set(before);
        subject.run(machine);
        if (hashRecord(machine.record) !== hashes.getUint32((number * VECTOR_COUNT + index) * 4, true)) {
          expect.fail(
            `not the processor's result: ${describeRecord(machine.record)}\nfor ${describeRecord(before)}`,
          );
        }
      }
    },
  );
});

// Processors of other makers differ in what the manuals leave open: see compare.ts and load-store.ts.
const isAmd = cpus()[0]?.model.includes("AMD");
const native = isAmd ? openNativeFloat(X87_CASES, SSE_CASES) : null;
afterAll(() => native?.close());

describe.skipIf(!native)("results and flags as the host's processor gives them", () => {
  it.each(SUBJECTS.map((subject) => [subject.text, subject] as const))("%s", (_, subject) => {
    const records = subject.generate(NATIVE_SEED, NATIVE_CASES);
    const results = native!.run(records);
    for (let index = 0; index < NATIVE_CASES; index++) {
      const expected = recordAt(results, index);
      subject.normalise(expected);
      machine.record.set(recordAt(records, index));
      subject.run(machine);
      if (Buffer.compare(machine.record, expected) !== 0) {
        const before = describeRecord(recordAt(records, index));
        expect(`${describeRecord(machine.record)}\nfor ${before}`).toBe(
          `${describeRecord(expected)}\nfor ${before}`,
        );
      }
    }
  });
});
