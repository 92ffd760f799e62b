import { describe, expect, it } from "vitest";
import { TwinboxError } from "../base/errors.ts";
import { seededRandom } from "../board/testing/random.ts";
import { raw } from "./formats/raw.ts";
import { Overlay } from "./overlay.ts";
import { MemoryStore } from "./testing/memory-store.ts";

const pattern = (size: number) => Uint8Array.from({ length: size }, (_, i) => (i >> 9) & 0xff);

async function overlayOf(bytes: Uint8Array) {
  const store = new MemoryStore(bytes, { readOnly: true });
  return { store, overlay: new Overlay(await raw.open(store)) };
}

describe("disposable overlay", () => {
  it("reads as the base until written, and never writes the base", async () => {
    const base = pattern(200 * 1024);
    const { store, overlay } = await overlayOf(base.slice());
    expect(overlay.readOnly).toBe(false);
    await overlay.write(512 * 130, new Uint8Array(512 * 3).fill(0xee));
    await overlay.flush();
    const all = new Uint8Array(overlay.size);
    await overlay.read(0, all);
    const expected = base.slice().fill(0xee, 512 * 130, 512 * 133);
    expect(all).toEqual(expected);
    expect(store.bytes).toEqual(base);
    expect(store.operations.some(({ operation }) => operation === "write")).toBe(false);
    expect([...overlay.changedPages()]).toEqual([16, 16]);
  });

  it("equals a plain disk under random reads and writes", async () => {
    const size = 300 * 1024;
    const { overlay } = await overlayOf(pattern(size));
    const model = pattern(size);
    const random = seededRandom(3);
    for (let i = 0; i < 400; i++) {
      const sector = random(size / 512);
      const length = 512 * (1 + random(Math.min(200, size / 512 - sector)));
      if (random(2)) {
        const data = new Uint8Array(length).fill(random(256));
        model.set(data, sector * 512);
        await overlay.write(sector * 512, data);
      } else {
        const got = new Uint8Array(length);
        await overlay.read(sector * 512, got);
        expect(got).toEqual(model.slice(sector * 512, sector * 512 + length));
      }
    }
  });

  it("keeps both of two writes that meet in one cluster", async () => {
    const { overlay } = await overlayOf(new Uint8Array(131_072));
    await Promise.all([
      overlay.write(0, new Uint8Array(512).fill(1)),
      overlay.write(1024, new Uint8Array(512).fill(2)),
    ]);
    const got = new Uint8Array(1536);
    await overlay.read(0, got);
    expect([got[0], got[512], got[1024]]).toEqual([1, 0, 2]);
  });

  it("reads the base in one go where nothing has changed", async () => {
    const { store, overlay } = await overlayOf(new Uint8Array(1 << 20));
    await overlay.read(0, new Uint8Array(1 << 20));
    expect(store.operations.filter(({ operation }) => operation === "read").length).toBe(1);
  });

  it("reports the base's error and can be written once it is gone", async () => {
    const { store, overlay } = await overlayOf(new Uint8Array(131_072));
    store.fault = () => new TwinboxError("io", "unreadable");
    await expect(overlay.write(0, new Uint8Array(512))).rejects.toMatchObject({ kind: "io" });
    store.fault = () => undefined;
    await overlay.write(0, new Uint8Array(512).fill(5));
    const got = new Uint8Array(512);
    await overlay.read(0, got);
    expect(got[0]).toBe(5);
  });

  it("gives its changes to another overlay of the same base, which has no others then", async () => {
    const base = pattern(200 * 1024);
    const { overlay } = await overlayOf(base.slice());
    await overlay.write(512 * 130, new Uint8Array(512).fill(0xee));
    // Written back to what the image has, it is a change all the same; so is the short cluster at the end.
    await overlay.write(0, base.slice(0, 512));
    await overlay.write(199 * 1024, new Uint8Array(1024));
    const { overlay: other } = await overlayOf(base.slice());
    await other.write(2 * 65536, new Uint8Array(512).fill(0x77));
    const bytes = new Uint8Array(Buffer.concat([...overlay.changedBytes()]));
    expect([...overlay.changedPages()]).toEqual([0, 16, 16, 16, 48, 2]);
    other.restore(overlay.changedPages(), bytes);
    bytes.fill(0);
    const expected = base
      .slice()
      .fill(0xee, 512 * 130, 512 * 131)
      .fill(0, 199 * 1024);
    const all = new Uint8Array(other.size);
    await other.read(0, all);
    expect(all).toEqual(expected);
    await other.write(512 * 131, new Uint8Array(512).fill(0xdd));
    await overlay.read(0, all);
    expect(all).toEqual(expected);
  });

  it.each([
    ["not those of whole clusters", [1, 16]],
    ["too few of a cluster", [16, 15]],
    ["beyond the end", [64, 16]],
  ])("refuses pages that are %s, and stays as it was", async (_, runs) => {
    const { overlay } = await overlayOf(pattern(200 * 1024));
    await overlay.write(0, new Uint8Array(512).fill(0x99));
    const before = [...overlay.changedPages()];
    expect(() => overlay.restore(Uint32Array.from(runs), new Uint8Array(65536))).toThrow(TwinboxError);
    expect([...overlay.changedPages()]).toEqual(before);
  });
});
