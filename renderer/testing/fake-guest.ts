import type { ConsoleInput, ConsoleOutput } from "../../electron/contract/console.ts";

/** Something that draws, answers keys and speaks on a serial port, so that the window can be tested without a PC. */
export interface FakeGuest {
  input(input: ConsoleInput): void;
  attach(send: (output: ConsoleOutput) => void): () => void;
  tick(time: number): void;
  serialHistory(): Uint8Array;
  thumbnail(): string;
  stop(): void;
}

const MOST_UNDER_WAY = 2;

abstract class DrawingGuest implements FakeGuest {
  protected readonly canvas: HTMLCanvasElement;
  protected readonly context: CanvasRenderingContext2D;
  readonly #pixelAspect: number;
  readonly #feeds = new Map<
    (output: ConsoleOutput) => void,
    { sequence: number; acknowledged: number; live: boolean }
  >();
  #serial: number[] = [];
  #current: ((output: ConsoleOutput) => void) | null = null;

  constructor(width: number, height: number, pixelAspect: number) {
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    this.#pixelAspect = pixelAspect;
    this.context = this.canvas.getContext("2d", { willReadFrequently: true })!;
  }

  /** Draws what has changed and says where; null if nothing has. */
  protected abstract draw(time: number): { x: number; y: number; width: number; height: number } | null;
  protected abstract key(code: string): void;
  protected mouse(_dx: number, _dy: number): void {}
  protected abstract serialInput(text: string): void;

  protected say(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#serial.push(...bytes);
    for (const [send, feed] of this.#feeds) if (feed.live) send({ type: "serial", port: 0, bytes });
  }

  protected blink(slot: string): void {
    for (const [send, feed] of this.#feeds) if (feed.live) send({ type: "activity", slot });
  }

  attach(send: (output: ConsoleOutput) => void): () => void {
    this.#feeds.set(send, { sequence: 0, acknowledged: 0, live: false });
    this.#current = send;
    return () => this.#feeds.delete(send);
  }

  input(input: ConsoleInput): void {
    switch (input.type) {
      case "refresh":
        for (const [send, feed] of this.#feeds) {
          if (send !== this.#current) continue;
          feed.live = true;
          send({ type: "serial", port: 0, bytes: this.serialHistory() });
          send({ type: "leds", leds: 2 });
          this.#frame(send, feed, { x: 0, y: 0, width: this.canvas.width, height: this.canvas.height });
        }
        return;
      case "acknowledge":
        for (const feed of this.#feeds.values())
          feed.acknowledged = Math.max(feed.acknowledged, input.sequence);
        return;
      case "key":
        if (input.down) this.key(input.code);
        return;
      case "mouse":
        this.mouse(input.dx, input.dy);
        return;
      case "serial":
        this.serialInput(new TextDecoder().decode(input.bytes));
    }
  }

  tick(time: number): void {
    const changed = this.draw(time);
    if (!changed) return;
    for (const [send, feed] of this.#feeds)
      if (feed.live && feed.sequence - feed.acknowledged < MOST_UNDER_WAY) this.#frame(send, feed, changed);
  }

  #frame(
    send: (output: ConsoleOutput) => void,
    feed: { sequence: number },
    { x, y, width, height }: { x: number; y: number; width: number; height: number },
  ): void {
    const { data } = this.context.getImageData(x, y, width, height);
    send({
      type: "frame",
      sequence: ++feed.sequence,
      width: this.canvas.width,
      height: this.canvas.height,
      pixelAspect: this.#pixelAspect,
      rectangles: [{ x, y, width, height, pixels: new Uint8Array(data.buffer) }],
    });
  }

  serialHistory(): Uint8Array {
    return Uint8Array.from(this.#serial);
  }

  thumbnail(): string {
    const small = document.createElement("canvas");
    small.width = 160;
    small.height = 120;
    small.getContext("2d")!.drawImage(this.canvas, 0, 0, 160, 120);
    return small.toDataURL("image/png");
  }

  stop(): void {
    this.#feeds.clear();
  }
}

/** A text screen of 80×25 that echoes keys, with a shell on its serial port. */
export class TextGuest extends DrawingGuest {
  readonly #lines: string[];
  #typed = "";
  #line = "";
  #changed = true;

  constructor(lines: string[], prompt: string) {
    super(720, 400, 1);
    this.#lines = lines;
    this.say(
      [
        "\x1b[1mLinux version 6.1.0-28-686\x1b[0m (debian-kernel@lists.debian.org)",
        "BIOS-provided physical RAM map:",
        " [mem 0x0000000000000000-0x000000000009fbff] usable",
        " [mem 0x0000000000100000-0x000000000fffffff] usable",
        "Memory: 243120K/261624K available (13452K kernel code)",
        "Calibrating delay loop... 412.67 BogoMIPS",
        "ata1.00: ATA-7: TWINBOX HARDDISK, 1.0, max UDMA/100",
        "\x1b[32mEXT4-fs (sda1): mounted filesystem\x1b[0m",
        "Welcome to \x1b[1;34mDebian GNU/Linux 12\x1b[0m! See https://www.debian.org/",
        "",
        prompt,
      ].join("\r\n"),
    );
  }

  protected key(code: string): void {
    if (code === "Backspace") this.#typed = this.#typed.slice(0, -1);
    else if (/^(Key|Digit)/.test(code)) this.#typed += code.at(-1)!.toLowerCase();
    else if (code === "Space") this.#typed += " ";
    else this.#typed += `<${code}>`;
    this.#changed = true;
    this.blink("hdc");
  }

  protected serialInput(text: string): void {
    for (const character of text) {
      if (character === "\r") {
        this.say(this.#line === "" ? "\r\n# " : `\r\n${this.#line}: done\r\n# `);
        this.#line = "";
      } else {
        this.#line += character;
        this.say(character);
      }
    }
  }

  protected draw(time: number) {
    const cursor = Math.floor(time / 500) % 2 === 0;
    if (!this.#changed && Math.floor(time / 100) % 5 !== 0) return null;
    this.#changed = false;
    const { context } = this;
    context.fillStyle = "#0000aa";
    context.fillRect(0, 0, 720, 400);
    context.fillStyle = "#aaaaaa";
    context.fillRect(0, 384, 720, 16);
    context.font = "14px monospace";
    context.textBaseline = "top";
    context.fillStyle = "#ffffff";
    for (const [row, line] of this.#lines.entries()) context.fillText(line, 18, 16 + row * 16);
    context.fillText(`> ${this.#typed}${cursor ? "_" : ""}`, 18, 32 + this.#lines.length * 16);
    context.fillStyle = "#000000";
    context.fillText("<Tab> moves; <Space> selects; <Enter> activates buttons", 18, 385);
    return { x: 0, y: 0, width: 720, height: 400 };
  }
}

/** A desktop of 1024×768 with a clock and a pointer that follows the mouse. */
export class DesktopGuest extends DrawingGuest {
  #x = 512;
  #y = 384;
  #keys = "";

  constructor() {
    super(1024, 768, 1);
    this.say("desktop ready\r\n# ");
  }

  protected key(code: string): void {
    this.#keys = `${this.#keys} ${code}`.slice(-60);
  }

  protected override mouse(dx: number, dy: number): void {
    this.#x = Math.min(1023, Math.max(0, this.#x + dx));
    this.#y = Math.min(767, Math.max(0, this.#y + dy));
  }

  protected serialInput(text: string): void {
    this.say(text.replaceAll("\r", "\r\n# "));
  }

  protected draw(time: number) {
    const { context } = this;
    const sky = context.createLinearGradient(0, 0, 1024, 768);
    sky.addColorStop(0, "#1d4e6b");
    sky.addColorStop(1, "#0d1b2a");
    context.fillStyle = sky;
    context.fillRect(0, 0, 1024, 768);
    context.fillStyle = "#e8ecf1";
    context.fillRect(212, 164, 600, 400);
    context.fillStyle = "#2f5d8a";
    context.fillRect(212, 164, 600, 28);
    context.fillStyle = "#ffffff";
    context.font = "bold 15px sans-serif";
    context.textBaseline = "middle";
    context.fillText("Select a language", 226, 179);
    context.fillStyle = "#20252b";
    context.font = "15px sans-serif";
    [
      "Dansk",
      "Deutsch",
      "English",
      "Español",
      "Français",
      "Italiano",
      "Polski",
      "Português",
      "Svenska",
    ].forEach((name, row) => {
      if (row === 2) {
        context.fillStyle = "#cfe0f5";
        context.fillRect(230, 206 + row * 32, 564, 30);
      }
      context.fillStyle = "#20252b";
      context.fillText(name, 244, 222 + row * 32);
    });
    context.fillStyle = "#dbe3ec";
    context.font = "14px monospace";
    context.fillText(`${(time / 1000).toFixed(1)} s ${this.#keys}`, 16, 748);
    context.fillStyle = "#ffffff";
    context.beginPath();
    context.moveTo(this.#x, this.#y);
    context.lineTo(this.#x, this.#y + 18);
    context.lineTo(this.#x + 5, this.#y + 14);
    context.lineTo(this.#x + 13, this.#y + 13);
    context.fill();
    if (Math.floor(time / 400) % 3 === 0) this.blink("hda");
    return { x: 0, y: 0, width: 1024, height: 768 };
  }
}
