import type { BlockDevice } from "../../../core/disk/block-device.ts";
import type {
  DriveSlot,
  PcControl,
  PcOptions,
  PcStatistics,
  Screen,
  ScreenRectangle,
  Slice,
} from "../../../core/pc-options.ts";

const WIDTH = 640;
const HEIGHT = 400;
const CELL = { width: 8, height: 16 };

/** A screen of 80×25 cells, each drawn as a block whose grey is its character. */
class FakeScreen implements Screen {
  width = 0;
  height = 0;
  readonly pixelAspect = 1;
  pixels = new Uint8Array();
  readonly rows: string[] = Array.from({ length: 25 }, () => " ".repeat(80));
  #changed = new Set<number>();

  print(row: number, text: string): void {
    this.rows[row] = text.padEnd(80).slice(0, 80);
    this.#changed.add(row);
  }

  refresh(): ScreenRectangle[] {
    const whole = this.width === 0;
    if (whole) {
      this.width = WIDTH;
      this.height = HEIGHT;
      this.pixels = new Uint8Array(WIDTH * HEIGHT * 4);
    }
    const rows = whole ? [...this.rows.keys()] : [...this.#changed];
    this.#changed.clear();
    for (const row of rows) this.#draw(row);
    if (whole) return [{ x: 0, y: 0, width: WIDTH, height: HEIGHT }];
    return rows.map((row) => ({ x: 0, y: row * CELL.height, width: WIDTH, height: CELL.height }));
  }

  text(): string[] {
    return this.rows;
  }

  #draw(row: number): void {
    for (let y = row * CELL.height; y < (row + 1) * CELL.height; y++)
      for (let x = 0; x < WIDTH; x++) {
        const grey = this.rows[row].charCodeAt(x / CELL.width);
        this.pixels.set([grey, grey, grey, 255], (y * WIDTH + x) * 4);
      }
  }
}

/**
 * Stands in for the PC: it greets on COM1 and on its screen, echoes serial input and keys, reads and writes its
 * first disk when told to, and sleeps meanwhile. Lines sent to COM1 command it: `off`, `fail`, `hang`, `busy`,
 * `read`, `write`.
 */
export class FakePc implements PcControl {
  onWake: () => void = () => {};
  onSerial: (port: number, bytes: Uint8Array) => void = () => {};
  onLeds: (leds: number) => void = () => {};
  onActivity: (slot: DriveSlot) => void = () => {};
  readonly screen = new FakeScreen();
  get debugger(): never {
    throw new Error("the fake has no processor");
  }
  readonly options: PcOptions;
  readonly drives = new Map<DriveSlot, BlockDevice | null>();
  readonly slices: { hostNs: number; maxMs: number }[] = [];
  resumedAt: number[] = [];
  keys: string[] = [];
  mice: number[][] = [];
  resets = 0;
  closed = false;
  #line = "";
  #output: string[] = ["hello from the fake\r\n"];
  #off = false;
  #failure: Error | null = null;
  #busyUntil = 0;

  constructor(options: PcOptions) {
    this.options = options;
    for (const { slot, device } of options.drives) this.drives.set(slot, device);
    this.screen.print(0, `Fake PC, ${options.memoryMib} MiB`);
  }

  runSlice(hostNs: number, maxMs = 10): Slice {
    this.slices.push({ hostNs, maxMs });
    if (this.#failure) throw this.#failure;
    for (const text of this.#output.splice(0)) this.onSerial(0, new TextEncoder().encode(text));
    if (this.#off) return { state: "off" };
    if (hostNs / 1e6 < this.#busyUntil) {
      const end = performance.now() + maxMs;
      while (performance.now() < end);
      return { state: "busy" };
    }
    if (this.options.deterministic) return { state: "busy" };
    return { state: "idle", sleepNs: Number.POSITIVE_INFINITY };
  }

  resumeAt(hostNs: number): void {
    this.resumedAt.push(hostNs);
  }

  key(code: string, down: boolean): void {
    this.keys.push(`${down ? "+" : "-"}${code}`);
    this.screen.print(1, this.keys.join(" ").slice(-80));
    this.onWake();
  }

  mouse(dx: number, dy: number, wheel: number, buttons: number): void {
    this.mice.push([dx, dy, wheel, buttons]);
    this.onWake();
  }

  serialInput(port: number, bytes: Uint8Array): void {
    if (port !== 0) return;
    for (const character of new TextDecoder().decode(bytes)) {
      this.#output.push(character);
      if (character !== "\n") this.#line += character;
      else {
        this.#command(this.#line);
        this.#line = "";
      }
    }
    this.onWake();
  }

  #command(line: string): void {
    if (line === "off") this.#off = true;
    if (line === "fail") this.#failure = new Error("the fake was told to fail");
    if (line === "busy") this.#busyUntil = performance.now() + 60_000;
    if (line === "hang") for (;;);
    if (line === "read" || line === "write") void this.#disk(line);
  }

  async #disk(what: "read" | "write"): Promise<void> {
    const device = this.drives.get("hda");
    const sector = new Uint8Array(512).fill(0x5a);
    this.onActivity("hda");
    try {
      await (what === "read" ? device?.read(0, sector) : device?.write(0, sector));
      this.#output.push(`${what} done\r\n`);
    } catch (error) {
      this.#output.push(`${what} failed: ${(error as Error).message}\r\n`);
    }
    this.onWake();
  }

  changeMedium(slot: DriveSlot, device: BlockDevice | null): void {
    this.drives.set(slot, device);
  }

  powerButton(): void {
    this.#off = true;
    this.onWake();
  }

  reset(): void {
    this.resets++;
    this.#output.push("reset\r\n");
    this.screen.print(2, "reset");
    this.onWake();
  }

  async save(): Promise<Uint8Array> {
    return new TextEncoder().encode(JSON.stringify({ line: this.#line }));
  }

  async load(file: Uint8Array): Promise<void> {
    this.#line = JSON.parse(new TextDecoder().decode(file)).line;
    this.#output = ["restored\r\n"];
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  statistics(): PcStatistics {
    return {
      instructions: this.slices.length * 1000,
      timeNs: this.slices.length * 1e6,
      compiler: {
        regionsCompiled: 3,
        regionsDropped: 1,
        bytesCompiled: 2000,
        instructionsCompiled: 40,
        compileMs: 2,
        regionsCompared: this.options.verify ? 5 : 0,
      },
      guestMemory: 1 << 20,
      totalMemory: 2 << 20,
    };
  }

  async checksum(): Promise<string> {
    return `line:${this.#line}`;
  }
}
