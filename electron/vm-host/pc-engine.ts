import { TwinboxError } from "../../core/base/errors.ts";
import { Emitter } from "../../core/base/events.ts";
import type { ModuleCompiler } from "../../core/cpu/jit/module-compiler.ts";
import type { CpuChoice } from "../../core/cpu/models/catalogue.ts";
import type { Debugger } from "../../core/debug/debugger.ts";
import type { BlockDevice } from "../../core/disk/block-device.ts";
import { seededRandomBits } from "../../core/machine/seeded-random.ts";
import type {
  BootDevice,
  DriveSlot,
  JitMode,
  KernelOptions,
  PcControl,
  PcOptions,
  PcStatistics,
} from "../../core/pc-options.ts";
import type { ConsoleInput, ConsoleOutput } from "../contract/console.ts";
import type {
  AttachedMedium,
  ConsoleSession,
  Engine,
  EngineCapabilities,
  EngineEnd,
  EngineMetrics,
  Picture,
} from "../contract/engine.ts";
import { ConsoleFeed, type MachineInput } from "./console-feed.ts";
import { shrink } from "./png.ts";
import { RunLoop } from "./run-loop.ts";
import { Scrollback } from "./scrollback.ts";

/** The screen is looked at no more often. */
const FRAME_MS = 1000 / 60;
/**
 * A screen that does not change is looked at less and less often, down to this, and more often again as it does; but one
 * that changes 20 times a second or more is looked at as often as any.
 */
const LONGEST_LOOK_MS = 100;
const PATIENCE_MS = 50;
/** Where the time of day is that of no host: the beginning of 2000, UTC. */
const FIXED_EPOCH_MS = Date.UTC(2000, 0, 1);
const SCROLLBACK_BYTES = 1 << 20;
/** The light of one drive is passed on no more often. */
const ACTIVITY_MS = 100;

export interface PcEngineOptions {
  memoryMib: number;
  cpu?: CpuChoice;
  bootOrder: BootDevice[];
  media: AttachedMedium[];
  kernel?: KernelOptions;
  firmware?: Uint8Array;
  vgaRom?: Uint8Array;
  /** As in {@link PcOptions}. */
  jit?: JitMode;
  codeMemoryMib?: number;
  verify?: PcOptions["verify"];
  /** As in {@link PcOptions}, with a fixed time of day and fixed random numbers. */
  deterministic?: boolean;
  /** Wait at the first instruction until `resume`. */
  startPaused?: boolean;
}

/** A compiler that the engine starts and ends. */
interface OwnCompiler extends ModuleCompiler {
  close(): Promise<void>;
}

/** What the engine is made of; tests give their own. */
export interface PcEngineParts {
  createPc(options: PcOptions): Promise<PcControl>;
  /** A thread that compiles guest code; without it the PC does so itself. */
  createCompiler?(): OwnCompiler;
  openMedium(medium: AttachedMedium, onTrouble: (error: TwinboxError) => void): Promise<BlockDevice | null>;
  /** Output that waits for turns of the event loop has a share of the guest's time. */
  isBacklogged?(): boolean;
}

/** The emulated PC as an engine. */
export class PcEngine implements Engine {
  readonly capabilities: EngineCapabilities = {
    pause: true,
    save: true,
    acpiShutdown: true,
    serialPorts: 2,
    screen: true,
  };
  /** Bytes that COM1 or COM2 has sent, gathered over a slice. */
  readonly serial = new Emitter<{ port: number; bytes: Uint8Array }>();
  readonly #options: PcEngineOptions;
  readonly #parts: PcEngineParts;
  readonly #feeds = new Set<ConsoleFeed>();
  readonly #scrollback = new Scrollback(SCROLLBACK_BYTES);
  readonly #unsent: Uint8Array[][] = [[], []];
  readonly #ended = new Emitter<EngineEnd>();
  readonly #stopped = new Emitter<"breakpoint" | "watchpoint">();
  readonly #slices = new Emitter<void>();
  readonly #trouble = new Emitter<TwinboxError>();
  readonly #devices = new Map<DriveSlot, BlockDevice>();
  readonly #lit = new Map<DriveSlot, number>();
  #pc: PcControl | undefined;
  #compiler: OwnCompiler | undefined;
  #loop: RunLoop | undefined;
  #leds = 0;
  #frameTimer: NodeJS.Timeout | undefined;
  /** When the screen was to be looked at last, on the host's clock in milliseconds. */
  #frameAt = 0;
  /** From one look to the next, in milliseconds. */
  #lookMs = FRAME_MS;
  /** When the screen was last seen to change, or something came in that it may show. */
  #changedAt = Number.NEGATIVE_INFINITY;
  #changes = 0;
  #saving = false;

  constructor(options: PcEngineOptions, parts: PcEngineParts) {
    this.#options = options;
    this.#parts = parts;
  }

  async start(state?: Uint8Array): Promise<void> {
    if (this.#pc) throw new TwinboxError("invalid-state", "The machine is on already.");
    const { memoryMib, cpu, bootOrder, media, kernel, firmware, vgaRom, jit, codeMemoryMib, verify } =
      this.#options;
    try {
      for (const medium of media) await this.#open(medium);
      // Else what is compiled when must depend on the guest alone.
      const mayBeLate = (jit ?? "auto") === "auto" && !verify && !this.#options.deterministic;
      if (mayBeLate) this.#compiler = this.#parts.createCompiler?.();
      const pc = await this.#parts.createPc({
        memoryMib,
        bootOrder,
        drives: media.map(({ slot, kind }) => ({ slot, kind, device: this.#devices.get(slot) ?? null })),
        ...(this.#options.deterministic
          ? { deterministic: true, epochMs: FIXED_EPOCH_MS, randomBits: seededRandomBits() }
          : { epochMs: Date.now() }),
        ...(cpu && { cpu }),
        ...(kernel && { kernel }),
        ...(firmware && { firmware }),
        ...(vgaRom && { vgaRom }),
        ...(jit && { jit }),
        ...(this.#compiler && { compiler: this.#compiler }),
        ...(codeMemoryMib !== undefined && { codeMemoryMib }),
        ...(verify && { verify }),
      });
      if (state) await pc.load(state);
      this.#wire(pc);
    } catch (error) {
      await this.#closeParts();
      throw error;
    }
    if (!this.#options.startPaused) this.resume();
  }

  #wire(pc: PcControl): void {
    this.#pc = pc;
    pc.onSerial = (port, bytes) => void this.#unsent[port].push(bytes.slice());
    pc.onLeds = (leds) => {
      this.#leds = leds;
      this.#toFeeds({ type: "leds", leds });
    };
    pc.onActivity = (slot) => this.#light(slot);
    this.#loop = new RunLoop(pc, {
      onSlice: () => this.#afterSlice(),
      isBacklogged: () => this.#parts.isBacklogged?.() ?? false,
      onStop: (by) => this.#stopped.emit(by),
      onEnd: (end) => {
        this.#drawFrame();
        this.#ended.emit(end);
      },
    });
  }

  pause(): void {
    this.#loop?.pause();
  }

  resume(): void {
    this.#notWhileSaving();
    this.#loop?.resume();
  }

  reset(): void {
    this.#notWhileSaving();
    this.#on().reset();
    this.#armFrame(); // Paused, it runs no slice that would.
  }

  acpiShutdown(): void {
    this.#on().powerButton();
  }

  async stop(): Promise<void> {
    this.#loop?.pause();
    clearTimeout(this.#frameTimer);
    const pc = this.#pc;
    this.#pc = undefined;
    this.#loop = undefined;
    try {
      await pc?.close();
    } finally {
      await this.#closeParts();
    }
  }

  async changeMedium(medium: AttachedMedium): Promise<void> {
    this.#notWhileSaving();
    const pc = this.#on();
    const old = this.#devices.get(medium.slot);
    const device = medium.path === null ? null : await this.#open(medium);
    pc.changeMedium(medium.slot, device);
    if (medium.path === null) this.#devices.delete(medium.slot);
    await old?.close();
  }

  attachConsole(send: (output: ConsoleOutput) => void): ConsoleSession {
    const feed = new ConsoleFeed(send);
    this.#feeds.add(feed);
    return {
      input: (input) => this.#input(feed, input),
      detach: () => void this.#feeds.delete(feed),
    };
  }

  /** Input that comes from no window (the command line's). */
  input(input: MachineInput): void {
    const pc = this.#pc;
    if (!pc) return;
    if (input.type === "key") pc.key(input.code, input.down);
    else if (input.type === "mouse") pc.mouse(input.dx, input.dy, input.wheel, input.buttons);
    else pc.serialInput(input.port, input.bytes);
  }

  /** The machine's debugger, to be used while it is paused. */
  get debugger(): Debugger {
    return this.#on().debugger;
  }

  get running(): boolean {
    return this.#loop?.running ?? false;
  }

  /** One instruction, or the delivery of an interrupt, while paused. True: an exception or interrupt was delivered. */
  step(interrupts: boolean): boolean {
    this.#notWhileSaving();
    const delivered = this.debugger.step(interrupts);
    this.#afterSlice();
    return delivered;
  }

  /** The debugger has stopped the machine. */
  onStop(listener: (by: "breakpoint" | "watchpoint") => void): void {
    this.#stopped.on(listener);
  }

  metrics(): EngineMetrics {
    return {
      cpuLoad: this.#loop?.load() ?? 0,
      instructions: this.#pc?.statistics().instructions ?? 0,
      memory: process.memoryUsage.rss(),
    };
  }

  /** Of the PC itself, with the host milliseconds spent running guest code. */
  statistics(): PcStatistics & { busyMs: number } {
    return { ...this.#on().statistics(), busyMs: this.#loop?.busyMs ?? 0 };
  }

  /** Of the whole machine, while it is paused; see {@link PcControl.checksum}. */
  checksum(): Promise<string> {
    return this.#on().checksum();
  }

  /** Calls back after every slice, with what it has sent passed on; returns what ends that. */
  onSlice(listener: () => void): () => void {
    return this.#slices.on(listener);
  }

  /** The text screen's rows; null in a graphics mode. */
  screenText(): string[] | null {
    return this.#pc?.screen.text() ?? null;
  }

  screenChanges(): number {
    this.#refreshScreen();
    return this.#changes;
  }

  screenshot(): Picture | null {
    const shown = this.#shown();
    return shown && { ...shown, pixels: shown.pixels.slice() };
  }

  thumbnail(maxWidth: number, maxHeight: number): Picture | null {
    const shown = this.#shown();
    return shown && shrink(shown, maxWidth, maxHeight);
  }

  serialHistory(): Uint8Array {
    this.#flushSerial();
    return this.#scrollback.contents();
  }

  async save(): Promise<Uint8Array> {
    if (this.#loop?.running)
      throw new TwinboxError("invalid-state", "A machine is saved while it is paused.", {
        advice: "Pause it first.",
      });
    this.#notWhileSaving();
    this.#saving = true;
    try {
      return await this.#on().save();
    } finally {
      this.#saving = false;
    }
  }

  onEnd(listener: (end: EngineEnd) => void): void {
    this.#ended.on(listener);
  }

  onTrouble(listener: (error: TwinboxError) => void): void {
    this.#trouble.on(listener);
  }

  /** The state goes into its file in steps, and must not change meanwhile. */
  #notWhileSaving(): void {
    if (!this.#saving) return;
    throw new TwinboxError("busy", "The machine is being saved.", { advice: "Wait until it is done." });
  }

  #on(): PcControl {
    if (!this.#pc) throw new TwinboxError("invalid-state", "The machine is off.");
    return this.#pc;
  }

  async #open(medium: AttachedMedium): Promise<BlockDevice | null> {
    const device = await this.#parts.openMedium(medium, (error) => this.#trouble.emit(error));
    if (device) this.#devices.set(medium.slot, device);
    return device;
  }

  async #closeParts(): Promise<void> {
    const devices = [...this.#devices.values()];
    this.#devices.clear();
    const compiler = this.#compiler;
    this.#compiler = undefined;
    await Promise.all([compiler?.close(), ...devices.map((device) => device.close())]);
  }

  #input(feed: ConsoleFeed, input: ConsoleInput): void {
    if (input.type === "acknowledge") feed.acknowledge(input.sequence);
    else if (input.type === "refresh") {
      feed.restart(this.serialHistory());
      feed.send({ type: "leds", leds: this.#leds });
    } else this.input(input);
    if (input.type !== "acknowledge") this.#expectChange();
    this.#armFrame();
  }

  /** What comes in shows on the screen at once, as a rule; a new window waits for its first frame. */
  #expectChange(): void {
    this.#changedAt = performance.now();
    if (this.#lookMs === FRAME_MS) return;
    this.#lookMs = FRAME_MS;
    this.#disarmFrame();
  }

  #toFeeds(output: ConsoleOutput): void {
    for (const feed of this.#feeds) feed.send(output);
  }

  #light(slot: DriveSlot): void {
    const now = performance.now();
    if (now - (this.#lit.get(slot) ?? Number.NEGATIVE_INFINITY) < ACTIVITY_MS) return;
    this.#lit.set(slot, now);
    this.#toFeeds({ type: "activity", slot });
  }

  #afterSlice(): void {
    this.#flushSerial();
    this.#slices.emit();
    this.#armFrame();
  }

  #flushSerial(): void {
    for (const [port, chunks] of this.#unsent.entries()) {
      if (chunks.length === 0) continue;
      const bytes = chunks.length === 1 ? chunks[0] : new Uint8Array(Buffer.concat(chunks));
      this.#unsent[port] = [];
      if (port === 0) this.#scrollback.push(bytes);
      this.serial.emit({ port, bytes });
      this.#toFeeds({ type: "serial", port, bytes });
    }
  }

  /**
   * Draws at the next tick of 60 Hz, later while nothing changes, if any window could take a frame. A screen that seldom
   * changes is drawn at once if it is nearly time: the guest has just run, and the process is not woken again for it.
   */
  #armFrame(): void {
    if (!this.#pc || ![...this.#feeds].some((feed) => feed.ready)) return;
    const now = performance.now();
    const due = Math.max(this.#frameAt + this.#lookMs, now);
    if (due - now < (this.#lookMs - FRAME_MS) / 2) {
      this.#disarmFrame();
      this.#frameAt = now;
      this.#drawFrame();
      return;
    }
    this.#frameTimer ??= setTimeout(() => {
      this.#frameTimer = undefined;
      // A slice delays it: what is late does not make the next ones later.
      this.#frameAt = Math.max(due, performance.now() - FRAME_MS / 2);
      this.#drawFrame();
    }, due - now);
  }

  #disarmFrame(): void {
    clearTimeout(this.#frameTimer);
    this.#frameTimer = undefined;
  }

  #drawFrame(): void {
    const before = this.#changes;
    const screen = this.#refreshScreen();
    const now = performance.now();
    if (this.#changes !== before) {
      this.#changedAt = now;
      this.#lookMs = Math.max(FRAME_MS, this.#lookMs / 2);
    } else if (now - this.#changedAt > PATIENCE_MS) {
      this.#lookMs = Math.min(LONGEST_LOOK_MS, this.#lookMs * 2);
    }
    if (screen) for (const feed of this.#feeds) feed.flush(screen);
  }

  /** What the screen shows, as long as nothing draws. */
  #shown(): Picture | null {
    const screen = this.#refreshScreen();
    if (!screen || screen.width === 0 || screen.height === 0) return null;
    const { width, height, pixels } = screen;
    return { width, height, pixels };
  }

  #refreshScreen() {
    const screen = this.#pc?.screen;
    if (!screen) return undefined;
    const rectangles = screen.refresh();
    if (rectangles.length > 0) this.#changes++;
    for (const feed of this.#feeds) feed.changed(screen, rectangles);
    return screen;
  }
}
