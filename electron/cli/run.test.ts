import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openGivenMedium } from "../vm-host/open-medium.ts";
import { FakePc } from "../vm-host/testing/fake-pc.ts";
import { run, TIMED_OUT } from "./run.ts";
import { parseRunOptions } from "./run-options.ts";

let folder: string;
let pc: FakePc;
let standardError = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twinbox-run-"));
  standardError = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    standardError += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const file = (name: string, contents: string | Uint8Array): string => {
  writeFileSync(join(folder, name), contents);
  return join(folder, name);
};

const runWith = (...args: string[]): Promise<number> =>
  run(parseRunOptions(["--serial", "none", ...args]), {
    createPc: async (options) => {
      pc = new FakePc(options);
      return pc;
    },
    openMedium: openGivenMedium,
  });

test("a run ends with 0 when the text is seen on COM1", async () => {
  expect(await runWith("--until", "from the fake", "--timeout", "20")).toBe(0);
  expect(pc.closed).toBe(true);
});

test("a run ends with 0 when the text is seen on the text screen", async () => {
  expect(await runWith("--memory", "77", "--until", "77 MiB", "--timeout", "20")).toBe(0);
});

test("a run ends with 124 at its time-out, and still leaves a screenshot", async () => {
  const png = join(folder, "end.png");
  expect(await runWith("--timeout", "0.2", "--until", "never", "--screenshot", png)).toBe(TIMED_OUT);
  expect(readFileSync(png).subarray(1, 4).toString()).toBe("PNG");
});

test("a guest that switches itself off ends the run with 0", async () => {
  const steps = file("steps", 'send-serial "off\\n"\nsleep 60\n');
  expect(await runWith("--steps", steps, "--timeout", "20")).toBe(0);
  expect(standardError).toContain("line 2: sleep 60");
});

test("steps are performed in order, and their end ends the run", async () => {
  const dump = join(folder, "screen.txt");
  const steps = file(
    "steps",
    [
      "# greet",
      "wait-serial hello",
      "type Ab",
      "keys ctrl-alt-delete f1",
      "mouse -3 4 1",
      "wait-screen +F1",
      'send-serial "once\\r\\n"',
      "wait-serial once",
      `dump-text ${dump}`,
      `screenshot ${join(folder, "shot.png")}`,
    ].join("\n"),
  );
  expect(await runWith("--steps", steps, "--timeout", "20")).toBe(0);
  expect(pc.keys.join(" ")).toBe(
    "+ShiftLeft +KeyA -KeyA -ShiftLeft +KeyB -KeyB +ControlLeft +AltLeft +Delete -Delete -AltLeft -ControlLeft +F1 -F1",
  );
  expect(pc.mice).toEqual([[-3, 4, 0, 1]]);
  expect(readFileSync(dump, "utf8")).toContain("Fake PC, 128 MiB");
});

test("a wait for serial text begins where the one before ended", async () => {
  const steps = file("steps", "wait-serial hello\nwait-serial hello\n");
  expect(await runWith("--steps", steps, "--timeout", "0.3")).toBe(TIMED_OUT);
  expect(standardError).toContain("line 2");
});

test("statistics are one JSON object on standard error", async () => {
  await runWith("--until", "hello", "--stats", "--timeout", "20");
  const statistics = JSON.parse(standardError);
  expect(statistics.instructions).toBeGreaterThan(0);
  expect(statistics.seconds).toBeGreaterThan(0);
  expect(statistics).toHaveProperty("mips");
  expect(statistics.memoryBytes).toBeGreaterThan(1e6);
});

test("how guest code is run is the machine's to know, and what came of it is told", async () => {
  await runWith("--jit=eager", "--verify=all", "--until", "hello", "--stats", "--timeout", "20");
  expect(pc.options).toMatchObject({ jit: "eager", verify: "all" });
  expect(pc.options).not.toHaveProperty("deterministic");
  expect(JSON.parse(standardError).compiler).toMatchObject({ regionsCompiled: 3, regionsCompared: 5 });
  expect(JSON.parse(standardError)).not.toHaveProperty("stateChecksum");
});

test("a deterministic machine has no time of the host's: steps wait by its own", async () => {
  const steps = file(
    "steps",
    `wait-serial hello\nsleep 7\nsend-serial "a\\nb"\nsleep 0.5\nscreenshot ${folder}/shot.png\nsleep 0.5\n`,
  );
  const ends: unknown[] = [];
  for (let n = 0; n < 2; n++) {
    standardError = "";
    expect(await runWith("--deterministic", "--steps", steps, "--stats", "--timeout", "20")).toBe(0);
    const { machineSeconds, stateChecksum } = JSON.parse(standardError);
    ends.push({
      machineSeconds,
      stateChecksum,
      epochMs: pc.options.epochMs,
      random: pc.options.randomBits!(),
    });
  }
  expect(ends[0]).toMatchObject({ stateChecksum: "line:b", epochMs: Date.UTC(2000, 0, 1) });
  expect((ends[0] as { machineSeconds: number }).machineSeconds).toBeCloseTo(8, 1);
  expect(ends[1]).toEqual(ends[0]);
});

test("what COM1 sends is written to a file", async () => {
  const log = join(folder, "serial.log");
  await run(parseRunOptions(["--serial", log, "--until", "hello", "--timeout", "20"]), {
    createPc: async (options) => new FakePc(options),
    openMedium: openGivenMedium,
  });
  expect(readFileSync(log, "utf8")).toBe("hello from the fake\r\n");
});

test("a saved machine goes on where it was", async () => {
  const saved = join(folder, "saved");
  await runWith("--until", "hello", "--save", saved, "--timeout", "20");
  expect(await runWith("--load", saved, "--until", "restored", "--timeout", "20")).toBe(0);
});

test.each([
  ["an absent image", "not-found", () => join(folder, "absent.img")],
  ["an empty image", "truncated", () => file("empty.img", "")],
  ["an image cut short", "truncated", () => file("cut.img", new Uint8Array(1000))],
  ["a folder", "invalid-argument", () => folder],
  [
    "a QCOW2 image",
    "unsupported-format",
    () => file("d.qcow2", Buffer.concat([Buffer.from("QFI\xfb", "latin1"), Buffer.alloc(1020, 1)])),
  ],
  [
    "a read-only image",
    "permission",
    () => {
      const image = file("ro.img", new Uint8Array(512));
      chmodSync(image, 0o444);
      return image;
    },
  ],
])("%s is refused as %s, and nothing runs", async (_what, kind, path) => {
  await expect(runWith("--hda", path(), "--timeout", "20")).rejects.toMatchObject({ kind });
});

test("a machine that fails inside is reported", async () => {
  const steps = file("steps", 'send-serial "fail\\n"\nsleep 60');
  await expect(runWith("--steps", steps, "--timeout", "20")).rejects.toThrow("told to fail");
});

test("with --disposable the image is not changed", async () => {
  const image = file("disk.img", new Uint8Array(512));
  const steps = file("steps", 'send-serial "write\\n"\nwait-serial write done\n');
  expect(await runWith("--hda", image, "--disposable", "--steps", steps, "--timeout", "20")).toBe(0);
  expect(readFileSync(image).every((byte) => byte === 0)).toBe(true);
  expect(await runWith("--hda", image, "--steps", steps, "--timeout", "20")).toBe(0);
  expect(readFileSync(image).every((byte) => byte === 0x5a)).toBe(true);
});
