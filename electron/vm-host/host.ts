import { TwinboxError } from "../../core/base/errors.ts";
import type { ByteChannel } from "../contract/byte-channel.ts";
import type { ConsoleInput } from "../contract/console.ts";
import { ConsoleEncoder, decodeConsoleInput } from "../contract/console-codec.ts";
import type { AttachedMedium, ConsoleSession, Engine } from "../contract/engine.ts";
import { BEAT_MS, type HostEvent, type HostMachine, type HostService, hostSchema } from "../contract/host.ts";
import { toProblem } from "../contract/problem.ts";
import { serveRpc } from "../contract/rpc.ts";
import type { Parent } from "./parent.ts";
import { encodePng } from "./png.ts";

/** Makes the engine that a machine's settings name. `isBacklogged` tells that output waits for the event loop. */
export type EngineFactory = (machine: HostMachine, isBacklogged: () => boolean) => Engine;

const THUMBNAIL = { width: 160, height: 120 };

/** The service of a machine's own process. */
class Host implements HostService {
  readonly #createEngine: (machine: HostMachine) => Engine;
  readonly #emit: (event: HostEvent) => void;
  readonly #channels = new Map<ByteChannel, { session: ConsoleSession; encoder: ConsoleEncoder }>();
  /** Windows that have come before the machine was on, and whether they have asked for a whole frame. */
  readonly #early = new Map<ByteChannel, boolean>();
  #engine: Engine | undefined;
  #thumbnail: string | null = null;
  /** Not told yet. */
  #freshThumbnail: string | null = null;
  /** The screen's changes as of the last thumbnail. */
  #thumbnailChanges = -1;

  constructor(createEngine: (machine: HostMachine) => Engine, emit: (event: HostEvent) => void) {
    this.#createEngine = createEngine;
    this.#emit = emit;
  }

  async start(machine: HostMachine): Promise<void> {
    if (this.#engine) throw new TwinboxError("invalid-state", "The machine is on already.");
    const engine = this.#createEngine(machine);
    engine.onEnd((end) => this.#emit({ type: "end", end }));
    engine.onTrouble((error) => this.#emit({ type: "trouble", problem: toProblem(error) }));
    await engine.start();
    this.#engine = engine;
    for (const [channel, refresh] of this.#early) {
      this.#attach(channel, engine);
      if (refresh) this.#input(channel, { type: "refresh" });
    }
    this.#early.clear();
  }

  async pause(): Promise<void> {
    this.#on().pause();
  }

  async resume(): Promise<void> {
    this.#on().resume();
  }

  async reset(): Promise<void> {
    this.#on().reset();
  }

  async acpiShutdown(): Promise<void> {
    this.#on().acpiShutdown();
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
    this.#engine = undefined;
    // After the answer has left: nothing is to be done any more.
    setTimeout(() => process.exit(0), 50);
  }

  async changeMedium(medium: AttachedMedium): Promise<void> {
    await this.#on().changeMedium(medium);
  }

  async serialHistory(): Promise<Uint8Array> {
    return this.#on().serialHistory();
  }

  async screenshot(): Promise<Uint8Array> {
    const picture = this.#on().screenshot();
    if (!picture) throw new TwinboxError("invalid-state", "The machine has not shown anything yet.");
    return encodePng(picture);
  }

  /** A window looks on; it may do so before the machine is on. */
  join(channel: ByteChannel): void {
    if (this.#engine) this.#attach(channel, this.#engine);
    else this.#early.set(channel, false);
    channel.onMessage((bytes) => {
      const input = decodeConsoleInput(bytes);
      if (!input) return;
      if (input.type === "refresh" && this.#early.has(channel)) this.#early.set(channel, true);
      this.#input(channel, input);
    });
    channel.onClose(() => {
      this.#channels.get(channel)?.session.detach();
      this.#channels.delete(channel);
      this.#early.delete(channel);
    });
  }

  beat(): void {
    void this.#makeThumbnail();
    this.#emit({
      type: "beat",
      cpuLoad: this.#engine?.metrics().cpuLoad ?? 0,
      thumbnail: this.#freshThumbnail,
    });
    this.#freshThumbnail = null;
  }

  #attach(channel: ByteChannel, engine: Engine): void {
    const encoder = new ConsoleEncoder();
    const session = engine.attachConsole((output) => channel.send(encoder.encode(output)));
    this.#channels.set(channel, { session, encoder });
  }

  #input(channel: ByteChannel, input: ConsoleInput): void {
    const known = this.#channels.get(channel);
    if (input.type === "refresh") known?.encoder.restart();
    known?.session.input(input);
  }

  /** For the next beat, where the screen has changed. */
  async #makeThumbnail(): Promise<void> {
    const changes = this.#engine?.screenChanges();
    if (changes === undefined || changes === this.#thumbnailChanges) return;
    this.#thumbnailChanges = changes;
    const picture = this.#engine?.thumbnail(THUMBNAIL.width, THUMBNAIL.height);
    if (!picture) return;
    const png = await encodePng(picture);
    const thumbnail = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
    if (thumbnail === this.#thumbnail) return;
    this.#thumbnail = thumbnail;
    this.#freshThumbnail = thumbnail;
  }

  #on(): Engine {
    if (!this.#engine) throw new TwinboxError("invalid-state", "The machine is off.");
    return this.#engine;
  }
}

/** Serves one machine to the manager, until the manager or the machine ends. */
export function serveHost(parent: Parent, createEngine: EngineFactory): void {
  const host = new Host(
    (machine) => createEngine(machine, parent.isBacklogged),
    (event) => emit(event),
  );
  const emit = serveRpc<HostService>(parent.control, hostSchema, host, (error) => console.error(error));
  parent.onConsole((channel) => host.join(channel));
  parent.control.onClose(() => void host.stop());
  setInterval(() => host.beat(), BEAT_MS);
  host.beat();
}
