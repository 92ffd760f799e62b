// What a guest at work or at rest costs, seen from the window: frames a second in the browser, the longest the machine's
// process kept its event loop from its next turn, and processor time. docs/performance.md says how to use it.
//
// HOST_OPTIONS, if set, are options of Node for the machine's process (--cpu-prof).
//
//   node e2e/measure.ts fbdev|idle [SECONDS]
//   node e2e/measure.ts FLOPPY-OR-DISK-IMAGE WAIT-SECONDS [SECONDS]

import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { parseStat } from "../scripts/bench/process-use.ts";
import { makeIsolinuxIso } from "../scripts/guests/boot-media.ts";
import { PROMPT, prepareBusybox } from "../scripts/guests/busybox.ts";
import { newMachineFrom, paneOf, terminalText, typeIntoTerminal, view } from "./actions.ts";
import buildWindow from "./build-window.ts";
import { machineProcesses, RealWindow } from "./real-window.ts";

const NAME = "measured";
/** 1024×768×32 in the VBE, as Linux numbers its modes. */
const MODE = 0x344;
const FRAME_BYTES = 1024 * 768 * 4;
const SECONDS = 20;
/** The window as it was in the end, to be looked at. */
const PICTURE = join(import.meta.dirname, "../dist/screenshots/measure.png");

/**
 * In a process that loads it: every second, milliseconds of the longest turn of its event loop since the last one go
 * to a file: by the clock, which counts what other processes took of the host's cores, and by the thread's own
 * processor time. Both are for busy processes alone.
 */
const LOOP_DELAY = `
import { monitorEventLoopDelay } from "node:perf_hooks";
import { appendFileSync } from "node:fs";
const delay = monitorEventLoopDelay({ resolution: 1 });
let longest = 0;
let last = 0;
const look = () => {
  const { user, system } = process.threadCpuUsage();
  longest = Math.max(longest, (user + system - last) / 1000);
  last = user + system;
  setImmediate(look).unref();
};
if (process.env.LOOP_TURNS) {
  delay.enable();
  look();
}
setInterval(() => {
  appendFileSync(process.env.LOOP_DELAY_FILE + "." + process.pid, delay.max / 1e6 + " " + longest + "\\n");
  delay.reset();
  longest = 0;
}, 1000).unref();
`;

const loopFile = join(tmpdir(), `twinbox-loop-${process.pid}`);

/** Counts the animation frames in which something was drawn. */
const countFrames = (page: Page) =>
  page.addInitScript(() => {
    const counter = globalThis as unknown as { frames: number; pixels: number };
    counter.frames = 0;
    counter.pixels = 0;
    let drawn = false;
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function (image: ImageData, ...rest: number[]) {
      counter.pixels += image.width * image.height;
      if (!drawn) {
        drawn = true;
        counter.frames++;
        requestAnimationFrame(() => {
          drawn = false;
        });
      }
      return put.apply(this, [image, ...rest] as never);
    };
  });

const framesOf = (page: Page) =>
  page.evaluate(() => {
    const { frames, pixels } = globalThis as unknown as { frames: number; pixels: number };
    return { frames, pixels };
  });

const cpuSeconds = (pid: number) => parseStat(readFileSync(`/proc/${pid}/stat`, "utf8")).processorSeconds;

async function waitForSerial(page: Page, text: string): Promise<void> {
  while (!(await terminalText(page, NAME)).includes(text)) await sleep(200);
}

/** Linux with a console on the serial port, and a frame buffer of 1024×768×32. */
async function bootLinux(window: RealWindow): Promise<void> {
  const append = `vga=${MODE} console=ttyS0 quiet`;
  const iso = await makeIsolinuxIso("measure-fbdev.iso", { ...(await prepareBusybox()), append });
  await start(window, iso);
  await view(window.page, NAME, "Screen");
  await paneOf(window.page, NAME).locator("canvas.screen").click();
  await sleep(5000);
  await window.page.keyboard.press("Enter", { delay: 50 });
  await window.page.keyboard.press("ControlRight");
  await view(window.page, NAME, "Serial");
  await waitForSerial(window.page, PROMPT);
}

async function start({ page }: RealWindow, image: string): Promise<void> {
  const name = `${NAME}${image.slice(image.lastIndexOf("."))}`;
  await newMachineFrom(page, [{ name, mimeType: "", buffer: readFileSync(image) }]);
  // A recognised system's name would be proposed.
  await page.getByRole("textbox", { name: "Name" }).fill(NAME);
  await page.getByRole("button", { name: "Create and Start" }).click();
  await paneOf(page, NAME).waitFor();
}

async function fillScreen(page: Page): Promise<void> {
  for (const line of [
    `head -c ${FRAME_BYTES} /dev/urandom > /tmp/a; head -c ${FRAME_BYTES} /dev/urandom > /tmp/b; echo ma''de`,
    "while true; do cat /tmp/a > /dev/fb0; cat /tmp/b > /dev/fb0; done",
  ])
    await typeIntoTerminal(page, NAME, line);
  await waitForSerial(page, "made");
  await page.keyboard.press("ControlRight");
  await view(page, NAME, "Screen");
}

async function measure({ page }: RealWindow, seconds: number): Promise<void> {
  const pid = machineProcesses()[0]!;
  const loop = `${loopFile}.${pid}`;
  rmSync(loop, { force: true });
  const cpu = cpuSeconds(pid);
  const serverCpu = cpuSeconds(process.pid);
  const before = await framesOf(page);
  const began = performance.now();
  await sleep(seconds * 1000);
  const after = await framesOf(page);
  const elapsed = (performance.now() - began) / 1000;
  const lines = readFileSync(loop, "utf8").trim().split("\n");
  const delays = lines.map((line) => line.split(" ").map(Number) as [number, number]);
  const frames = after.frames - before.frames;
  console.log(
    JSON.stringify({
      seconds: elapsed,
      framesPerSecond: frames / elapsed,
      megapixelsPerFrame: (after.pixels - before.pixels) / Math.max(1, frames) / 1e6,
      cpuPercent: ((cpuSeconds(pid) - cpu) / elapsed) * 100,
      serverCpuPercent: ((cpuSeconds(process.pid) - serverCpu) / elapsed) * 100,
      longestTurnMs: Math.max(...delays.map(([max]) => max)),
      longestTurnCpuMs: Math.max(...delays.map(([, cpuMs]) => cpuMs)),
    }),
  );
  rmSync(loop, { force: true });
}

async function main([what, ...numbers]: string[]): Promise<void> {
  if (what === undefined) throw new Error("measure.ts fbdev|idle|IMAGE …");
  const given = process.env.HOST_OPTIONS ?? "";
  process.env.NODE_OPTIONS = `${given} --import data:text/javascript,${encodeURIComponent(LOOP_DELAY)}`;
  process.env.LOOP_DELAY_FILE = loopFile;
  // Both wake the process, which is to be at rest.
  if (what !== "idle") process.env.LOOP_TURNS = "1";
  await buildWindow();
  const window = await RealWindow.open();
  try {
    await countFrames(window.page);
    await window.page.reload();
    const isLinux = what === "fbdev" || what === "idle";
    if (isLinux) await bootLinux(window);
    else {
      console.log(basename(what));
      await start(window, what);
      await sleep(Number(numbers.shift() ?? 30) * 1000);
    }
    if (what === "fbdev") await fillScreen(window.page);
    await sleep(3000);
    await measure(window, Number(numbers.shift() ?? SECONDS));
  } finally {
    await window.page.screenshot({ path: PICTURE });
    await window.close();
  }
}

await main(process.argv.slice(2));
