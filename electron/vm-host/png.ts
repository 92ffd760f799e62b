import { promisify } from "node:util";
import { crc32, deflate } from "node:zlib";
import type { Picture } from "../contract/engine.ts";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

const COMPRESSION = { level: 6 };

/**
 * A PNG file, 8-bit true colour; alpha is left out, as a monitor is opaque. Another thread compresses it: a whole
 * screen would keep the event loop for too long. [PNG]
 */
export const encodePng = async (picture: Picture): Promise<Uint8Array> =>
  fileOf(picture, await promisify(deflate)(rowsOf(picture), COMPRESSION));

function rowsOf({ width, height, pixels }: Picture): Uint8Array {
  const rows = new Uint8Array(height * (1 + width * 3)); // each row begins with its filter type, 0: none
  for (let y = 0, to = 0, from = 0; y < height; y++) {
    to++;
    for (let x = 0; x < width; x++, from += 4) {
      rows[to++] = pixels[from];
      rows[to++] = pixels[from + 1];
      rows[to++] = pixels[from + 2];
    }
  }
  return rows;
}

function fileOf({ width, height }: Picture, data: Uint8Array): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits a sample
  header[9] = 2; // colour type: RGB
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** Of a pixel's area, about as many rows and columns are looked at. */
const LOOKS = 3;

/** From one look to the next. */
const strideOf = (from: number, to: number): number => Math.max(1, Math.floor((to - from) / LOOKS));

/**
 * The image made to fit into `maxWidth` × `maxHeight` (never larger than it is), each pixel a mean of its area: of an
 * even pattern in it, where it is large.
 */
export function shrink(image: Picture, maxWidth: number, maxHeight: number): Picture {
  const scale = Math.min(1, maxWidth / image.width, maxHeight / image.height);
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const pixels = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * image.height) / height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * image.height) / height));
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * image.width) / width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * image.width) / width));
      const down = strideOf(top, bottom);
      const across = strideOf(left, right);
      let r = 0;
      let g = 0;
      let b = 0;
      let looks = 0;
      for (let row = top; row < bottom; row += down)
        for (let column = left; column < right; column += across) {
          const at = (row * image.width + column) * 4;
          r += image.pixels[at];
          g += image.pixels[at + 1];
          b += image.pixels[at + 2];
          looks++;
        }
      const to = (y * width + x) * 4;
      pixels[to] = r / looks;
      pixels[to + 1] = g / looks;
      pixels[to + 2] = b / looks;
      pixels[to + 3] = 255;
    }
  }
  return { width, height, pixels };
}
