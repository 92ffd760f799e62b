import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Bridge } from "../../electron/contract/bridge.ts";
import type { ConsoleOutput } from "../../electron/contract/console.ts";
import {
  decodeConsoleInput,
  encodeConsoleOutput,
  MAX_SERIAL_INPUT,
} from "../../electron/contract/console-codec.ts";
import { BridgeHost } from "./bridge-host.ts";
import { inMessages } from "./console-messages.ts";

/** A window that only passes messages, as the preload's do. */
class FakeWindow extends EventTarget {
  deliver(data: unknown, port: MessagePort, source: unknown = this): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data, ports: [port], source }));
  }
}

let page: FakeWindow;
let ends: MessagePort[];
beforeEach(() => {
  page = new FakeWindow();
  ends = [];
  vi.stubGlobal("window", page);
});
afterEach(() => {
  for (const end of ends) end.close();
});

function bridge(change: Partial<Bridge> = {}): Bridge {
  const introduce = (request: string) => {
    const { port1, port2 } = new MessageChannel();
    ends.push(port1);
    page.deliver({ twinboxPort: request }, port2);
  };
  return { connect: introduce, openConsole: introduce, addFile: vi.fn(), ...change };
}

const received = (port: MessagePort) =>
  new Promise<Uint8Array>((resolve) => {
    port.addEventListener("message", ({ data }) => resolve(data));
    port.start();
  });

test("what is sent before the port has come arrives once it has", async () => {
  let answer = () => {};
  const late = bridge();
  const host = new BridgeHost({
    ...late,
    openConsole: (request, machine) => {
      answer = () => late.openConsole(request, machine);
    },
  });
  const channel = host.openConsole("m", { output() {}, closed() {} });
  channel.send({ type: "key", code: "KeyA", down: true });
  answer();
  expect(decodeConsoleInput(await received(ends[0]!))).toEqual({ type: "key", code: "KeyA", down: true });
});

test("output is decoded, and the port's end is told", async () => {
  const outputs: ConsoleOutput[] = [];
  let closed = false;
  const host = new BridgeHost(bridge());
  host.openConsole("m", {
    output: (output) => outputs.push(output),
    closed() {
      closed = true;
    },
  });
  await vi.waitFor(() => expect(ends).toHaveLength(1));
  ends[0]!.postMessage(encodeConsoleOutput({ type: "leds", leds: 3 }));
  await vi.waitFor(() => expect(outputs).toEqual([{ type: "leds", leds: 3 }]));
  ends[0]!.close();
  await vi.waitFor(() => expect(closed).toBe(true));
});

test("a port from another window is not taken", async () => {
  let asked = "";
  const host = new BridgeHost(
    bridge({
      connect: (request) => {
        asked = request;
      },
    }),
  );
  let connected = false;
  void host
    .connect(
      () => {},
      () => {},
    )
    .then(() => {
      connected = true;
    });
  const { port1, port2 } = new MessageChannel();
  ends.push(port1);
  page.deliver({ twinboxPort: asked }, port2, new FakeWindow());
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(connected).toBe(false);
});

test("a file that cannot be added is told with its words", async () => {
  const problem = {
    kind: "truncated" as const,
    message: "It is cut off.",
    subject: null,
    advice: "Copy it again.",
  };
  const host = new BridgeHost(bridge({ addFile: async () => ({ problem }) }));
  const upload = host.upload(new File([], "x.iso"), {
    signal: new AbortController().signal,
    onProgress() {},
  });
  await expect(upload).rejects.toMatchObject({ kind: "truncated", advice: "Copy it again." });
});

test("a long paste into a serial port goes in messages that the machine takes", () => {
  const bytes = new Uint8Array(2 * MAX_SERIAL_INPUT + 5);
  const parts = inMessages({ type: "serial", port: 0, bytes });
  expect(parts.map((part) => part.type === "serial" && part.bytes.length)).toEqual([
    MAX_SERIAL_INPUT,
    MAX_SERIAL_INPUT,
    5,
  ]);
});
