import { VirtualClock } from "../../../board/virtual-clock.ts";
import { Vga } from "../vga.ts";

/** Size of video memory in tests: all that the largest VBE mode needs. */
export const VIDEO_SIZE = 16 << 20;

/** One allocation for all rigs; each clears what a VGA mode reaches, and VBE modes clear for themselves. */
const sharedVideo = new Uint8Array(VIDEO_SIZE);

/** A VGA with a program's view of it: ports, the window by address, the linear frame buffer. */
export class VgaRig {
  readonly clock = new VirtualClock();
  readonly video = sharedVideo;
  readonly vga: Vga;
  readonly #written = new Uint8Array(VIDEO_SIZE >> 12);

  constructor() {
    this.video.fill(0, 0, 0x40000);
    this.vga = new Vga({
      video: this.video,
      dirtyPages: {
        collect: (into) => {
          into.set(this.#written);
          this.#written.fill(0);
        },
      },
      clock: this.clock,
    });
  }

  in(port: number): number {
    return this.vga.ports.read(port - 0x3b0, 1);
  }

  out(port: number, value: number): void {
    this.vga.ports.write(port - 0x3b0, value, 1);
  }

  /** Writes a register behind an index port and the data port after it. */
  set(port: number, index: number, value: number): void {
    this.out(port, index);
    this.out(port + 1, value);
  }

  setAttribute(index: number, value: number): void {
    this.in(0x3da);
    this.out(0x3c0, index | 0x20);
    this.out(0x3c0, value);
  }

  /** Sets colour `index` of the DAC, 6 bits a component. */
  setColor(index: number, red: number, green: number, blue: number): void {
    this.out(0x3c8, index);
    for (const component of [red, green, blue]) this.out(0x3c9, component);
  }

  dispi(index: number, value: number): void {
    this.vga.dispiPorts.write(0, index, 2);
    this.vga.dispiPorts.write(1, value, 2);
  }

  readDispi(index: number): number {
    this.vga.dispiPorts.write(0, index, 2);
    return this.vga.dispiPorts.read(1, 2);
  }

  /** Writes through the legacy window. */
  poke(address: number, ...bytes: number[]): void {
    bytes.forEach((byte, i) => {
      this.vga.window.write(address - 0xa0000 + i, byte, 1);
    });
  }

  peek(address: number): number {
    return this.vga.window.read(address - 0xa0000, 1);
  }

  /** Writes through the linear frame buffer. */
  pokeLinear(offset: number, ...bytes: number[]): void {
    bytes.forEach((byte, i) => {
      this.video[offset + i] = byte;
      this.#written[(offset + i) >> 12] = 1;
    });
  }

  setMode(mode: VgaMode): void {
    this.out(0x3c2, mode.miscellaneous);
    mode.sequencer.forEach((value, i) => {
      this.set(0x3c4, i + 1, value);
    });
    this.set(0x3d4, 0x11, 0);
    mode.crtc.forEach((value, i) => {
      this.set(0x3d4, i, value);
    });
    mode.graphics.forEach((value, i) => {
      this.set(0x3ce, i, value);
    });
    mode.attribute.forEach((value, i) => {
      this.setAttribute(i, value);
    });
    for (let i = 0; i < 64; i++) this.setColor(i, ...egaColor(i));
  }

  /** Sets a Bochs VBE mode with the linear frame buffer on, its memory cleared. */
  setVbeMode(width: number, height: number, bpp: number): void {
    this.in(0x3da);
    this.out(0x3c0, 0x20);
    this.dispi(4, 0);
    this.dispi(1, width);
    this.dispi(2, height);
    this.dispi(3, bpp);
    this.dispi(4, 0x41);
  }

  /** Refreshes the screen and gives the pixel at `x`, `y` as "rrggbb". */
  pixel(x: number, y: number): string {
    const { screen } = this.vga;
    screen.refresh();
    return colorAt(screen.pixels, y * screen.width + x);
  }

  /** Refreshes the screen and draws a part of it, a character a pixel: as `legend` says, "?" if it does not. */
  region(x: number, y: number, width: number, height: number, legend: Record<string, string>): string[] {
    const { screen } = this.vga;
    screen.refresh();
    return Array.from({ length: height }, (_, row) =>
      Array.from(
        { length: width },
        (_, column) => legend[colorAt(screen.pixels, (y + row) * screen.width + x + column)] ?? "?",
      ).join(""),
    );
  }
}

function colorAt(pixels: Uint8Array, index: number): string {
  const [red, green, blue, alpha] = pixels.subarray(index * 4, index * 4 + 4);
  if (alpha !== 255) return `alpha ${alpha}`;
  return ((red! << 16) | (green! << 8) | blue!).toString(16).padStart(6, "0");
}

/** The EGA's 64 colours: bits 0 to 2 are two thirds of blue, green and red, bits 3 to 5 one third. */
function egaColor(index: number): [number, number, number] {
  const level = (bit: number) => ((index >> bit) & 1) * 42 + ((index >> (bit + 3)) & 1) * 21;
  return [level(2), level(1), level(0)];
}

export interface VgaMode {
  miscellaneous: number;
  /** From register 1 on. */
  sequencer: number[];
  crtc: number[];
  graphics: number[];
  attribute: number[];
}

const bytes = (text: string): number[] => text.split(" ").map((byte) => Number.parseInt(byte, 16));
const EGA_PALETTE = "00 01 02 03 04 05 14 07 38 39 3a 3b 3c 3d 3e 3f";
const PLAIN_PALETTE = "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f";

/** Register values of the standard modes. [VGA] */
export const modes = {
  /** Text, 80 × 25 characters of 9 × 16 dots. */
  text: {
    miscellaneous: 0x67,
    sequencer: bytes("00 03 00 02"),
    crtc: bytes("5f 4f 50 82 55 81 bf 1f 00 4f 0d 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff"),
    graphics: bytes("00 00 00 00 00 10 0e 00 ff"),
    attribute: bytes(`${EGA_PALETTE} 0c 00 0f 08 00`),
  },
  /** 4 colours of the CGA, 320 × 200. */
  cga4: {
    miscellaneous: 0x63,
    sequencer: bytes("09 03 00 02"),
    crtc: bytes("2d 27 28 90 2b 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 a2 ff"),
    graphics: bytes("00 00 00 00 00 30 0f 00 ff"),
    attribute: bytes("00 13 15 17 02 04 06 07 10 11 12 13 14 15 16 17 01 00 03 00 00"),
  },
  /** 2 colours, 640 × 200. */
  cga2: {
    miscellaneous: 0x63,
    sequencer: bytes("01 01 00 06"),
    crtc: bytes("5f 4f 50 82 54 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 28 00 96 b9 c2 ff"),
    graphics: bytes("00 00 00 00 00 00 0d 00 ff"),
    attribute: bytes("00 17 17 17 17 17 17 17 17 17 17 17 17 17 17 17 01 00 01 00 00"),
  },
  /** 16 colours, 640 × 480. */
  planar: {
    miscellaneous: 0xe3,
    sequencer: bytes("01 0f 00 06"),
    crtc: bytes("5f 4f 50 82 54 80 0b 3e 00 40 00 00 00 00 00 00 ea 8c df 28 00 e7 04 e3 ff"),
    graphics: bytes("00 00 00 00 00 00 05 0f ff"),
    attribute: bytes(`${EGA_PALETTE} 01 00 0f 00 00`),
  },
  /** 16 colours, 320 × 200. */
  planar320: {
    miscellaneous: 0x63,
    sequencer: bytes("09 0f 00 06"),
    crtc: bytes("2d 27 28 90 2b 80 bf 1f 00 c0 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 e3 ff"),
    graphics: bytes("00 00 00 00 00 00 05 0f ff"),
    attribute: bytes("00 01 02 03 04 05 06 07 10 11 12 13 14 15 16 17 01 00 0f 00 00"),
  },
  /** 256 colours, 320 × 200, mode 13h. */
  packed: {
    miscellaneous: 0x63,
    sequencer: bytes("01 0f 00 0e"),
    crtc: bytes("5f 4f 50 82 54 80 bf 1f 00 41 00 00 00 00 00 00 9c 8e 8f 28 40 96 b9 a3 ff"),
    graphics: bytes("00 00 00 00 00 40 05 0f ff"),
    attribute: bytes(`${PLAIN_PALETTE} 41 00 0f 00 00`),
  },
  /** 256 colours, 320 × 240, unchained ("mode X"). */
  modeX: {
    miscellaneous: 0xe3,
    sequencer: bytes("01 0f 00 06"),
    crtc: bytes("5f 4f 50 82 54 80 0d 3e 00 41 00 00 00 00 00 00 ea ac df 28 00 e7 06 e3 ff"),
    graphics: bytes("00 00 00 00 00 40 05 0f ff"),
    attribute: bytes(`${PLAIN_PALETTE} 41 00 0f 00 00`),
  },
} satisfies Record<string, VgaMode>;
