import { MessageChannel } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { TwinboxError } from "../../core/base/errors.ts";
import { type RpcPort, rpcClient, type ServiceSchema, serveRpc } from "./rpc.ts";
import { decodeMessage, encodeMessage, messagePortPort, type StructuredPort } from "./rpc-ports.ts";

interface Sums {
  add(a: number, b: number): Promise<number>;
  fail(how: string): Promise<void>;
  bytes(): Promise<Uint8Array>;
  wrong(): Promise<number>;
  never(): Promise<void>;
}

const schema = {
  add: { args: z.tuple([z.number(), z.number()]), result: z.number() },
  fail: { args: z.tuple([z.string().max(10)]), result: z.undefined() },
  bytes: { args: z.tuple([]), result: z.instanceof(Uint8Array) },
  wrong: { args: z.tuple([]), result: z.number() },
  never: { args: z.tuple([]), result: z.undefined() },
} satisfies ServiceSchema<Sums>;

const service: Sums = {
  add: async (a, b) => a + b,
  fail: async (how) => {
    if (how === "not") return;
    if (how === "known")
      throw new TwinboxError("disk-full", "No space.", { subject: "d", advice: "Free some." });
    throw new Error("secret: /home/somebody");
  },
  bytes: async () => Buffer.of(1, 2, 255),
  wrong: async () => "seven" as unknown as number,
  never: () => new Promise(() => {}),
};

/** Two ends whose messages cross as JSON texts, as over a WebSocket. */
function textPair(): [RpcPort, RpcPort, () => void] {
  const listeners: ((message: unknown) => void)[][] = [[], []];
  const closers: (() => void)[] = [];
  const end = (here: number): RpcPort => ({
    send(message) {
      const text = encodeMessage(message);
      queueMicrotask(() => {
        for (const listener of listeners[1 - here]) listener(decodeMessage(text));
      });
    },
    onMessage: (listener) => listeners[here].push(listener),
    onClose: (listener) => closers.push(listener),
    close: () => {},
  });
  return [end(0), end(1), () => closers.forEach((close) => void close())];
}

const opened: MessageChannel[] = [];
afterEach(() => {
  for (const channel of opened.splice(0)) channel.port1.close();
});

function structuredPair(): [RpcPort, RpcPort] {
  const channel = new MessageChannel();
  opened.push(channel);
  const port = (end: unknown) => messagePortPort(end as StructuredPort);
  return [port(channel.port1), port(channel.port2)];
}

test.each([
  ["JSON texts", textPair],
  ["structured clones", structuredPair],
])("calls, errors, bytes and events cross as %s", async (_what, pair) => {
  const [near, far] = pair();
  const onError = vi.fn();
  const emit = serveRpc<Sums>(far, schema, service, onError);
  const client = rpcClient<Sums, { n: number }>(near, schema, z.object({ n: z.number() }));
  const seen: number[] = [];
  client.events.on(({ n }) => seen.push(n));

  expect(await Promise.all([client.service.add(1, 2), client.service.add(3, 4)])).toEqual([3, 7]);
  expect(await client.service.fail("not")).toBeUndefined();
  expect([...(await client.service.bytes())]).toEqual([1, 2, 255]);
  await expect(client.service.fail("known")).rejects.toMatchObject({
    kind: "disk-full",
    message: "No space.",
    subject: "d",
    advice: "Free some.",
  });
  emit({ n: 5 });
  emit({ n: "not a number" });
  await client.service.add(0, 0);
  expect(seen).toEqual([5]);
});

test("an error of ours is logged here and told there without its words", async () => {
  const [near, far] = textPair();
  const onError = vi.fn();
  serveRpc<Sums>(far, schema, service, onError);
  const client = rpcClient<Sums, never>(near, schema, z.never());
  await expect(client.service.fail("unknown")).rejects.toMatchObject({
    kind: "internal",
    message: expect.not.stringContaining("secret"),
  });
  expect(onError).toHaveBeenCalledOnce();
});

test("a result of the wrong form is an error, not a surprise", async () => {
  const [near, far] = textPair();
  serveRpc<Sums>(far, schema, service);
  await expect(rpcClient<Sums, never>(near, schema, z.never()).service.wrong()).rejects.toMatchObject({
    kind: "internal",
  });
});

test.each([
  [{ id: 1, method: "toString", params: [] }, "no method"],
  [{ id: 1, method: "__proto__", params: [] }, "no method"],
  [{ id: 1, method: "constructor", params: [] }, "no method"],
  [{ id: 1, method: "add", params: [1] }, "Wrong arguments"],
  [{ id: 1, method: "add", params: ["1", 2] }, "Wrong arguments"],
  [{ id: 1, method: "add", params: [1, 2, 3] }, "Wrong arguments"],
  [{ id: 1, method: "fail", params: ["x".repeat(1000)] }, "Wrong arguments"],
])("a hostile call %j is refused, and the next one works", async (message, words) => {
  const [near, far] = textPair();
  serveRpc<Sums>(far, schema, service);
  const answer = new Promise<unknown>((resolve) => near.onMessage(resolve));
  near.send(message);
  expect(await answer).toMatchObject({
    id: 1,
    error: { kind: "invalid-argument", message: expect.stringContaining(words) },
  });
  expect(await rpcClient<Sums, never>(near, schema, z.never()).service.add(2, 2)).toBe(4);
});

test.each([
  [null],
  [7],
  ["text"],
  [[]],
  [{}],
  [{ id: -1, method: "add", params: [] }],
  [{ id: 1, method: 3, params: [] }],
])("what is no call (%j) is ignored", async (message) => {
  const [near, far] = textPair();
  serveRpc<Sums>(far, schema, service);
  near.send(message);
  expect(await rpcClient<Sums, never>(near, schema, z.never()).service.add(2, 2)).toBe(4);
});

test("calls under way are rejected when the port closes, and so are later ones", async () => {
  const [near, far, close] = textPair();
  serveRpc<Sums>(far, schema, service);
  const client = rpcClient<Sums, never>(near, schema, z.never());
  const call = client.service.never();
  close();
  await expect(call).rejects.toMatchObject({ kind: "io" });
  await expect(client.service.add(1, 1)).rejects.toMatchObject({ kind: "io" });
});

test("a flood of calls is refused beyond a limit", async () => {
  const [near, far] = textPair();
  serveRpc<Sums>(far, schema, service);
  const client = rpcClient<Sums, never>(near, schema, z.never());
  for (let i = 0; i < 256; i++) client.service.never().catch(() => {});
  await expect(client.service.add(1, 1)).rejects.toMatchObject({ kind: "busy" });
});
