import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { ConsoleInput, ConsoleOutput } from "../contract/console.ts";
import { decodeConsoleOutput, encodeConsoleInput } from "../contract/console-codec.ts";
import type { MachineState, NewMachine } from "../contract/manager.ts";
import { type ConsoleRequest, consoleRequest } from "../platform/console-sockets.ts";
import { ForkStarter } from "./fork-starter.ts";
import { Manager } from "./manager.ts";
import type { HostProcess } from "./starter.ts";

const FAKE_HOST = join(import.meta.dirname, "../vm-host/testing/fake-host.ts");

/** Remembers the processes, so that tests can do them harm. */
class TestStarter extends ForkStarter {
  readonly processes: HostProcess<ConsoleRequest>[] = [];

  override start(): HostProcess<ConsoleRequest> {
    const started = super.start();
    this.processes.push(started);
    return started;
  }
}

let home: string;
let starter: TestStarter;
let manager: Manager<ConsoleRequest>;
/** Hands every window to the machine that its path names. */
let server: Server;

beforeEach(async () => {
  server = createServer().on("upgrade", (request, _socket, head) =>
    manager.connectConsole(request.url!.slice(1), consoleRequest(request, head)),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  home = mkdtempSync(join(tmpdir(), "twinbox-manager-"));
  starter = new TestStarter(FAKE_HOST);
  manager = await Manager.open(home, starter);
});

afterEach(async () => {
  await manager.close();
  server.close();
  rmSync(home, { recursive: true });
});

const wanted = (name: string, drives: NewMachine["drives"] = []): NewMachine => ({
  name,
  memoryMib: 16,
  drives,
  bootOrder: ["disk"],
  system: "unknown",
});

const create = async (name: string, drives: NewMachine["drives"] = []): Promise<string> =>
  (await manager.createMachine(wanted(name, drives))).settings.id;

const find = async (id: string) =>
  (await manager.listMachines()).find(({ settings }) => settings.id === id) ?? expect.unreachable(id);

const state = async (id: string): Promise<MachineState> => (await find(id)).state;

const reaches = (id: string, wantedState: MachineState, timeout = 5000) =>
  vi.waitFor(async () => expect(await state(id)).toBe(wantedState), { timeout, interval: 20 });

async function image(name: string, size: number): Promise<{ id: string; path: string }> {
  const path = join(home, name);
  writeFileSync(path, new Uint8Array(size));
  return { id: (await manager.media.register(path)).id, path };
}

const disk = (medium: string): NewMachine["drives"][number] => ({
  slot: "hda",
  kind: "disk",
  medium,
  format: "raw",
  mode: "read-write",
});

/** A window on a machine. */
function openConsole(id: string) {
  const outputs: ConsoleOutput[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/${id}`);
  const closed = new Promise<void>((resolve) => void socket.on("close", () => resolve()));
  const open = new Promise<void>((resolve) => void socket.on("open", () => resolve()));
  socket.on("message", (data: Buffer) => {
    outputs.push(decodeConsoleOutput(data) ?? expect.unreachable("malformed"));
  });
  const text = () =>
    outputs
      .map((output) => (output.type === "serial" ? new TextDecoder().decode(output.bytes) : ""))
      .join("");
  const send = (input: ConsoleInput) => void open.then(() => socket.send(encodeConsoleInput(input)));
  return {
    outputs,
    closed,
    send,
    type: (line: string) => send({ type: "serial", port: 0, bytes: new TextEncoder().encode(line) }),
    says: (words: string) =>
      vi.waitFor(() => expect(text()).toContain(words), { timeout: 5000, interval: 20 }),
    close: () => socket.close(),
  };
}

test("a machine is a folder with its settings, and is there again in the next session", async () => {
  const id = await create("Debian 12");
  expect(readdirSync(join(home, "machines/Debian 12")).sort()).toEqual([
    "Debian 12.json",
    "Logs",
    "Snapshots",
  ]);
  await manager.close();
  manager = await Manager.open(home, starter);
  expect(await find(id)).toMatchObject({ state: "powered-off", settings: { name: "Debian 12" } });
});

test("names that are taken or that lead elsewhere become others", async () => {
  await Promise.all([create("Box"), create("Box"), create("../../Box"), create("  ")]);
  expect(readdirSync(join(home, "machines")).sort()).toEqual(["Box", "Box (2)", "_.._Box", "unnamed"]);
});

test("a machine is renamed with its folder", async () => {
  const id = await create("Old");
  await manager.updateMachine({ ...(await find(id)).settings, name: "New" });
  expect(readdirSync(join(home, "machines/New"))).toContain("New.json");
  expect(existsSync(join(home, "machines/Old"))).toBe(false);
});

test("start, pause, resume, reset, ACPI shutdown", async () => {
  const id = await create("Box");
  await manager.start(id);
  expect(await state(id)).toBe("running");
  const console = openConsole(id);
  console.send({ type: "refresh" });
  await console.says("hello from the fake");
  await manager.pause(id);
  expect(await state(id)).toBe("paused");
  await expect(manager.pause(id)).rejects.toMatchObject({ kind: "invalid-state" });
  await manager.resume(id);
  await manager.reset(id);
  await console.says("reset");
  expect(new TextDecoder().decode(await manager.serialHistory(id))).toContain("hello");
  expect(Buffer.from(await manager.screenshot(id)).toString("latin1", 1, 4)).toBe("PNG");
  await manager.shutdown(id);
  await reaches(id, "powered-off");
  expect((await find(id)).problem).toBeNull();
  await console.closed;
  expect(new TextDecoder().decode(await manager.serialHistory(id))).toContain("reset");
});

test("a window gets a whole frame, echoes of its keys, and at most two frames it has not acknowledged", async () => {
  const id = await create("Box");
  await manager.start(id);
  const console = openConsole(id);
  console.send({ type: "refresh" });
  const frames = () => console.outputs.filter((output) => output.type === "frame");
  await vi.waitFor(() => expect(frames().length).toBe(1), 5000);
  expect(frames()[0]).toMatchObject({ width: 640, height: 400, rectangles: [{ width: 640, height: 400 }] });
  console.send({ type: "key", code: "KeyA", down: true });
  await vi.waitFor(() => expect(frames().length).toBe(2), 5000);
  for (const code of ["KeyB", "KeyC"]) console.send({ type: "key", code, down: true });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(frames().length).toBe(2);
  console.send({ type: "acknowledge", sequence: 2 });
  await vi.waitFor(() => expect(frames().length).toBe(3), 5000);
  expect(frames()[2].rectangles).toMatchObject([{ y: 16, height: 16 }]);
});

test("a crash of one machine's process aborts that machine, and its neighbour goes on", async () => {
  const [first, second] = [await create("One"), await create("Two")];
  await Promise.all([manager.start(first), manager.start(second)]);
  const neighbour = openConsole(second);
  neighbour.send({ type: "refresh" });
  await neighbour.says("hello");
  starter.processes[0].kill();
  await reaches(first, "aborted");
  expect((await find(first)).problem?.message).toContain("SIGKILL");
  neighbour.type("still here\n");
  await neighbour.says("still here");
  expect(await state(second)).toBe("running");
  await manager.start(first);
  expect(await state(first)).toBe("running");
});

test("a process that hangs is told from one that crashes", { timeout: 30_000 }, async () => {
  const [first, second] = [await create("One"), await create("Two")];
  await Promise.all([manager.start(first), manager.start(second)]);
  openConsole(first).type("hang\n");
  await reaches(first, "aborted", 20_000);
  expect((await find(first)).problem?.message).toContain("has not answered");
  expect(await state(second)).toBe("running");
});

test("hardware that fails is a guru meditation, which can be looked at and powered off", async () => {
  const id = await create("Box");
  await manager.start(id);
  openConsole(id).type("fail\n");
  await reaches(id, "guru-meditation");
  expect((await find(id)).problem?.message).toContain("told to fail");
  expect((await manager.screenshot(id)).length).toBeGreaterThan(100);
  await manager.powerOff(id);
  expect(await state(id)).toBe("powered-off");
});

test("a guest under full load leaves the process answering", async () => {
  const id = await create("Box");
  await manager.start(id);
  openConsole(id).type("busy\n");
  await vi.waitFor(async () => expect((await find(id)).cpuLoad).toBeGreaterThan(0.5), 5000);
  const asked = performance.now();
  await manager.pause(id);
  expect(performance.now() - asked).toBeLessThan(1000);
});

test("an image that has vanished keeps its machine, and says so at the start", async () => {
  const { id: medium, path } = await image("disk.img", 4096);
  const id = await create("Box", [disk(medium)]);
  rmSync(path);
  await expect(manager.start(id)).rejects.toMatchObject({ kind: "not-found", subject: "disk.img" });
  expect(await find(id)).toMatchObject({ state: "powered-off", problem: { kind: "not-found" } });
  expect(JSON.stringify(await find(id))).not.toContain(home);
});

test("a read-only image is not written, nor is one that another machine writes", async () => {
  const { id: medium, path } = await image("disk.img", 4096);
  const [first, second] = [await create("One", [disk(medium)]), await create("Two", [disk(medium)])];
  await manager.start(first);
  await expect(manager.start(second)).rejects.toMatchObject({ kind: "busy" });
  await manager.powerOff(first);
  await manager.start(second);
  await manager.powerOff(second);
  chmodSync(path, 0o444);
  await expect(manager.start(first)).rejects.toMatchObject({ kind: "permission" });
});

test("an image that is cut short while its machine runs is a problem on the machine, which runs on", async () => {
  const { id: medium, path } = await image("disk.img", 4096);
  const id = await create("Box", [disk(medium)]);
  await manager.start(id);
  const console = openConsole(id);
  console.send({ type: "refresh" });
  writeFileSync(path, new Uint8Array(100));
  console.type("read\n");
  await console.says("read failed");
  await vi.waitFor(async () => expect((await find(id)).problem?.kind).toBe("truncated"), 5000);
  expect(await state(id)).toBe("running");
});

test("media are changed in a running machine's removable drives only", async () => {
  const floppy = (await image("a.img", 1_474_560)).id;
  const id = await create("Box", [
    { slot: "fda", kind: "floppy", medium: null, format: "raw", mode: "read-write" },
    disk((await image("disk.img", 4096)).id),
  ]);
  await manager.start(id);
  await manager.changeMedium(id, "fda", floppy);
  expect((await find(id)).settings.drives[0].medium).toBe(floppy);
  await manager.changeMedium(id, "fda", null);
  await expect(manager.changeMedium(id, "hda", null)).rejects.toMatchObject({ kind: "invalid-argument" });
  await expect(manager.changeMedium(id, "fda", "no-such")).rejects.toMatchObject({ kind: "not-found" });
  expect((await find(id)).settings.drives[0].medium).toBeNull();
});

test("a damaged settings file is restored from the one before", async () => {
  const id = await create("Box");
  const { settings } = await find(id);
  await manager.updateMachine({ ...settings, memoryMib: 32 });
  await manager.close();
  const file = join(home, "machines/Box/Box.json");
  writeFileSync(file, readFileSync(file, "utf8").slice(0, 40));
  manager = await Manager.open(home, starter);
  expect(await find(id)).toMatchObject({ settings: { memoryMib: 16 }, problem: { kind: "corrupt" } });
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ memoryMib: 16 });
});

test("a machine whose settings are lost is listed with its problem, and can be removed", async () => {
  await create("Sound");
  await create("Box");
  await manager.close();
  for (const name of readdirSync(join(home, "machines/Box")))
    if (name.includes(".json")) writeFileSync(join(home, "machines/Box", name), "{}");
  manager = await Manager.open(home, starter);
  const machines = await manager.listMachines();
  expect(machines.map(({ settings, problem }) => [settings.name, problem?.kind])).toEqual([
    ["Box", "corrupt"],
    ["Sound", undefined],
  ]);
  const { id } = machines[0].settings;
  await expect(manager.start(id)).rejects.toMatchObject({ kind: "corrupt" });
  await manager.removeMachine(id, false);
  expect(existsSync(join(home, "machines/Box"))).toBe(false);
});

test("only a machine that is off is changed or removed", async () => {
  const { id: medium, path } = await image("disk.img", 4096);
  const id = await create("Box", [disk(medium)]);
  await manager.start(id);
  const { settings } = await find(id);
  await expect(manager.removeMachine(id, true)).rejects.toMatchObject({ kind: "invalid-state" });
  await expect(manager.updateMachine({ ...settings, memoryMib: 8 })).rejects.toMatchObject({
    kind: "invalid-state",
  });
  await manager.powerOff(id);
  await manager.removeMachine(id, true);
  expect(await manager.listMedia()).toEqual([]);
  expect(existsSync(path)).toBe(true);
});

test("two managers never share a home", async () => {
  await expect(Manager.open(home, starter)).rejects.toMatchObject({ kind: "busy" });
});

test("a machine's log tells its states", async () => {
  const id = await create("Box");
  await manager.start(id);
  await manager.powerOff(id);
  const log = readFileSync(join(home, "machines/Box/Logs/twinbox.log"), "utf8");
  expect(log).toMatch(/starting.*running.*stopping.*exit code 0.*powered-off/s);
});
