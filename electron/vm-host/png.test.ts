import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodePng, shrink } from "./png.ts";

const picture = (width: number, height: number, at: (x: number, y: number) => number[]) => {
  const pixels = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set([...at(x, y), 255], (y * width + x) * 4);
  return { width, height, pixels };
};

test("a PNG holds the picture's size and its rows of RGB", async () => {
  const png = Buffer.from(await encodePng(picture(3, 2, (x, y) => [x, y, 9])));
  expect(png.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
  expect(png.toString("latin1", 12, 16)).toBe("IHDR");
  expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([3, 2, 8, 2]);
  const length = png.readUInt32BE(33);
  expect(png.toString("latin1", 37, 41)).toBe("IDAT");
  const rows = inflateSync(png.subarray(41, 41 + length));
  expect([...rows]).toEqual([0, 0, 0, 9, 1, 0, 9, 2, 0, 9, 0, 0, 1, 9, 1, 1, 9, 2, 1, 9]);
  // The checksum of an IEND chunk, from the PNG specification.
  expect(png.subarray(-12).toString("hex")).toBe("0000000049454e44ae426082");
});

test("a thumbnail keeps the proportions, and each of its pixels is the mean of an area", () => {
  const small = shrink(
    picture(640, 400, (x) => (x % 2 === 0 ? [0, 100, 200] : [100, 100, 0])),
    160,
    120,
  );
  expect([small.width, small.height]).toEqual([160, 100]);
  expect([...small.pixels.subarray(0, 4)]).toEqual([50, 100, 100, 255]);
});

test("a small picture is not made larger", () => {
  expect(
    shrink(
      picture(16, 8, () => [1, 2, 3]),
      160,
      120,
    ),
  ).toMatchObject({ width: 16, height: 8 });
});
