import { TwinboxError } from "../../core/base/errors.ts";
import { Emitter } from "../../core/base/events.ts";
import type { AttachedMedium } from "../contract/engine.ts";
import { BEAT_MS, type HostEvent, type HostService, hostEventSchema, hostSchema } from "../contract/host.ts";
import type { MachineState, MachineSummary, ProblemReport } from "../contract/manager.ts";
import { fromProblem, problem, toProblem } from "../contract/problem.ts";
import { rpcClient } from "../contract/rpc.ts";
import type { DriveSettings, MachineSettings } from "../contract/settings.ts";
import type { MachineFolder } from "./machine-folder.ts";
import { MachineLog } from "./machine-log.ts";
import type { HostProcess, HostStarter } from "./starter.ts";

/** A process that misses so many beats in a row hangs. */
const MISSED_BEATS = 10;
/** Milliseconds that a process has for its last writes at power-off. */
const STOP_MS = 5000;

/** A machine that is on: its process and what is known of it. */
interface Run<ConsoleEnd> {
  process: HostProcess<ConsoleEnd>;
  service: HostService;
  exited: Promise<void>;
  missedBeats: number;
  watchdog: NodeJS.Timeout;
  /** Its end was asked for, so that it is no crash. */
  ending: boolean;
  /** Why it is being killed, where it is. */
  verdict: ProblemReport | null;
}

/** Finds the image of a drive. @throws TwinboxError not-found. */
export type MediumResolver = (drive: DriveSettings) => AttachedMedium;

const OFF: readonly MachineState[] = ["powered-off", "saved", "aborted"];

/** One machine's life. Its commands are carried out one after the other; its trouble stays its own. */
export class Machine<ConsoleEnd> {
  readonly changed = new Emitter<void>();
  readonly folder: MachineFolder;
  readonly #starter: HostStarter<ConsoleEnd>;
  readonly #resolve: MediumResolver;
  readonly #log: MachineLog;
  #settings: MachineSettings;
  /** The settings cannot be read: the machine can only be removed. */
  readonly #damaged: boolean;
  #state: MachineState = "powered-off";
  #problem: ProblemReport | null;
  #cpuLoad: number | null = null;
  #thumbnail: string | null = null;
  #run: Run<ConsoleEnd> | null = null;
  /** What COM1 had sent by the last power-off of this session. */
  #pastSerial: Uint8Array = new Uint8Array();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    folder: MachineFolder,
    loaded: { settings: MachineSettings; problem: ProblemReport | null; damaged: boolean },
    parts: { starter: HostStarter<ConsoleEnd>; resolve: MediumResolver },
  ) {
    this.folder = folder;
    this.#settings = loaded.settings;
    this.#problem = loaded.problem;
    this.#damaged = loaded.damaged;
    this.#starter = parts.starter;
    this.#resolve = parts.resolve;
    this.#log = new MachineLog(folder.logs);
  }

  get settings(): MachineSettings {
    return this.#settings;
  }

  get isOff(): boolean {
    return OFF.includes(this.#state);
  }

  summary(): MachineSummary {
    return {
      settings: this.#settings,
      state: this.#state,
      problem: this.#problem,
      cpuLoad: this.#cpuLoad,
      thumbnail: this.#thumbnail,
    };
  }

  /** @throws TwinboxError invalid-state, or of an image; the problem stays on the machine as well. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.isOff) throw this.#wrongState("started");
      if (this.#damaged && this.#problem) throw fromProblem(this.#problem);
      this.#log.rotate();
      this.#pastSerial = new Uint8Array();
      this.#setState("starting");
      try {
        const media = this.#settings.drives.map(this.#resolve);
        const { engine, memoryMib, cpu, codeMemoryMib, bootOrder } = this.#settings;
        this.#run = this.#launch();
        await this.#run.service.start({
          engine,
          memoryMib,
          bootOrder,
          media,
          ...(cpu && { cpu }),
          ...(codeMemoryMib !== undefined && { codeMemoryMib }),
        });
        this.#setState("running");
      } catch (error) {
        await this.#abandonStart(error);
        throw this.#problem ? fromProblem(this.#problem) : error;
      }
    });
  }

  pause(): Promise<void> {
    return this.#command("paused", ["running"], async ({ service }) => {
      await service.pause();
      this.#cpuLoad = 0;
      this.#setState("paused");
    });
  }

  resume(): Promise<void> {
    return this.#command("resumed", ["paused"], async ({ service }) => {
      await service.resume();
      this.#setState("running");
    });
  }

  reset(): Promise<void> {
    return this.#command("reset", ["running", "paused"], ({ service }) => service.reset());
  }

  shutdown(): Promise<void> {
    return this.#command("shut down", ["running"], ({ service }) => service.acpiShutdown());
  }

  powerOff(): Promise<void> {
    return this.#command("powered off", ["running", "paused", "guru-meditation"], (run) => this.#stop(run));
  }

  /** Of the machine as it runs, or as it ran last. */
  async serialHistory(): Promise<Uint8Array> {
    return this.#run ? this.#run.service.serialHistory() : this.#pastSerial;
  }

  screenshot(): Promise<Uint8Array> {
    return this.#ask(({ service }) => service.screenshot());
  }

  /** Puts a medium into a drive; at once where the machine is on. */
  changeMedium(settings: MachineSettings, drive: DriveSettings): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#run) await this.#run.service.changeMedium(this.#resolve(drive));
      await this.#save(settings);
    });
  }

  update(settings: MachineSettings): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.isOff) throw this.#wrongState("changed");
      await this.#save(settings);
    });
  }

  /** Makes sure that nothing runs any more, then calls `action`. */
  whenOff(done: string, action: () => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.isOff) throw this.#wrongState(done);
      await action();
    });
  }

  /** @throws TwinboxError invalid-state when the machine is off. */
  connectConsole(end: ConsoleEnd): void {
    this.#on("watched").process.connectConsole(end);
  }

  async #save(settings: MachineSettings): Promise<void> {
    await this.folder.save(settings);
    this.#settings = settings;
    this.changed.emit();
  }

  #launch(): Run<ConsoleEnd> {
    const process = this.#starter.start(this.#settings.name);
    const client = rpcClient<HostService, HostEvent>(process.control, hostSchema, hostEventSchema);
    const exited = Promise.withResolvers<void>();
    const run: Run<ConsoleEnd> = {
      process,
      service: client.service,
      exited: exited.promise,
      missedBeats: 0,
      watchdog: setInterval(() => this.#watch(run), BEAT_MS),
      ending: false,
      verdict: null,
    };
    client.events.on((event) => this.#hear(run, event));
    process.onOutput((text) => this.#log.write(text));
    process.onExit((how) => {
      this.#log.write(`process ended: ${how}`);
      this.#over(run, how);
      exited.resolve();
    });
    return run;
  }

  /** Ticks are counted rather than time taken, so that a host that was suspended accuses nobody. */
  #watch(run: Run<ConsoleEnd>): void {
    if (++run.missedBeats < MISSED_BEATS) return;
    run.verdict = problem(
      "internal",
      `The machine's process has not answered for ${(MISSED_BEATS * BEAT_MS) / 1000} seconds and was ended.`,
      "Start the machine again; its log says more.",
    );
    run.ending = false;
    run.process.kill();
  }

  #hear(run: Run<ConsoleEnd>, event: HostEvent): void {
    if (run !== this.#run) return;
    if (event.type === "beat") {
      run.missedBeats = 0;
      const cpuLoad = this.#state === "running" ? event.cpuLoad : this.#cpuLoad;
      if (cpuLoad === this.#cpuLoad && event.thumbnail === null) return;
      this.#cpuLoad = cpuLoad;
      this.#thumbnail = event.thumbnail ?? this.#thumbnail;
      this.changed.emit();
    } else if (event.type === "trouble") {
      this.#log.write(event.problem.message);
      this.#problem = event.problem;
      this.changed.emit();
    } else if (event.end.reason === "fault") {
      this.#setState(
        "guru-meditation",
        problem(
          "internal",
          `The virtual hardware has failed: ${event.end.message}`,
          "Power the machine off.",
        ),
      );
    } else {
      this.#inTurn(async () => {
        if (run === this.#run) await this.#stop(run);
      }).catch((error) => this.#log.write(String(error)));
    }
  }

  /** Lets the process finish its writes, or ends it. */
  async #stop(run: Run<ConsoleEnd>): Promise<void> {
    this.#setState("stopping");
    run.ending = true;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new TwinboxError("io", "The machine did not finish its last writes in time.")),
      STOP_MS,
    );
    const finish = async () => {
      this.#pastSerial = await run.service.serialHistory();
      await run.service.stop();
      await run.exited;
    };
    try {
      await Promise.race([finish(), late.promise]);
    } catch (error) {
      run.verdict ??= toProblem(error);
      run.process.kill();
      await run.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  async #abandonStart(error: unknown): Promise<void> {
    const run = this.#run;
    if (run) {
      run.ending = true;
      run.verdict ??= toProblem(error);
      run.process.kill();
      await run.exited;
    } else if (this.#state === "starting") this.#setState("powered-off", toProblem(error));
  }

  #over(run: Run<ConsoleEnd>, how: string): void {
    clearInterval(run.watchdog);
    if (run !== this.#run) return;
    this.#run = null;
    this.#cpuLoad = null;
    if (run.ending) this.#setState("powered-off", run.verdict);
    else
      this.#setState(
        "aborted",
        run.verdict ??
          problem(
            "internal",
            `The machine's process has ended unexpectedly (${how}).`,
            "Start the machine again; its log says more.",
          ),
      );
  }

  #setState(state: MachineState, reason: ProblemReport | null = null): void {
    this.#state = state;
    this.#problem = reason;
    this.#log.write(reason ? `${state}: ${reason.message}` : state);
    this.changed.emit();
  }

  #command(
    done: string,
    from: readonly MachineState[],
    action: (run: Run<ConsoleEnd>) => Promise<void>,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const run = this.#on(done);
      if (!from.includes(this.#state)) throw this.#wrongState(done);
      await action(run);
    });
  }

  async #ask<T>(question: (run: Run<ConsoleEnd>) => Promise<T>): Promise<T> {
    return question(this.#on("looked at"));
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => {});
    return result;
  }

  #on(done: string): Run<ConsoleEnd> {
    if (!this.#run) throw this.#wrongState(done);
    return this.#run;
  }

  #wrongState(done: string): TwinboxError {
    const { name } = this.#settings;
    return new TwinboxError("invalid-state", `${name} cannot be ${done} while it is ${WORDS[this.#state]}.`, {
      subject: name,
    });
  }
}

const WORDS: Readonly<Record<MachineState, string>> = {
  "powered-off": "powered off",
  starting: "starting",
  running: "running",
  paused: "paused",
  stopping: "stopping",
  saved: "saved",
  aborted: "aborted",
  "guru-meditation": "in guru meditation",
};
