import { describe, expect, test } from "vitest";
import type { BusTarget, Device, PlainState, Width } from "../device.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import { seededRandom } from "./random.ts";

/** A device as the board attaches it: its bus target, number of addresses, and widest access. */
export interface ContractTarget {
  target: BusTarget;
  length: number;
  width: Width;
}

/** A newly made device with everything it is wired to. */
export interface ContractRig {
  device: Device;
  targets: ContractTarget[];
  /** The device's clock, if it has one: moved between random accesses so that its alarms run. */
  clock?: VirtualClock;
  /** Puts the device into a state that register writes alone do not reach (a disk in, a line driven high). */
  exercise?: () => void;
}

/** Offsets tried one by one in a large target: both ends whole, the rest by sample. */
const SAMPLED_OFFSETS = 1024;
const RANDOM_ACCESSES = 4000;
const COMPARED_READS = 500;

const widths: readonly Width[] = [1, 2, 4];

/** What every device promises, whatever it does: called once at the top of each device's test file. */
export function describeDeviceContract(name: string, make: () => ContractRig): void {
  describe(`${name} keeps the device contract`, () => {
    test("its state is plain data", () => {
      const rig = make();
      expectPlain(rig.device.state);
      rig.exercise?.();
      accessAtRandom(rig, 1);
      expectPlain(rig.device.state);
    });

    test("a saved state, loaded after changes, is the state again", () => {
      const rig = make();
      rig.exercise?.();
      accessAtRandom(rig, 2);
      const saved = structuredClone(rig.device.state);
      accessAtRandom(rig, 3);
      load(rig, saved);
      expect(rig.device.state).toEqual(saved);
    });

    test("a saved state, loaded into a new device, makes it read as the old one", () => {
      const old = make();
      old.exercise?.();
      accessAtRandom(old, 4);
      const saved = structuredClone(old.device.state);
      const other = make();
      if (old.clock) other.clock?.moveTo(old.clock.now());
      load(other, saved);
      load(old, saved);
      expect(other.device.state).toEqual(saved);
      expect(readAtRandom(other, 5)).toEqual(readAtRandom(old, 5));
    });

    test("a reset leaves one state, whatever came before", () => {
      const rig = make();
      rig.device.reset();
      const shape = Object.keys(rig.device.state).sort();
      rig.exercise?.();
      accessAtRandom(rig, 6);
      rig.device.reset();
      const first = structuredClone(rig.device.state);
      rig.device.reset();
      expect(rig.device.state).toEqual(first);
      expect(Object.keys(rig.device.state).sort()).toEqual(shape);
      expectPlain(rig.device.state);
    });

    test("every offset answers at every width", () => {
      const rig = make();
      const random = seededRandom(7);
      for (const { target, length, width: widest } of rig.targets) {
        for (const width of widths.filter((one) => one <= widest)) {
          for (const offset of offsetsOf(length, width, random)) {
            readChecked(target, offset, width);
            for (const value of [0, maximum(width), random(maximum(width))]) {
              target.write(offset, value, width);
              readChecked(target, offset, width);
            }
          }
        }
      }
    });

    test("random access never throws and reads values in range", () => {
      for (let seed = 8; seed < 12; seed++) {
        const rig = make();
        accessAtRandom(rig, seed);
        rig.exercise?.();
        accessAtRandom(rig, seed + 100);
      }
    });
  });
}

function load(rig: ContractRig, saved: PlainState): void {
  rig.device.state = structuredClone(saved);
  rig.device.afterLoad?.();
}

const maximum = (width: Width): number => 2 ** (8 * width) - 1;

function readChecked(target: BusTarget, offset: number, width: Width): number {
  const value = target.read(offset, width);
  if (!Number.isInteger(value) || value < 0 || value > maximum(width)) {
    expect.fail(`${width} bytes at offset 0x${offset.toString(16)} read as ${value}`);
  }
  return value;
}

function* offsetsOf(length: number, width: Width, random: (limit: number) => number): Iterable<number> {
  const last = length - width;
  for (let offset = 0; offset <= last; offset++) {
    if (offset === SAMPLED_OFFSETS && last > 3 * SAMPLED_OFFSETS) {
      for (let i = 0; i < SAMPLED_OFFSETS; i++) yield random(last);
      offset = last - SAMPLED_OFFSETS;
    }
    yield offset;
  }
}

/** One access's target, offset and width, within what the target takes. */
function pick({ targets }: ContractRig, random: (limit: number) => number) {
  const { target, length, width: widest } = targets[random(targets.length)]!;
  const fitting = widths.filter((one) => one <= widest && one <= length);
  const width = fitting[random(fitting.length)]!;
  return { target, width, offset: random(length - width + 1) };
}

function accessAtRandom(rig: ContractRig, seed: number): void {
  if (rig.targets.length === 0) return;
  const random = seededRandom(seed);
  for (let i = 0; i < RANDOM_ACCESSES; i++) {
    const { target, width, offset } = pick(rig, random);
    if (random(2) === 0) readChecked(target, offset, width);
    else target.write(offset, random(maximum(width)), width);
    if (rig.clock && random(8) === 0) rig.clock.moveTo(rig.clock.now() + random(1_000_000));
  }
}

function readAtRandom(rig: ContractRig, seed: number): number[] {
  if (rig.targets.length === 0) return [];
  const random = seededRandom(seed);
  return Array.from({ length: COMPARED_READS }, () => {
    const { target, width, offset } = pick(rig, random);
    return readChecked(target, offset, width);
  });
}

function expectPlain(value: unknown, path = "state", above: readonly object[] = []): void {
  if (typeof value === "function" || typeof value === "symbol") expect.fail(`${path} is a ${typeof value}`);
  if (typeof value !== "object" || value === null) return;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return;
  if (above.includes(value)) expect.fail(`${path} is part of itself`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    expect.fail(`${path} is an instance of a class`);
  }
  for (const [key, inner] of Object.entries(value)) expectPlain(inner, `${path}.${key}`, [...above, value]);
}
