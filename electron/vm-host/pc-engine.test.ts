import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { TwinboxError } from "../../core/base/errors.ts";
import type { BlockDevice } from "../../core/disk/block-device.ts";
import type { ConsoleOutput } from "../contract/console.ts";
import type { AttachedMedium, EngineEnd } from "../contract/engine.ts";
import { PcEngine } from "./pc-engine.ts";
import { FakePc } from "./testing/fake-pc.ts";
import { watchDevice } from "./watched-device.ts";

/** A disk whose actions can be made to fail. */
class FakeDisk implements BlockDevice {
  readonly name: string;
  readonly size = 4096;
  readonly readOnly = false;
  failure: TwinboxError | null = null;
  closed = 0;

  constructor(name: string) {
    this.name = name;
  }

  async #act(): Promise<void> {
    if (this.failure) throw this.failure;
  }

  read = () => this.#act();
  write = () => this.#act();
  flush = () => this.#act();
  async close(): Promise<void> {
    this.closed++;
  }
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 });

let pc: FakePc;
let engine: PcEngine;
let disks: FakeDisk[];

const medium = (slot: AttachedMedium["slot"], path: string | null): AttachedMedium => ({
  slot,
  kind: slot.startsWith("fd") ? "floppy" : "disk",
  path,
  format: "raw",
  mode: "read-write",
});

function newEngine(media: AttachedMedium[] = []): PcEngine {
  return new PcEngine(
    { memoryMib: 16, bootOrder: [], media },
    {
      createPc: async (options) => {
        pc = new FakePc(options);
        return pc;
      },
      openMedium: async ({ path }, onTrouble) => {
        if (path === null) return null;
        if (path === "absent") throw new TwinboxError("not-found", "There is no such file.");
        const disk = new FakeDisk(path);
        disks.push(disk);
        return watchDevice(disk, onTrouble);
      },
    },
  );
}

beforeEach(() => {
  disks = [];
  engine = newEngine();
});
afterEach(() => engine.stop());

function watch() {
  const outputs: ConsoleOutput[] = [];
  const session = engine.attachConsole((output) => void outputs.push(output));
  return {
    ...session,
    outputs,
    frames: () => outputs.filter((output) => output.type === "frame"),
    text: () =>
      outputs
        .map((output) => (output.type === "serial" ? new TextDecoder().decode(output.bytes) : ""))
        .join(""),
  };
}

const type = (text: string) =>
  engine.input({ type: "serial", port: 0, bytes: new TextEncoder().encode(text) });

test("a halted guest is left alone until something comes in, and then runs at once", async () => {
  await engine.start();
  await sleep(100);
  expect(pc.slices.length).toBe(1);
  const struck = performance.now();
  engine.input({ type: "key", code: "KeyA", down: true });
  while (pc.slices.length < 2) await new Promise(setImmediate);
  expect(performance.now() - struck).toBeLessThan(200);
});

test("a sleeping guest wakes when its alarm is due", async () => {
  await engine.start();
  await eventually(() => expect(pc.slices.length).toBe(1));
  let sleeps = 0;
  pc.runSlice = () => ({ state: "idle", sleepNs: ++sleeps < 6 ? 20e6 : Number.POSITIVE_INFINITY });
  const began = performance.now();
  pc.onWake();
  while (sleeps < 6) await sleep(1);
  expect(performance.now() - began).toBeGreaterThan(90);
  expect(performance.now() - began).toBeLessThan(1000);
});

test("what wakes a machine within a slice keeps it from falling asleep", async () => {
  await engine.start();
  await eventually(() => expect(pc.slices.length).toBe(1));
  let slices = 0;
  pc.runSlice = () => {
    if (++slices < 3) pc.onWake();
    return { state: "idle", sleepNs: Number.POSITIVE_INFINITY };
  };
  pc.onWake();
  await eventually(() => expect(slices).toBe(3));
});

test("a busy guest gives the event loop a turn every 10 ms, and its load is told", async () => {
  await engine.start();
  await eventually(() => expect(pc.slices.length).toBe(1));
  engine.metrics();
  type("busy\n");
  for (let turn = 0; turn < 50; turn++) {
    const before = pc.slices.length;
    await new Promise(setImmediate);
    expect(pc.slices.length - before).toBeLessThanOrEqual(1);
  }
  expect(Math.max(...pc.slices.map(({ maxMs }) => maxMs))).toBeLessThanOrEqual(10);
  expect(engine.metrics().cpuLoad).toBeGreaterThan(0.5);
});

test("time stands still while the machine is paused", async () => {
  await engine.start();
  engine.pause();
  const slices = pc.slices.length;
  type("x");
  await sleep(50);
  expect(pc.slices.length).toBe(slices);
  engine.resume();
  await eventually(() => expect(pc.slices.length).toBeGreaterThan(slices));
  expect(pc.resumedAt.length).toBe(2);
  expect(pc.resumedAt[1]).toBeGreaterThan(pc.resumedAt[0] + 40e6);
});

test("input reaches the machine in its order", async () => {
  await engine.start();
  const console = watch();
  console.input({ type: "key", code: "KeyA", down: true });
  console.input({ type: "key", code: "KeyA", down: false });
  console.input({ type: "mouse", dx: 1, dy: -2, wheel: 1, buttons: 1 });
  expect(pc.keys).toEqual(["+KeyA", "-KeyA"]);
  expect(pc.mice).toEqual([[1, -2, 1, 1]]);
});

test("a window hears nothing before it asks, then the history and what follows, without gap or overlap", async () => {
  await engine.start();
  await sleep(20);
  const console = watch();
  type("early ");
  await sleep(20);
  expect(console.outputs).toEqual([]);
  console.input({ type: "refresh" });
  type("late");
  await eventually(() => expect(console.text()).toBe("hello from the fake\r\nearly late"));
});

test("a first frame is whole, later ones are what has changed", async () => {
  await engine.start();
  const console = watch();
  console.input({ type: "refresh" });
  await eventually(() =>
    expect(console.frames()).toMatchObject([
      { sequence: 1, width: 640, height: 400, rectangles: [{ x: 0, y: 0, width: 640, height: 400 }] },
    ]),
  );
  console.input({ type: "key", code: "KeyA", down: true });
  await eventually(() => expect(console.frames().length).toBe(2));
  const [, frame] = console.frames();
  expect(frame.rectangles).toMatchObject([{ x: 0, y: 16, width: 640, height: 16 }]);
  expect([...frame.rectangles[0].pixels.subarray(0, 4)]).toEqual([43, 43, 43, 255]);
});

test("frames come at 60 Hz at most, and no more than two are under way", async () => {
  await engine.start();
  const console = watch();
  console.input({ type: "refresh" });
  const end = performance.now() + 300;
  for (let i = 0; performance.now() < end; i++) {
    engine.input({ type: "key", code: `F${i % 12}`, down: true });
    await sleep(2);
  }
  expect(console.frames().length).toBe(2);
  console.outputs.length = 0;
  const seen: number[] = [];
  const began = performance.now();
  for (let i = 0; performance.now() < began + 500; i++) {
    engine.input({ type: "key", code: `F${i % 12}`, down: true });
    for (const frame of console.frames()) {
      seen.push(frame.sequence);
      console.input({ type: "acknowledge", sequence: frame.sequence });
    }
    console.outputs.length = 0;
    console.input({ type: "acknowledge", sequence: 2 });
    await sleep(2);
  }
  expect(seen.length).toBeGreaterThan(5);
  expect(seen.length).toBeLessThanOrEqual(32);
});

test("a screen that seldom changes is looked at when the guest has run, and not much more often than it changes", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  await engine.start();
  const ran: number[] = [];
  const looked: number[] = [];
  let printed = 0;
  let frames = 0;
  pc.runSlice = () => {
    ran.push(performance.now());
    if (ran.length % 5 === 0) pc.screen.print(3, String(++printed));
    return { state: "idle", sleepNs: 48e6 };
  };
  const refresh = pc.screen.refresh.bind(pc.screen);
  pc.screen.refresh = () => {
    looked.push(performance.now());
    return refresh();
  };
  const console = watch();
  console.input({ type: "refresh" });
  pc.onWake();
  const advance = (ms: number) => {
    for (let i = 0; i < ms; i += 10) {
      vi.advanceTimersByTime(10);
      for (const { sequence } of console.frames()) console.input({ type: "acknowledge", sequence });
      frames += console.frames().length;
      console.outputs.length = 0;
    }
  };
  advance(1000);
  ran.length = looked.length = printed = frames = 0;
  advance(9600);
  expect(frames).toBeGreaterThanOrEqual(printed - 1);
  expect(printed).toBe(40);
  expect(looked.length).toBeLessThan(5 * printed);
  expect(looked.filter((at) => !ran.includes(at))).toEqual([]);
});

test("a slow window sees the last state of all that has changed meanwhile", async () => {
  await engine.start();
  const console = watch();
  console.input({ type: "refresh" });
  for (const row of [3, 4, 9, 3]) {
    pc.screen.print(row, String(row));
    engine.input({ type: "key", code: "KeyA", down: true });
    await sleep(25);
  }
  console.input({ type: "acknowledge", sequence: 2 });
  await eventually(() => expect(console.frames().length).toBe(3));
  const last = console.frames().at(-1);
  const covered = (y: number) => last?.rectangles.some((r) => y >= r.y && y < r.y + r.height);
  expect([3, 9].map((row) => covered(row * 16))).toEqual([true, true]);
});

test("a paused machine shows itself to a new window, and what a reset makes of its screen", async () => {
  await engine.start();
  engine.pause();
  const console = watch();
  console.input({ type: "refresh" });
  await eventually(() => expect(console.frames().length).toBe(1));
  engine.reset();
  await eventually(() => expect(console.frames().length).toBe(2));
  expect(console.frames()[1].rectangles).toMatchObject([{ x: 0, y: 32, width: 640, height: 16 }]);
});

test("acknowledging what was never sent is of no use", async () => {
  await engine.start();
  const console = watch();
  console.input({ type: "refresh" });
  console.input({ type: "acknowledge", sequence: 4_000_000 });
  for (let i = 0; i < 10; i++) {
    engine.input({ type: "key", code: "KeyA", down: true });
    await sleep(20);
  }
  expect(console.frames().length).toBe(2);
});

test("two windows are served each at its own pace", async () => {
  await engine.start();
  const [fast, slow] = [watch(), watch()];
  for (const console of [fast, slow]) console.input({ type: "refresh" });
  for (let i = 1; i <= 6; i++) {
    engine.input({ type: "key", code: "KeyA", down: true });
    await sleep(25);
    fast.input({ type: "acknowledge", sequence: fast.frames().length });
  }
  expect(slow.frames().length).toBe(2);
  expect(fast.frames().length).toBeGreaterThan(4);
});

test("a failing medium is told once, and the others are closed when one cannot be opened", async () => {
  engine = newEngine([medium("hda", "disk.img")]);
  const troubles: string[] = [];
  engine.onTrouble(({ kind }) => troubles.push(kind));
  await engine.start();
  disks[0].failure = new TwinboxError("disk-full", "The host's disk is full.");
  for (let i = 0; i < 3; i++) {
    type("write\n");
    await sleep(10);
  }
  expect(troubles).toEqual(["disk-full"]);
  disks[0].failure = new TwinboxError("io", "The host reported an error.");
  type("read\n");
  await eventually(() => expect(troubles).toEqual(["disk-full", "io"]));

  const broken = newEngine([medium("hda", "first.img"), medium("hdb", "absent")]);
  await expect(broken.start()).rejects.toMatchObject({ kind: "not-found" });
  expect(disks.map(({ name, closed }) => [name, closed])).toEqual([
    ["disk.img", 0],
    ["first.img", 1],
  ]);
});

test("a changed medium replaces and closes the old one", async () => {
  engine = newEngine([medium("fda", "a.img")]);
  await engine.start();
  await engine.changeMedium(medium("fda", "b.img"));
  expect(pc.drives.get("fda")?.name).toBe("b.img");
  await engine.changeMedium(medium("fda", null));
  expect(pc.drives.get("fda")).toBeNull();
  await expect(engine.changeMedium(medium("fda", "absent"))).rejects.toMatchObject({ kind: "not-found" });
  expect(disks.map(({ closed }) => closed)).toEqual([1, 1]);
});

test("power-off and failure end the run, each with its reason, and the last picture stays", async () => {
  const ends: EngineEnd[] = [];
  engine.onEnd((end) => ends.push(end));
  await engine.start();
  engine.acpiShutdown();
  await eventually(() => expect(ends).toEqual([{ reason: "power-off" }]));
  expect(engine.screenshot()).toMatchObject({ width: 640 });
  await engine.stop();
  expect(pc.closed).toBe(true);

  engine = newEngine();
  engine.onEnd((end) => ends.push(end));
  await engine.start();
  type("fail\n");
  await eventually(() => expect(ends[1]).toEqual({ reason: "fault", message: "the fake was told to fail" }));
  engine.resume();
  await sleep(20);
  expect(ends.length).toBe(2);
});

test("a machine is saved while paused only, and goes on from there", async () => {
  await engine.start();
  await expect(engine.save()).rejects.toMatchObject({ kind: "invalid-state" });
  engine.pause();
  const saving = engine.save();
  for (const change of [() => engine.resume(), () => engine.reset()]) {
    expect(change).toThrow(expect.objectContaining({ kind: "busy" }));
  }
  const state = await saving;
  const restored = newEngine();
  await restored.start(state);
  await eventually(() => expect(new TextDecoder().decode(restored.serialHistory())).toBe("restored\r\n"));
  await restored.stop();
});
