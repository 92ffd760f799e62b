import { describe, expect, test } from "vitest";
import { crc32 } from "../base/crc32.ts";
import { type DiskPages, encodeSnapshot, openSnapshot, type SnapshotParts } from "./snapshot.ts";
import { seededRandom } from "./testing/random.ts";

const PAGE = 4096;

/** A machine whose regions start and end with both used and empty pages, one of them with a short last page. */
function sample(): SnapshotParts {
  const ram = new Uint8Array(16 * PAGE);
  ram[0] = 1;
  ram.fill(0xab, 3 * PAGE + 100, 5 * PAGE + 1);
  ram[9 * PAGE - 1] = 2;
  ram[15 * PAGE] = 3;
  const video = new Uint8Array(2 * PAGE + 10);
  video[2 * PAGE + 9] = 4;
  return {
    machine: { memory: 64, disks: ["hda", undefined], firmware: 0xdeadbeef },
    devices: {
      pit: { version: 1, state: { counters: [Number.NaN, -0, Infinity], latch: new Uint16Array([1, 2]) } },
      uart0: { version: 3, state: { fifo: new Uint8Array(16).subarray(4, 9), since: 2n ** 70n } },
    },
    memory: { ram, video, cpu0: new Uint8Array(300).fill(9), none: new Uint8Array(0) },
    disks: {},
  };
}

/** Does the work, and counts its steps. */
function inSteps<T>(work: Generator<undefined, T>): { result: T; steps: number } {
  for (let steps = 1; ; steps++) {
    const step = work.next();
    if (step.done) return { result: step.value, steps };
  }
}

const encoded = (parts: SnapshotParts): Uint8Array => inSteps(encodeSnapshot(parts)).result;

function decode(file: Uint8Array, memory: Record<string, Uint8Array>, disks: SnapshotParts["disks"] = {}) {
  const { machine, devices, restore } = inSteps(openSnapshot(file)).result;
  inSteps(restore({ memory, disks }));
  return { machine, devices };
}

/** A disposable disk of four pages that has these changes. */
class TestDisk implements DiskPages {
  readonly size = 4 * PAGE;
  runs: Uint32Array;
  bytes: Uint8Array;

  constructor(runs: number[], bytes: Uint8Array) {
    this.runs = Uint32Array.from(runs);
    this.bytes = bytes;
  }

  changedPages(): Uint32Array {
    return this.runs;
  }

  changedBytes(): Uint8Array[] {
    return [this.bytes.subarray(0, 100), this.bytes.subarray(100)];
  }

  restore(runs: Uint32Array, bytes: Uint8Array): void {
    this.runs = runs;
    this.bytes = bytes.slice();
  }
}

const filled = (memory: Record<string, Uint8Array>, value: number): Record<string, Uint8Array> =>
  Object.fromEntries(
    Object.entries(memory).map(([name, bytes]) => [name, new Uint8Array(bytes.length).fill(value)]),
  );

/** With the checksum that its bytes call for. */
function sealed(file: Uint8Array): Uint8Array {
  new DataView(file.buffer, file.byteOffset).setUint32(file.length - 4, crc32(file.subarray(0, -4)), true);
  return file;
}

/** What loading `file` throws, or undefined; `into` must be untouched if it throws. */
function failure(file: Uint8Array, into = filled(sample().memory, 0x55)): unknown {
  const before = structuredClone(into);
  try {
    decode(file, into);
    return undefined;
  } catch (error) {
    for (const [name, bytes] of Object.entries(into)) {
      if (Buffer.compare(bytes, before[name]!) !== 0) expect.fail(`${name} was changed`);
    }
    return error;
  }
}

describe("a saved machine", () => {
  test.each([0, 0xff])("comes back whole, into memory full of %i", (rubbish) => {
    const parts = sample();
    const memory = filled(parts.memory, rubbish);
    const { machine, devices } = decode(encoded(parts), memory);
    expect({ machine, devices, memory, disks: {} }).toStrictEqual(parts);
  });

  test("comes back from and into any place in a larger buffer", () => {
    const parts = sample();
    const file = encoded(parts);
    for (let shift = 1; shift < 5; shift++) {
      const ram = new Uint8Array(17 * PAGE).fill(0xee).subarray(shift, shift + 16 * PAGE);
      const moved = new Uint8Array(file.length + shift).subarray(shift);
      moved.set(file);
      decode(moved, { ...filled(parts.memory, 0xee), ram });
      expect(Buffer.compare(ram, parts.memory.ram!)).toBe(0);
      expect(encoded({ ...parts, memory: { ...parts.memory, ram } })).toEqual(file);
      expect(new Uint8Array(ram.buffer, 0, shift)).toEqual(new Uint8Array(shift).fill(0xee));
    }
  });

  test("comes back into shared memory", () => {
    const parts = sample();
    const ram = new Uint8Array(new SharedArrayBuffer(16 * PAGE)).fill(1);
    decode(encoded(parts), { ...filled(parts.memory, 1), ram });
    expect(Buffer.compare(ram, parts.memory.ram!)).toBe(0);
  });

  test("takes the room of the memory in use, not of all", () => {
    const ram = new Uint8Array(128 << 20);
    const used = 20 << 20;
    for (let page = 0; page < used / PAGE; page++) ram[page * 5 * PAGE + (page % PAGE)] = 1;
    const file = encoded({ machine: {}, devices: {}, memory: { ram }, disks: {} });
    expect(file.length).toBeGreaterThan(used);
    expect(file.length).toBeLessThan(used * 1.01);
  });

  test("is made, and comes back, in steps of little work each", () => {
    const ram = new Uint8Array(64 << 20);
    ram.fill(1, 0, 32 << 20);
    const made = inSteps(encodeSnapshot({ machine: {}, devices: {}, memory: { ram }, disks: {} }));
    // A look at each of 64 MiB and a copy of each of 32.
    expect(made.steps).toBeGreaterThanOrEqual(96);
    const opened = inSteps(openSnapshot(made.result));
    expect(opened.steps).toBeGreaterThanOrEqual(32);
    const restored = inSteps(opened.result.restore({ memory: { ram }, disks: {} }));
    // A copy into each of 32 MiB and a look at each of the others.
    expect(restored.steps).toBeGreaterThanOrEqual(64);
  });

  test("has the changes of its disposable disks, a page of zeros among them", () => {
    const bytes = new Uint8Array(3 * PAGE).fill(7, 0, PAGE);
    const file = encoded({ ...sample(), disks: { hda: new TestDisk([0, 2, 3, 1], bytes) } });
    const [hda, hdb] = [new TestDisk([], new Uint8Array()), new TestDisk([1, 1], new Uint8Array(PAGE))];
    decode(file, sample().memory, { hda, hdb });
    expect([...hda.runs]).toEqual([0, 2, 3, 1]);
    expect(hda.bytes).toEqual(bytes);
    expect([...hdb.runs]).toEqual([]);
  });

  test("is not for a machine without its disposable disk", () => {
    const file = encoded({ ...sample(), disks: { hda: new TestDisk([0, 1], new Uint8Array(PAGE)) } });
    expect(failure(file)).toMatchObject({ kind: "invalid-argument", subject: "disk hda" });
  });

  test("equal machines give equal files", () => {
    expect(encoded(sample())).toEqual(encoded(sample()));
  });
});

describe("a file that is not sound changes nothing", () => {
  const good = encoded(sample());

  test("any single bit flipped", () => {
    const file = good.slice();
    const random = seededRandom(1);
    const everywhere = Array.from({ length: 1500 }, () => random(file.length * 8));
    const ends = Array.from({ length: 600 }, (_, i) => (i < 560 ? i : file.length * 8 - 1 - (i - 560)));
    for (const bit of [...ends, ...everywhere]) {
      file[bit >> 3]! ^= 1 << (bit & 7);
      // The eight letters, then the version; the checksum guards the rest.
      const kind = bit < 12 * 8 ? "unsupported-format" : "corrupt";
      expect(failure(file), `bit ${bit}`).toMatchObject({ name: "TwinboxError", kind });
      file[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(failure(file)).toBeUndefined();
  });

  test("cut anywhere", () => {
    const random = seededRandom(2);
    const lengths = Array.from({ length: 700 }, (_, i) => (i < 500 ? i : random(good.length)));
    for (const length of lengths) {
      expect(failure(good.subarray(0, length)), `${length}`).toMatchObject({ kind: "corrupt" });
    }
    expect(failure(good.subarray(0, -1))).toMatchObject({ kind: "corrupt" });
  });

  test("something appended", () => {
    expect(failure(Uint8Array.from([...good, 0]))).toMatchObject({ kind: "corrupt" });
    expect(failure(sealed(Uint8Array.from([...good, 0])))).toMatchObject({ kind: "corrupt" });
  });

  test("random damage under a right checksum", () => {
    const { machine, devices } = sample();
    const memory = { ram: new Uint8Array(PAGE + 1).fill(1) };
    const file = encoded({ machine, devices, memory, disks: {} });
    // All that comes before the pages, their section's header included.
    const structure = file.length - memory.ram.length - 4;
    const random = seededRandom(3);
    let corrupt = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = file.slice();
      bytes[12 + random(structure - 12)] = random(256);
      const error = failure(sealed(bytes), { ram: new Uint8Array(PAGE + 1) });
      if (error === undefined) continue;
      expect(error).toMatchObject({ name: "TwinboxError" });
      if ((error as { kind: string }).kind === "corrupt") corrupt++;
    }
    expect(corrupt).toBeGreaterThan(1000);
  });

  test("another file altogether", () => {
    const text = Uint8Array.from("#!/bin/sh\nexit 0\n", (c) => c.charCodeAt(0));
    expect(failure(text)).toMatchObject({ kind: "unsupported-format" });
  });

  test("of a newer version", () => {
    const file = good.slice();
    file[8] = 3;
    expect(failure(sealed(file))).toMatchObject({
      kind: "unsupported-format",
      message: expect.stringContaining("version 3"),
      advice: expect.stringContaining("newer"),
    });
  });

  test.each<[string, (memory: Record<string, Uint8Array>) => void]>([
    ["smaller", (memory) => Object.assign(memory, { ram: new Uint8Array(15 * PAGE) })],
    ["larger", (memory) => Object.assign(memory, { ram: new Uint8Array(17 * PAGE) })],
    ["missing", (memory) => Reflect.deleteProperty(memory, "ram")],
    ["one too many", (memory) => Object.assign(memory, { ram: memory.ram, rom: new Uint8Array(1) })],
  ])("for a machine with a memory region %s", (_, change) => {
    const memory = filled(sample().memory, 0x55);
    change(memory);
    expect(failure(good, memory)).toMatchObject({
      kind: "invalid-argument",
      subject: expect.stringMatching(/^(ram|rom)$/),
    });
  });
});
