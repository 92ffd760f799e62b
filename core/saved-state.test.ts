import { describe, expect, it } from "vitest";
import type { CpuChoice } from "./cpu/models/catalogue.ts";
import type { BlockDevice } from "./disk/block-device.ts";
import { raw } from "./disk/formats/raw.ts";
import { Overlay } from "./disk/overlay.ts";
import { MemoryStore } from "./disk/testing/memory-store.ts";
import { Pc } from "./pc.ts";

const MIB = 0x10_0000;
const AT = 0x10_0000;

const image = () => raw.open(new MemoryStore(new Uint8Array(MIB).fill(0x11), { readOnly: true }));

function machine(options: { memoryMib?: number; disk?: BlockDevice; cpu?: CpuChoice } = {}): Pc {
  const { memoryMib = 4, disk, cpu } = options;
  return new Pc({
    memoryMib,
    drives: disk ? [{ slot: "hda", kind: "disk", device: disk }] : [],
    bootOrder: [],
    epochMs: 0,
    ...(cpu && { cpu }),
  });
}

async function sector(disk: BlockDevice, offset: number): Promise<number> {
  const into = new Uint8Array(512);
  await disk.read(offset, into);
  return into[0]!;
}

describe("a saved machine", () => {
  it("has its disposable disk's contents with it", async () => {
    const disk = new Overlay(await image());
    const pc = machine({ disk });
    await disk.write(512 * 300, new Uint8Array(1024).fill(0x22));
    pc.memory.write32(AT, 0x12345678);
    const state = await pc.save();

    const again = new Overlay(await image());
    await again.write(0, new Uint8Array(512).fill(0x33));
    const other = machine({ disk: again });
    await other.load(state);
    expect(other.memory.read32(AT)).toBe(0x12345678);
    expect(await Promise.all([0, 512 * 300, 512 * 302].map((offset) => sector(again, offset)))).toEqual([
      0x11, 0x22, 0x11,
    ]);
  });

  it("gives the event loop its turns while it is saved, and while it is loaded", async () => {
    const pc = machine({ memoryMib: 64 });
    pc.memory.ram.fill(1);
    let turns = 0;
    const count = setInterval(() => turns++, 0);
    const state = await pc.save();
    expect(turns).toBeGreaterThan(1);
    turns = 0;
    await pc.load(state);
    clearInterval(count);
    expect(turns).toBeGreaterThan(1);
  });

  it.each<[string, Parameters<typeof machine>[0], RegExp]>([
    ["less memory", { memoryMib: 2 }, /another machine/],
    ["another model of processor", { cpu: { model: "core2", vendor: "intel" } }, /another processor/],
    ["another vendor's processor", { cpu: { model: "x86-64-v2", vendor: "amd" } }, /another processor/],
    ["a 32-bit processor", { cpu: { model: "pentium3", vendor: "intel" } }, /another processor/],
  ])("is refused by a machine with %s, which stays as it was", async (_, options, message) => {
    const pc = machine();
    pc.memory.write32(AT, 0x12345678);
    const state = await pc.save();
    const other = machine(options);
    other.memory.write32(AT, 0x55);
    await expect(other.load(state)).rejects.toThrow(message);
    expect(other.memory.read32(AT)).toBe(0x55);
  });

  it("is refused where its changed disk is not disposable, before memory changes", async () => {
    const disk = new Overlay(await image());
    await disk.write(0, new Uint8Array(512));
    const state = await machine({ disk }).save();
    const other = machine({ disk: await image() });
    other.memory.write32(AT, 0x55);
    await expect(other.load(state)).rejects.toThrow(/disk hda/);
    expect(other.memory.read32(AT)).toBe(0x55);
  });
});
