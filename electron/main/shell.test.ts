import { EventEmitter } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IpcMain, MessagePortMain, UtilityProcess } from "electron/main";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BRIDGE_CHANNELS } from "../contract/bridge.ts";
import { Manager } from "../manager/manager.ts";
import type { HostStarter } from "../manager/starter.ts";
import { answerAppRequest } from "./app-protocol.ts";
import { serveBridge } from "./bridge.ts";
import { allowsPermission, isOwnSender, isOwnUrl } from "./policy.ts";
import { UtilityStarter } from "./utility-starter.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twinbox-shell-"));
  mkdirSync(join(folder, "renderer"));
  writeFileSync(join(folder, "renderer/index.html"), "<title>Twinbox</title>");
  writeFileSync(join(folder, "secret.json"), "secret");
});
afterEach(() => rmSync(folder, { recursive: true }));

const ask = (url: string, method = "GET") => answerAppRequest(join(folder, "renderer"), url, method);

test("app:// serves the window with its policy", async () => {
  const answer = await ask("app://twinbox/");
  expect(await answer.text()).toContain("Twinbox");
  expect(answer.headers.get("content-type")).toContain("text/html");
  expect(answer.headers.get("content-security-policy")).toContain("connect-src 'none'");
});

test.each([
  ["app://twinbox/../secret.json", 404],
  ["app://twinbox/%2e%2e/secret.json", 404],
  ["app://twinbox/..%2fsecret.json", 404],
  ["app://other/index.html", 403],
  ["file:///etc/passwd", 403],
  ["app:", 403],
])("%s is answered by %d", async (url, status) => {
  const answer = await ask(url);
  expect(answer.status).toBe(status);
  expect(await answer.text()).not.toContain("secret");
});

test("only GET is answered", async () => {
  expect((await ask("app://twinbox/", "POST")).status).toBe(403);
});

test("only our own page is ours", () => {
  expect(isOwnUrl("app://twinbox/index.html")).toBe(true);
  for (const url of [
    "app://twinbox.evil/",
    "app://evil@twinbox/",
    "https://twinbox/",
    "about:blank",
    "",
    "app:twinbox",
  ])
    expect(isOwnUrl(url)).toBe(false);
  const url = "app://twinbox/index.html";
  expect(isOwnSender({ url, parent: null })).toBe(true);
  expect(isOwnSender({ url, parent: {} })).toBe(false);
  expect(isOwnSender({ url: "https://evil.example/", parent: null })).toBe(false);
  expect(isOwnSender(null)).toBe(false);
});

test("the page gets the permissions of the list, and nobody else gets any", () => {
  expect(allowsPermission("pointerLock", "app://twinbox/index.html")).toBe(true);
  for (const permission of ["media", "geolocation", "notifications", "usb", "clipboard-read", "openExternal"])
    expect(allowsPermission(permission, "app://twinbox/index.html")).toBe(false);
  expect(allowsPermission("pointerLock", "https://evil.example/")).toBe(false);
});

/** Stands for Electron's `MessagePortMain`. */
class FakePort extends EventEmitter {
  readonly sent: unknown[] = [];
  closed = false;
  start = () => {};
  postMessage = (message: unknown) => void this.sent.push(message);
  close = () => {
    this.closed = true;
    this.emit("close");
  };
}

const noStarter: HostStarter<MessagePortMain> = {
  start: () => {
    throw new Error("nothing is started here");
  },
};

async function bridge() {
  const manager = await Manager.open(join(folder, "home"), noStarter);
  const ipc = new EventEmitter();
  const handlers = new Map<string, (event: unknown, argument: unknown) => Promise<unknown>>();
  const handle = (channel: string, handler: (event: unknown, argument: unknown) => Promise<unknown>) =>
    void handlers.set(channel, handler);
  const on = (channel: string, listener: (...args: unknown[]) => void) => ipc.on(channel, listener);
  serveBridge({ on, handle } as unknown as Pick<IpcMain, "on" | "handle">, manager, () => {});
  const from = (url: string, ports: FakePort[]) => ({ ports, senderFrame: { url, parent: null } });
  return {
    manager,
    connect: (url: string, port: FakePort) => ipc.emit(BRIDGE_CHANNELS.connect, from(url, [port]), null),
    openConsole: (url: string, port: FakePort, machine: string) =>
      ipc.emit(BRIDGE_CHANNELS.openConsole, from(url, [port]), machine),
    addFile: (url: string, path: string) => handlers.get(BRIDGE_CHANNELS.addFile)?.(from(url, []), path),
  };
}

const PAGE = "app://twinbox/index.html";

test("the page's port speaks to the manager, and hears its events until it closes", async () => {
  const { manager, connect, addFile } = await bridge();
  const port = new FakePort();
  connect(PAGE, port);
  port.emit("message", { data: { id: 1, method: "listMachines", params: [] }, ports: [] });
  await vi.waitFor(() => expect(port.sent).toEqual([{ id: 1, result: [] }]));
  const image = join(folder, "disk.img");
  writeFileSync(image, new Uint8Array(512));
  expect(await addFile(PAGE, image)).toMatchObject({ medium: { name: "disk.img", size: 512 } });
  expect(port.sent.at(-1)).toMatchObject({ event: { type: "medium" } });
  port.close();
  const { length } = port.sent;
  await addFile(PAGE, image);
  expect(port.sent.length).toBe(length);
  await manager.close();
});

test("frames that are not ours are not heard", async () => {
  const { manager, connect, openConsole, addFile } = await bridge();
  const [one, two] = [new FakePort(), new FakePort()];
  connect("https://evil.example/", one);
  openConsole("https://evil.example/", two, "any");
  expect([one.closed, two.closed]).toEqual([true, true]);
  expect(await addFile("https://evil.example/", join(folder, "secret.json"))).toMatchObject({
    problem: { kind: "internal" },
  });
  expect(manager.media.list()).toEqual([]);
  await manager.close();
});

test("a console of a machine that is off is closed at once, and a bad image is told in words", async () => {
  const { manager, openConsole, addFile } = await bridge();
  const port = new FakePort();
  openConsole(PAGE, port, "none");
  expect(port.closed).toBe(true);
  expect(await addFile(PAGE, join(folder, "absent.img"))).toMatchObject({
    problem: { kind: "not-found", subject: "absent.img" },
  });
  await manager.close();
});

/** Stands for Electron's `UtilityProcess`. */
class FakeUtility extends EventEmitter {
  readonly pid = undefined;
  readonly stdout = null;
  readonly stderr = null;
  readonly posted: [unknown, unknown][] = [];
  postMessage = (message: unknown, ports?: unknown) => void this.posted.push([message, ports]);
  kill = () => true;
}

test("a utility process carries calls, takes windows' ports, and ends with Electron's word for it", async () => {
  const children: FakeUtility[] = [];
  const names: string[] = [];
  const starter = new UtilityStarter("/vm-host.js", (_program, _args, { serviceName }) => {
    names.push(serviceName);
    children.push(new FakeUtility());
    return children[children.length - 1] as unknown as UtilityProcess;
  });
  const [one, two] = [starter.start("Debian"), starter.start("Debian")];
  expect(new Set(names).size).toBe(2);
  const heard: unknown[] = [];
  one.control.onMessage((message) => heard.push(message));
  children[0].emit("message", { id: 1 });
  expect(heard).toEqual([{ id: 1 }]);
  const port = {} as MessagePortMain;
  one.connectConsole(port);
  expect(children[0].posted).toEqual([[null, [port]]]);

  const ends: string[] = [];
  one.onExit((how) => ends.push(`one: ${how}`));
  two.onExit((how) => ends.push(`two: ${how}`));
  children[1].emit("exit", 0);
  children[0].emit("exit", 139);
  starter.noteGone(names[0], "crashed");
  await vi.waitFor(() => expect(ends).toEqual(["two: exit code 0", "one: crashed"]));
  one.control.send({ id: 2 });
  expect(children[0].posted.length).toBe(1);
});
