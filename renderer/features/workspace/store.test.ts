import { beforeEach, expect, test, vi } from "vitest";

const stored = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
});

const load = async () => {
  vi.resetModules();
  return import("./store.ts");
};

beforeEach(() => stored.clear());

test("a machine opens in the active pane, and once open is gone to", async () => {
  const { activePane, openBeside, openMachine, useWorkspace } = await load();
  openMachine("a");
  openBeside("b");
  expect(useWorkspace.getState().panes.map((pane) => pane.machine)).toEqual(["a", "b"]);
  openMachine("a");
  expect(activePane(useWorkspace.getState()).machine).toBe("a");
  expect(useWorkspace.getState().panes).toHaveLength(2);
});

test("beside a full row, the next pane is taken", async () => {
  const { MAX_PANES, openBeside, openMachine, useWorkspace } = await load();
  openMachine("0");
  for (let n = 1; n <= MAX_PANES; n++) openBeside(String(n));
  const { panes } = useWorkspace.getState();
  expect(panes).toHaveLength(MAX_PANES);
  expect(panes.map((pane) => pane.machine)).toContain(String(MAX_PANES));
});

test("closing goes to the neighbour, and the last pane stays empty", async () => {
  const { activePane, closePane, openBeside, openMachine, useWorkspace } = await load();
  openMachine("a");
  openBeside("b");
  closePane(activePane(useWorkspace.getState()).key);
  expect(activePane(useWorkspace.getState()).machine).toBe("a");
  closePane(activePane(useWorkspace.getState()).key);
  expect(useWorkspace.getState().panes).toMatchObject([{ machine: null }]);
});

test("panes and their widths survive a reload", async () => {
  const before = await load();
  before.openMachine("a", "serial");
  before.openBeside("b");
  const keys = before.useWorkspace.getState().panes.map((pane) => pane.key);
  before.useWorkspace.setState({ layout: { [keys[0]!]: 30, [keys[1]!]: 70 } });
  const after = await load();
  expect(after.useWorkspace.getState()).toEqual(before.useWorkspace.getState());
});

test("a layout that cannot be read is left behind", async () => {
  stored.set("twinbox.workspace", '{"panes":"many"}');
  const { useWorkspace } = await load();
  expect(useWorkspace.getState().panes).toHaveLength(1);
});
