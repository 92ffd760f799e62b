import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { consoleRequest, handOver } from "./console-sockets.ts";

/** A machine's process that says it is there, and to each window what that says. */
const MACHINE = `
import { ConsoleSockets } from ${JSON.stringify(join(import.meta.dirname, "console-sockets.ts"))};
const sockets = new ConsoleSockets((channel) => channel.onMessage((bytes) => channel.send(bytes)));
process.on("message", (message, socket) => sockets.receive(message, socket));
process.send("ready");
`;

/** A window in a thread of its own, which speaks as soon as it is let in, and passes on the answer. */
const WINDOW = `
const { parentPort, workerData } = require("node:worker_threads");
const socket = new WebSocket(workerData.address);
socket.binaryType = "arraybuffer";
socket.onopen = () => {
  socket.send(Uint8Array.of(1, 2, 3));
  Atomics.store(workerData.letIn, 0, 1);
  Atomics.notify(workerData.letIn, 0);
};
socket.onmessage = ({ data }) => parentPort.postMessage(new Uint8Array(data));
`;

/** Milliseconds for which the server does nothing else; a window is let in within a tenth of that. */
const BUSY_MS = 500;

test("a window is let in once the server has let go of its socket, so that its first words are the machine's", async () => {
  const folder = mkdtempSync(join(tmpdir(), "twinbox-sockets-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "machine.mjs");
  writeFileSync(program, MACHINE);
  const machine = fork(program, [], { serialization: "advanced", execArgv: [] });
  onTestFinished(() => void machine.kill());
  await once(machine, "message");

  const letIn = new Int32Array(new SharedArrayBuffer(4));
  const server = createServer();
  let meanwhile: string | undefined;
  server.on("upgrade", (request, _socket, head) => {
    handOver(consoleRequest(request, head), machine);
    meanwhile = Atomics.wait(letIn, 0, 0, BUSY_MS);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;

  const window = new Worker(WINDOW, {
    eval: true,
    workerData: { address: `ws://127.0.0.1:${port}`, letIn },
  });
  onTestFinished(() => void window.terminate());
  const [answer] = await once(window, "message");
  expect(meanwhile).toBe("timed-out");
  expect(answer).toEqual(Uint8Array.of(1, 2, 3));
});
