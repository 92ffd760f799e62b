import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ManagerService } from "../../../electron/contract/manager.ts";
import type { Host } from "../../host/host.ts";
import { keepConnected, service, useConnection } from "./store.ts";

const fakeService = {} as ManagerService;
let reachable: boolean;
let attempts: number;
let lose: () => void;

const host = {
  async connect(_onEvent, onLost) {
    attempts++;
    if (!reachable) throw new Error("not reachable");
    lose = onLost;
    return { service: fakeService, close() {} };
  },
} as Partial<Host> as Host;

const status = () => useConnection.getState().status;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  useConnection.setState({ status: "connecting", service: null });
  reachable = true;
  attempts = 0;
});
afterEach(() => vi.useRealTimers());

test("everything is read before the window counts as connected", async () => {
  let finish = () => {};
  const read = new Promise<void>((resolve) => {
    finish = resolve;
  });
  keepConnected(host, { event() {}, connected: () => read });
  await vi.advanceTimersByTimeAsync(10);
  expect(status()).toBe("connecting");
  finish();
  await vi.advanceTimersByTimeAsync(0);
  expect(status()).toBe("connected");
  expect(service()).toBe(fakeService);
});

test("a lost connection is made again by itself, ever more slowly, and read anew", async () => {
  const connected = vi.fn(async () => {});
  keepConnected(host, { event() {}, connected });
  await vi.advanceTimersByTimeAsync(0);
  reachable = false;
  lose();
  expect(status()).toBe("lost");
  expect(() => service()).toThrow(/not connected/);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts).toBeGreaterThan(10);
  expect(attempts).toBeLessThan(25);
  reachable = true;
  await vi.advanceTimersByTimeAsync(4000);
  expect(status()).toBe("connected");
  expect(connected).toHaveBeenCalledTimes(2);
});

test("the person may try at once", async () => {
  reachable = false;
  const retry = keepConnected(host, { event() {}, connected: async () => {} });
  await vi.advanceTimersByTimeAsync(60_000);
  reachable = true;
  retry();
  await vi.advanceTimersByTimeAsync(0);
  expect(status()).toBe("connected");
});
