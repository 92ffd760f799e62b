/** Letters of a manufacturer's code, 5 bits each. */
const manufacturer = (name: string): number =>
  [...name].reduce((code, letter) => (code << 5) | (letter.charCodeAt(0) - 0x40), 0);

/** 1024×768 at 60 Hz: clock in 10 kHz, then active, blanking, front porch and sync width of each direction. */
const PREFERRED = { clock: 6500, h: [1024, 320, 24, 136], v: [768, 38, 3, 6] } as const;

function detailedTiming(): number[] {
  const { clock, h, v } = PREFERRED;
  const high = (a: number, b: number) => ((a >> 8) << 4) | (b >> 8);
  return [
    clock & 0xff,
    clock >> 8,
    h[0] & 0xff,
    h[1] & 0xff,
    high(h[0], h[1]),
    v[0] & 0xff,
    v[1] & 0xff,
    high(v[0], v[1]),
    h[2],
    h[3],
    (v[2] << 4) | v[3],
    0,
    // 320 mm by 240 mm, no border, separate sync.
    320 & 0xff,
    240,
    0x10,
    0,
    0,
    0x18,
  ];
}

/** The monitor's description, 128 bytes: EDID 1.3, as INT 10h AX=4F15h BL=01h returns it. */
export function edid(): Uint8Array {
  const block = new Uint8Array(128);
  block.set([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
  const code = manufacturer("TWB");
  block.set([code >> 8, code & 0xff, 1, 0, 1, 0, 0, 0, 1, 36, 1, 3], 8);
  // Analogue, 32 cm by 24 cm, gamma 2.2, colour with a preferred timing; sRGB primaries.
  block.set([0x08, 32, 24, 120, 0x0a, 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54], 20);
  // 720×400, 640×480, 800×600, 1024×768, 1280×1024 as of the established timings.
  block.set([0xa1, 0x09, 0x00], 35);
  block.fill(1, 38, 54);
  block.set(detailedTiming(), 54);
  block.set([0, 0, 0, 0xfc, 0, ...[..."Twinbox\n     "].map((char) => char.charCodeAt(0))], 72);
  block.set([0, 0, 0, 0xfd, 0, 50, 85, 30, 90, 15, 0, 10, 32, 32, 32, 32, 32, 32], 90);
  block.set([0, 0, 0, 0x10], 108);
  block[127] = -block.subarray(0, 127).reduce((sum, byte) => sum + byte, 0) & 0xff;
  return block;
}
