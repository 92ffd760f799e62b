import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type ClientRequest, IncomingMessage, request } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { decodeConsoleOutput, encodeConsoleInput } from "../contract/console-codec.ts";
import type { ManagerEvent, ManagerService } from "../contract/manager.ts";
import { managerEventSchema, managerSchema } from "../contract/manager-schema.ts";
import { rpcClient } from "../contract/rpc.ts";
import { type TextSocket, webSocketPort } from "../contract/rpc-ports.ts";
import { ForkStarter } from "../manager/fork-starter.ts";
import { Manager } from "../manager/manager.ts";
import { type ConsoleRequest, consoleRequest } from "../platform/console-sockets.ts";
import { type RunningServer, startServer } from "./server.ts";

const FAKE_HOST = join(import.meta.dirname, "../vm-host/testing/fake-host.ts");

let home: string;
let manager: Manager<ConsoleRequest>;
let server: RunningServer;
let base: string;
let cookie: string;
const onError = vi.fn();

beforeEach(async () => {
  onError.mockReset();
  home = mkdtempSync(join(tmpdir(), "twinbox-server-"));
  const renderer = join(home, "renderer");
  mkdirSync(join(renderer, "assets"), { recursive: true });
  writeFileSync(join(renderer, "index.html"), "<title>Twinbox</title>");
  writeFileSync(join(renderer, "assets/app.js"), "1");
  writeFileSync(join(home, "secret.json"), "{}");
  manager = await Manager.open(home, new ForkStarter(FAKE_HOST));
  server = await startServer({ manager, port: 0, renderer, onError });
  base = new URL(server.address).origin;
  const first = await fetch(server.address, { redirect: "manual" });
  cookie = (first.headers.get("set-cookie") ?? "").split(";")[0];
});

afterEach(async () => {
  await server.close();
  await manager.close();
  rmSync(home, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${base}${path}`, { headers: { cookie, ...headers }, redirect: "manual" });

/** With headers that `fetch` does not let one set, and paths as they are. */
function raw(
  method: string,
  path: string,
  headers: Record<string, string>,
  send: (request: ClientRequest) => void = (r) => void r.end(),
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const sent = request({ hostname, port, method, path, headers }, async (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
    });
    sent.on("error", reject);
    send(sent);
  });
}

const socket = (path: string, headers: Record<string, string> = {}) =>
  new WebSocket(`${base.replace("http", "ws")}${path}`, { headers: { cookie, origin: base, ...headers } });

const opened = (ws: WebSocket): Promise<string> =>
  new Promise((resolve) => {
    ws.on("open", () => resolve("open"));
    ws.on("error", (error) => resolve(error.message));
  });

async function connect() {
  const ws = socket("/rpc");
  const client = rpcClient<ManagerService, ManagerEvent>(
    webSocketPort(ws as unknown as TextSocket),
    managerSchema,
    managerEventSchema,
  );
  expect(await opened(ws)).toBe("open");
  return { ws, ...client };
}

const upload = (name: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${base}/upload?name=${encodeURIComponent(name)}`, {
    method: "POST",
    body,
    headers: { cookie, origin: base, ...headers },
  });

test("the address printed is one of 127.0.0.1 and is good for once", async () => {
  expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/);
  expect((await fetch(server.address, { redirect: "manual" })).status).toBe(403);
});

test("the cookie is out of reach of scripts and of other sites", async () => {
  const second = await startServer({ manager, port: 0, renderer: home, onError });
  const answer = await fetch(second.address, { redirect: "manual" });
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toBe("/");
  expect(answer.headers.get("set-cookie")).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
  await second.close();
});

test("with the cookie the window is served, with every security header", async () => {
  const answer = await get("/");
  expect(await answer.text()).toContain("Twinbox");
  expect((await get("/assets/app.js")).headers.get("content-type")).toContain("javascript");
  const policy = answer.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  for (const [name, value] of Object.entries({
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
  }))
    expect(answer.headers.get(name)).toBe(value);
});

test("without the cookie, or with a wrong one, there is nothing", async () => {
  for (const wrong of ["", "twinbox=1", `${cookie.slice(0, -1)}`, cookie.replace(/=.*/, "=")])
    expect((await get("/", { cookie: wrong })).status).toBe(403);
  expect(await opened(socket("/rpc", { cookie: "" }))).toContain("403");
  expect((await upload("a.img", new Uint8Array(512), { cookie: "" })).status).toBe(403);
});

test("a foreign Host is refused, so that no name can be bound to this server", async () => {
  expect((await raw("GET", "/", { cookie, host: "evil.example" })).status).toBe(403);
  expect(await opened(socket("/rpc", { host: "evil.example" }))).toContain("403");
});

test("a foreign Origin neither connects nor uploads", async () => {
  expect(await opened(socket("/rpc", { origin: "http://evil.example" }))).toContain("403");
  expect(await opened(socket("/console/x", { origin: "null" }))).toContain("403");
  expect((await raw("POST", "/upload?name=a", { cookie, origin: "http://evil.example" })).status).toBe(403);
  expect((await raw("POST", "/upload?name=a", { cookie })).status).toBe(403);
});

test.each([
  "/../secret.json",
  "/%2e%2e/secret.json",
  "/..%2fsecret.json",
  "/assets/..%5c..%5csecret.json",
  "/.hidden.js",
  "/%00.js",
  "//secret.json",
  "/%",
])("%s leads nowhere", async (path) => {
  const { status, body } = await raw("GET", path, { cookie, host: new URL(base).host });
  expect([400, 404]).toContain(status);
  expect(body).not.toContain("{}");
});

test("an upload becomes a medium that every window hears of, and no path of the host with it", async () => {
  const { ws, service, events } = await connect();
  const heard = new Promise<ManagerEvent>((resolve) => events.on(resolve));
  const answer = await upload("../my disk.img", new Uint8Array(1024).fill(7));
  const medium = await answer.json();
  expect(medium).toMatchObject({ name: "my disk.img", kind: "disk", size: 1024 });
  expect(await heard).toEqual({ type: "medium", medium });
  expect(readFileSync(join(home, "media/my disk.img")).length).toBe(1024);
  expect(JSON.stringify([medium, await service.listMedia()])).not.toContain(home);
  ws.close();
});

test.each([
  ["an empty image", new Uint8Array(), 422, "truncated"],
  ["an image cut short", new Uint8Array(1000), 422, "truncated"],
  [
    "a format that is not supported",
    new Uint8Array([...Buffer.from("QFI\xfb", "latin1"), ...new Uint8Array(1020)]),
    415,
    "unsupported-format",
  ],
])("%s is refused in words and leaves nothing", async (_what, body, status, kind) => {
  const answer = await upload("a.img", body);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ kind, subject: "a.img" });
  expect(readdirSync(join(home, "media"))).toEqual([]);
});

test("an upload that is broken off leaves nothing, and one without a size is refused", async () => {
  const headers = { cookie, origin: base, host: new URL(base).host };
  const broken = raw("POST", "/upload?name=a.img", { ...headers, "content-length": "100000" }, (sent) => {
    sent.write(new Uint8Array(1000));
    setTimeout(() => sent.destroy(), 100);
  });
  await expect(broken).rejects.toThrow();
  await vi.waitFor(() => expect(readdirSync(join(home, "media"))).toEqual([]));
  const chunked = await raw("POST", "/upload?name=a.img", headers, (sent) => {
    sent.write(new Uint8Array(512));
    sent.end();
  });
  expect(chunked.status).toBe(400);
  expect(onError).not.toHaveBeenCalled();
});

test("machines are run over the socket, with their console on one of its own", async () => {
  const { ws, service } = await connect();
  const machine = await service.createMachine({
    name: "Box",
    memoryMib: 16,
    drives: [],
    bootOrder: [],
    system: "unknown",
  });
  const { id } = machine.settings;
  await service.start(id);
  const console = socket(`/console/${id}`);
  const says: string[] = [];
  console.on("message", (data: Buffer) => {
    const output = decodeConsoleOutput(data);
    if (output?.type === "serial") says.push(new TextDecoder().decode(output.bytes));
  });
  expect(await opened(console)).toBe("open");
  console.send(encodeConsoleInput({ type: "refresh" }));
  await vi.waitFor(() => expect(says.join("")).toContain("hello from the fake"), 5000);
  console.send(Buffer.from([99, 1, 2, 3]));
  console.send("text");
  console.send(encodeConsoleInput({ type: "serial", port: 0, bytes: Buffer.from("still here") }));
  await vi.waitFor(() => expect(says.join("")).toContain("still here"), 5000);
  expect((await service.screenshot(id))[1]).toBe(0x50);
  await service.powerOff(id);
  await vi.waitFor(() => expect(console.readyState).toBe(WebSocket.CLOSED), 5000);
  ws.close();
});

test("a console goes on without the server, and ends with its machine", async () => {
  const { ws, service } = await connect();
  const { settings } = await service.createMachine({
    name: "Box",
    memoryMib: 16,
    drives: [],
    bootOrder: [],
    system: "unknown",
  });
  await service.start(settings.id);
  const console = socket(`/console/${settings.id}`);
  const frames: number[] = [];
  console.on("message", (data: Buffer) => {
    const output = decodeConsoleOutput(data);
    if (output?.type === "frame") frames.push(output.sequence);
  });
  expect(await opened(console)).toBe("open");
  await server.close();
  await vi.waitFor(() => expect(ws.readyState).toBe(WebSocket.CLOSED), 5000);
  console.send(encodeConsoleInput({ type: "refresh" }));
  await vi.waitFor(() => expect(frames).toContain(1), 5000);
  await manager.close();
  await vi.waitFor(() => expect(console.readyState).toBe(WebSocket.CLOSED), 5000);
});

test("what is told of a window to a machine's process leaves out the cookie", () => {
  const request = new IncomingMessage(new Socket());
  request.headers = { cookie, "sec-websocket-key": "key", "sec-websocket-version": "13" };
  const { introduction } = consoleRequest(request, Buffer.from("head"));
  expect(introduction).toEqual({ console: { key: "key", version: "13", head: Buffer.from("head") } });
});

test("a console of a machine that is off, or of none, is closed with its reason", async () => {
  const reason = (path: string) =>
    new Promise<string>((resolve) => socket(path).on("close", (_code, words) => resolve(words.toString())));
  const { settings } = await manager.createMachine({
    name: "Box",
    memoryMib: 1,
    drives: [],
    bootOrder: [],
    system: "x",
  });
  expect(await reason(`/console/${settings.id}`)).toBe("invalid-state");
  expect(await reason("/console/none")).toBe("not-found");
});

test("hostile messages end at most their own socket", async () => {
  const good = await connect();
  const bad = await connect();
  for (const text of ["{", "[]", '{"id":1}', '{"id":1,"method":"__proto__","params":[]}', "\0"])
    bad.ws.send(text);
  bad.ws.send(Buffer.from([1, 2, 3]));
  await expect(bad.service.start("../../etc")).rejects.toMatchObject({ kind: "invalid-argument" });
  await expect(bad.service.start("none")).rejects.toMatchObject({ kind: "not-found" });
  bad.ws.send("x".repeat(2 << 20));
  await vi.waitFor(() => expect(bad.ws.readyState).toBe(WebSocket.CLOSED), 5000);
  expect(await good.service.listMachines()).toEqual([]);
  expect(onError).not.toHaveBeenCalled();
  good.ws.close();
});

test("a port that is taken is named", async () => {
  const port = Number(new URL(base).port);
  await expect(startServer({ manager, port, renderer: home, onError })).rejects.toMatchObject({
    kind: "busy",
    message: expect.stringContaining(String(port)),
  });
});
