// What a guest at work or at rest costs, seen from the window: frames a second in the browser, the longest the machine's
// process kept its event loop from its next turn, and processor time. docs/performance.md says how to use it.
//
// HOST_OPTIONS, if set, are options of Node for the machine's process (--cpu-prof).
//
//   node e2e/measure.ts fbdev|idle [SECONDS]
//   node e2e/measure.ts [idle] FLOPPY-OR-DISK-IMAGE WAIT-SECONDS [SECONDS]

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import type { MachineSummary } from "../electron/contract/manager.ts";
import { parseStat } from "../scripts/bench/process-use.ts";
import { makeIsolinuxIso } from "../scripts/guests/boot-media.ts";
import { PROMPT, prepareBusybox } from "../scripts/guests/busybox.ts";
import { newMachineFrom, paneOf, terminalText, typeIntoTerminal, view } from "./actions.ts";
import { LoneBrowser } from "./browser.ts";
import buildWindow from "./build-window.ts";
import { machineProcesses, RealWindow } from "./real-window.ts";

const NAME = "measured";
/** 1024×768×32 in the VBE, as Linux numbers its modes. */
const MODE = 0x344;
const FRAME_BYTES = 1024 * 768 * 4;
const SECONDS = 20;
/** Until what is to be measured has begun. */
const SETTLE_SECONDS = 3;
/** V8 ends its own work in a process at rest. */
const REST_SECONDS = 60;
const IMAGE_SECONDS = 30;
/** The window as it was in the end, to be looked at. */
const PICTURE = join(import.meta.dirname, "../dist/screenshots/measure.png");

/**
 * In a process that loads it: every second, milliseconds of the longest turn of its main thread's event loop since the last one go
 * to a file: by the clock, which counts what other processes took of the host's cores, and by the thread's own
 * processor time. Both are for busy processes alone.
 */
const LOOP_DELAY = `
import { monitorEventLoopDelay } from "node:perf_hooks";
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
const delay = monitorEventLoopDelay({ resolution: 1 });
let longest = 0;
let last = 0;
const look = () => {
  // The thread's own time would be that of the kernel's last tick.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  longest = Math.max(longest, (user + system - last) / 1000);
  last = user + system;
  setImmediate(look).unref();
};
const tell = () => {
  appendFileSync(process.env.LOOP_DELAY_FILE + "." + process.pid, delay.max / 1e6 + " " + longest + "\\n");
  delay.reset();
  longest = 0;
};
if (isMainThread) {
  if (process.env.LOOP_TURNS) {
    delay.enable();
    look();
  }
  setInterval(tell, 1000).unref();
}
`;

const loopFile = join(tmpdir(), `twinbox-loop-${process.pid}`);

/** What was drawn in an animation frame, and when, in milliseconds since 1970. */
interface Drawn {
  at: number;
  pixels: number;
}

/** Has the page note the animation frames in which something is drawn. */
const noteFrames = (page: Page) =>
  page.addInitScript(() => {
    const frames: Drawn[] = [];
    Object.assign(globalThis, { frames });
    let drawing: Drawn | undefined;
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function (image: ImageData, ...rest: number[]) {
      if (!drawing) {
        drawing = { at: performance.timeOrigin + performance.now(), pixels: 0 };
        frames.push(drawing);
        requestAnimationFrame(() => {
          drawing = undefined;
        });
      }
      drawing.pixels += image.width * image.height;
      return put.apply(this, [image, ...rest] as never);
    };
  });

const framesOf = (page: Page): Promise<Drawn[]> =>
  page.evaluate(() => (globalThis as unknown as { frames: Drawn[] }).frames);

const cpuSeconds = (pid: number) => parseStat(readFileSync(`/proc/${pid}/stat`, "utf8")).processorSeconds;

async function waitForSerial(page: Page, text: string): Promise<void> {
  while (!(await terminalText(page, NAME)).includes(text)) await sleep(200);
}

/** Milliseconds of the longest turns since they were forgotten. */
function longestTurns(pid: number) {
  const lines = readFileSync(`${loopFile}.${pid}`, "utf8").trim().split("\n");
  const turns = lines.map((line) => line.split(" ").map(Number) as [number, number]);
  return {
    longestTurnMs: Math.max(...turns.map(([max]) => max)),
    longestTurnCpuMs: Math.max(...turns.map(([, cpuMs]) => cpuMs)),
  };
}

const forgetTurns = (pid: number): void => rmSync(`${loopFile}.${pid}`, { force: true });

/** Linux with a console on the serial port, and a frame buffer of 1024×768×32; tells the longest turn since its loader began. */
async function bootLinux(window: RealWindow): Promise<void> {
  const append = `vga=${MODE} console=ttyS0 quiet`;
  const iso = await makeIsolinuxIso("measure-fbdev.iso", { ...(await prepareBusybox()), append });
  await start(window, iso);
  await view(window.page, NAME, "Screen");
  await paneOf(window.page, NAME).locator("canvas.screen").click();
  await sleep(5000);
  forgetTurns(machineProcesses()[0]!);
  await window.page.keyboard.press("Enter", { delay: 50 });
  await window.page.keyboard.press("ControlRight");
  await view(window.page, NAME, "Serial");
  await waitForSerial(window.page, PROMPT);
  if (process.env.LOOP_TURNS) console.log(JSON.stringify({ boot: longestTurns(machineProcesses()[0]!) }));
}

async function start({ page }: RealWindow, image: string): Promise<void> {
  const name = `${NAME}${image.slice(image.lastIndexOf("."))}`;
  await newMachineFrom(page, [{ name, mimeType: "", buffer: readFileSync(image) }]);
  // A recognised system's name would be proposed.
  await page.getByRole("textbox", { name: "Name" }).fill(NAME);
  await page.getByRole("button", { name: "Create and Start" }).click();
  await paneOf(page, NAME).waitFor();
}

/** To a machine that is paused the second line is typed ahead: it begins when the machine goes on. */
async function fillScreen({ page, manager }: RealWindow): Promise<void> {
  const fill = `head -c ${FRAME_BYTES} /dev/urandom`;
  await typeIntoTerminal(page, NAME, `${fill} > /tmp/a; ${fill} > /tmp/b; echo ma''de`);
  await waitForSerial(page, "made");
  await manager.pause((await manager.listMachines())[0]!.settings.id);
  await typeIntoTerminal(page, NAME, "while true; do cat /tmp/a > /dev/fb0; cat /tmp/b > /dev/fb0; done");
  await page.keyboard.press("ControlRight");
  await view(page, NAME, "Screen");
}

/** Processor seconds of a process and of those that it has started. */
function familySeconds(pid: number): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean),
  );
  return children.reduce((sum, child) => sum + familySeconds(Number(child)), cpuSeconds(pid));
}

/** Measures while nobody is connected to the browser, and leaves the machine paused, so that one may connect again. */
async function measure(
  window: RealWindow,
  browser: LoneBrowser,
  wait: number,
  seconds: number,
): Promise<void> {
  const { manager } = window;
  const [{ settings }] = (await manager.listMachines()) as [MachineSummary];
  const pid = machineProcesses()[0]!;
  const uses = () => [cpuSeconds(pid), cpuSeconds(process.pid), familySeconds(browser.pid)];
  let used: number[] = [];
  let began = 0;
  await window.unwatched(async () => {
    if ((await manager.listMachines())[0]!.state === "paused") await manager.resume(settings.id);
    await sleep(wait * 1000);
    forgetTurns(pid);
    began = Date.now();
    const from = uses();
    await sleep(seconds * 1000);
    used = uses().map((now, n) => now - from[n]!);
    await manager.pause(settings.id);
  });
  const frames = (await framesOf(window.page)).filter(({ at }) => at >= began && at < began + seconds * 1000);
  const pixels = frames.reduce((sum, frame) => sum + frame.pixels, 0);
  const gaps = frames.map(({ at }, n) => at - (frames[n - 1]?.at ?? began));
  const [machine, server, page] = used.map((of) => Math.round((of / seconds) * 1000) / 10);
  console.log(
    JSON.stringify({
      seconds,
      framesPerSecond: frames.length / seconds,
      megapixelsPerFrame: pixels / Math.max(1, frames.length) / 1e6,
      longestGapMs: Math.round(Math.max(...gaps)),
      cpuPercent: { machine, server, browser: page },
      ...longestTurns(pid),
    }),
  );
  forgetTurns(pid);
}

async function main([what, ...rest]: string[]): Promise<void> {
  if (what === undefined) throw new Error("measure.ts fbdev|idle|IMAGE …");
  const images =
    what === "fbdev" ? [] : [what, ...rest].filter((word) => word !== "idle" && !(Number(word) >= 0));
  const numbers = rest.filter((word) => !images.includes(word)).map(Number);
  const given = process.env.HOST_OPTIONS ?? "";
  process.env.NODE_OPTIONS = `${given} --import data:text/javascript,${encodeURIComponent(LOOP_DELAY)}`;
  process.env.LOOP_DELAY_FILE = loopFile;
  // Both wake the process, which is to be at rest.
  if (what !== "idle") process.env.LOOP_TURNS = "1";
  await buildWindow();
  const browser = await LoneBrowser.launch();
  const window = await RealWindow.open("light", () => browser.connect());
  try {
    await noteFrames(window.page);
    await window.page.reload();
    let wait = what === "idle" ? REST_SECONDS : SETTLE_SECONDS;
    const [image] = images;
    if (image === undefined) await bootLinux(window);
    else {
      console.log(basename(image));
      await start(window, image);
      wait = numbers.shift() ?? IMAGE_SECONDS;
    }
    if (what === "fbdev") await fillScreen(window);
    await measure(window, browser, wait, numbers.shift() ?? SECONDS);
  } finally {
    await window.page.screenshot({ path: PICTURE });
    await window.close();
    await browser.end();
  }
}

await main(process.argv.slice(2));
