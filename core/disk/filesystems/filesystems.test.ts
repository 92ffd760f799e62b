import { describe, expect, it } from "vitest";
import { raw } from "../formats/raw.ts";
import { fatImage, isoImage } from "../testing/images.ts";
import { MemoryStore } from "../testing/memory-store.ts";
import { latin1 } from "./bytes.ts";
import { Fat } from "./fat.ts";
import { Iso9660 } from "./iso9660.ts";

const open = (bytes: Uint8Array) => raw.open(new MemoryStore(bytes));
const text = (bytes: Uint8Array | null) => bytes && latin1(bytes);

describe("ISO 9660 reader", () => {
  it("finds files by path, in any case, without versions", async () => {
    const files = { "README.TXT": "top", "ISOLINUX/ISOLINUX.CFG": "x".repeat(5000) };
    const iso = (await Iso9660.open(await open(isoImage({ volumeId: "VOL", files }))))!;
    expect(iso.volumeId).toBe("VOL");
    expect(text(await iso.readFile("readme.txt"))).toBe("top");
    expect((await iso.readFile("/isolinux/isolinux.cfg"))?.length).toBe(5000);
    expect((await iso.readFile("isolinux/isolinux.cfg", 100))?.length).toBe(100);
    expect(await iso.readFile("isolinux")).toBe(null);
    expect([await iso.exists("isolinux"), await iso.exists("nothing")]).toEqual([true, false]);
    expect(await iso.exists("readme.txt/deeper")).toBe(false);
  });

  it("is told from a disk that has none", async () => {
    expect(await Iso9660.open(await open(new Uint8Array(1 << 20)))).toBe(null);
    expect(await Iso9660.open(await open(new Uint8Array(512)))).toBe(null);
  });
});

describe("FAT reader", () => {
  it("reads a file along its chain", async () => {
    const body = Uint8Array.from({ length: 2000 }, (_, i) => i % 251);
    const fat = (await Fat.open(
      await open(fatImage({ label: "DISK ONE", files: { "A.BIN": "a", "B.BIN": body } })),
    ))!;
    expect([fat.label, fat.names]).toEqual(["DISK ONE", ["A.BIN", "B.BIN"]]);
    expect(await fat.readFile("b.bin")).toEqual(body);
    expect(await fat.readFile("b.bin", 600)).toEqual(body.slice(0, 600));
    expect(await fat.readFile("C.BIN")).toBe(null);
  });

  it("stops at a chain that bites its tail", async () => {
    const image = fatImage({ files: { "A.BIN": "x".repeat(1024) } });
    // Both clusters of the file point to the first.
    image.set([0x02, 0x20, 0x00], 512 + 3);
    const fat = (await Fat.open(await open(image)))!;
    expect((await fat.readFile("A.BIN"))?.length).toBe(1024);
  });

  it("takes no code for parameters", async () => {
    const image = fatImage();
    image[13] = 3;
    expect(await Fat.open(await open(image))).toBe(null);
  });
});
