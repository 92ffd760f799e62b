import { readFile, writeFile } from "node:fs/promises";
import { TwinboxError } from "../../core/base/errors.ts";
import { FileBytes } from "../platform/file-bytes.ts";
import { fileError } from "../platform/file-errors.ts";
import { PcEngine, type PcEngineOptions, type PcEngineParts } from "../vm-host/pc-engine.ts";
import { hostPacing, machinePacing, type Pacing } from "./pacing.ts";
import { StepPlayer, saveScreenshot } from "./play-steps.ts";
import type { RunOptions } from "./run-options.ts";
import { joinFile, joinStdio } from "./serial-terminal.ts";
import { type NumberedStep, parseSteps } from "./steps.ts";
import { onScreen, TextDetector } from "./text-watch.ts";

export const TIMED_OUT = 124;
/** The shell's status of a program that was interrupted. */
const INTERRUPTED = 130;
const SCREEN_MS = 50;

async function readWhole(path: string, doing: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError(error, doing, path);
  }
}

/** Files that are read where they are asked for. */
interface OpenFiles {
  kernel?: FileBytes | undefined;
  initrd?: FileBytes | undefined;
}

async function engineOptions(options: RunOptions, { kernel, initrd }: OpenFiles): Promise<PcEngineOptions> {
  const { jit, codeMemoryMib, verify, deterministic } = options;
  const { memoryMib, cpu, media, bootOrder, append: commandLine, firmware, vgaRom } = options;
  return {
    memoryMib,
    media,
    bootOrder,
    jit,
    deterministic,
    // What comes in from the start on is to be ready when the machine starts.
    startPaused: true,
    ...(codeMemoryMib !== undefined && { codeMemoryMib }),
    ...(verify && { verify }),
    ...(cpu && { cpu }),
    ...(kernel && { kernel: { image: kernel, commandLine, ...(initrd && { initrd }) } }),
    ...(firmware !== undefined && { firmware: await readWhole(firmware, "read the firmware") }),
    ...(vgaRom !== undefined && { vgaRom: await readWhole(vgaRom, "read the VGA ROM") }),
  };
}

/**
 * Runs one machine in this process until one of the ends its options name. Resolves with the exit status.
 *
 * @throws TwinboxError one clear line about what was wrong; every medium is closed then.
 */
export async function run(options: RunOptions, parts: PcEngineParts): Promise<number> {
  const steps =
    options.steps === undefined
      ? []
      : parseSteps(new TextDecoder().decode(await readWhole(options.steps, "read the steps")), options.steps);
  const state =
    options.load === undefined ? undefined : await readWhole(options.load, "load the machine from");
  const files: OpenFiles = {};
  try {
    if (options.kernel !== undefined) files.kernel = new FileBytes(options.kernel, "read the kernel");
    if (options.initrd !== undefined)
      files.initrd = new FileBytes(options.initrd, "read the initial RAM disk");
    return await runEngine(new PcEngine(await engineOptions(options, files), parts), options, steps, state);
  } finally {
    files.kernel?.close();
    files.initrd?.close();
  }
}

async function runEngine(
  engine: PcEngine,
  options: RunOptions,
  steps: NumberedStep[],
  state: Uint8Array | undefined,
): Promise<number> {
  const over = Promise.withResolvers<number>();
  over.promise.catch(() => {}); // Awaited below, once the machine has been started.
  const ending = new AbortController();
  const pacing = options.deterministic ? machinePacing(engine, ending.signal) : hostPacing;
  const cleanups: (() => unknown)[] = [];
  let poweredOff = false;
  engine.onEnd((end) => {
    if (end.reason === "power-off") {
      poweredOff = true;
      over.resolve(0);
    } else over.reject(new TwinboxError("internal", `The machine has failed: ${end.message}.`));
  });
  engine.onTrouble((error) => process.stderr.write(`twinbox: ${error.message}\n`));

  const began = performance.now();
  try {
    cleanups.push(onInterrupt(() => over.resolve(INTERRUPTED)));
    if (options.serial === "stdio") cleanups.push(joinStdio(engine, () => over.resolve(INTERRUPTED)));
    else if (options.serial !== "none") cleanups.push(await joinFile(engine, options.serial, over.reject));
    const player = new StepPlayer(engine, ending.signal, pacing);
    await engine.start(state);
    if (options.until !== undefined)
      cleanups.push(watchFor(options.until, engine, pacing, () => over.resolve(0)));
    if (options.gdb) cleanups.push(await serveGdb(options.gdb, engine, () => over.resolve(0)));
    const startSeconds = process.uptime();
    if (options.timeoutSeconds !== undefined) {
      const timer = setTimeout(() => over.resolve(TIMED_OUT), options.timeoutSeconds * 1000);
      cleanups.push(() => clearTimeout(timer));
    }
    const played = player
      .play(steps, () => {})
      .then((unfinished) => {
        if (options.steps !== undefined && options.until === undefined && !unfinished) over.resolve(0);
        return unfinished;
      });
    played.catch(over.reject);
    if (!options.gdb) engine.resume();
    const status = await over.promise;
    ending.abort();
    engine.pause();
    const unfinished = await played;
    if (unfinished)
      process.stderr.write(
        `twinbox: ended at ${options.steps} line ${unfinished.line}: ${unfinished.source}\n`,
      );
    if (options.screenshot !== undefined) await saveScreenshot(engine, options.screenshot);
    if (options.save !== undefined && !poweredOff) await saveMachine(engine, options.save);
    if (options.stats) {
      const seconds = (performance.now() - began) / 1000;
      const checksum = options.deterministic ? await engine.checksum() : undefined;
      printStatistics(engine, seconds, startSeconds, checksum);
    }
    return status;
  } finally {
    ending.abort();
    try {
      await engine.stop();
    } finally {
      for (const cleanup of cleanups) await cleanup();
    }
  }
}

async function serveGdb(
  { port, architecture }: NonNullable<RunOptions["gdb"]>,
  engine: PcEngine,
  kill: () => void,
): Promise<() => void> {
  const { GdbServer } = await import("../vm-host/gdb/server.ts");
  const server = new GdbServer(
    {
      get debugger() {
        return engine.debugger;
      },
      get running() {
        return engine.running;
      },
      pause: () => engine.pause(),
      resume: () => engine.resume(),
      step: (interrupts) => engine.step(interrupts),
      reset: () => engine.reset(),
      kill,
    },
    architecture,
  );
  engine.onStop((by) => server.stopped(by));
  engine.onEnd(() => server.ended());
  const listening = await server.listen(port);
  process.stderr.write(`twinbox: waiting for GDB: target remote 127.0.0.1:${listening}\n`);
  return () => server.close();
}

/** Calls back once `text` has been seen on COM1 or on the text screen. */
function watchFor(text: string, engine: PcEngine, pacing: Pacing, onSeen: () => void): () => void {
  const detector = new TextDetector(text);
  const stop = engine.serial.on(({ port, bytes }) => {
    if (port === 0 && detector.push(bytes)) onSeen();
  });
  let cancel = () => {};
  const look = () => {
    if (onScreen(engine.screenText(), text)) onSeen();
    cancel = pacing.after(SCREEN_MS, look);
  };
  look();
  return () => {
    stop();
    cancel();
  };
}

function onInterrupt(listener: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, listener);
  process.stdout.on("error", listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

async function saveMachine(engine: PcEngine, path: string): Promise<void> {
  const state = await engine.save();
  try {
    await writeFile(path, state);
  } catch (error) {
    throw fileError(error, "save the machine to", path);
  }
}

function printStatistics(
  engine: PcEngine,
  seconds: number,
  startSeconds: number,
  stateChecksum: string | undefined,
): void {
  const { instructions, guestMemory, totalMemory, busyMs, timeNs, compiler } = engine.statistics();
  const statistics = {
    instructions,
    /** The machine's own time since power-on. */
    machineSeconds: timeNs / 1e9,
    /** Host seconds from the opening of the media to the end. */
    seconds,
    /** Host seconds in guest code. */
    busySeconds: busyMs / 1000,
    /** Guest instructions a microsecond of those. */
    mips: busyMs > 0 ? instructions / busyMs / 1000 : 0,
    /** From the start of this process to the first guest instruction. */
    startSeconds,
    memoryBytes: process.memoryUsage.rss(),
    guestMemoryBytes: guestMemory,
    wasmMemoryBytes: totalMemory,
    compiler,
    ...(stateChecksum !== undefined && { stateChecksum }),
  };
  process.stderr.write(`${JSON.stringify(statistics)}\n`);
}
