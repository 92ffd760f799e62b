import { expect, test, vi } from "vitest";
import { machine } from "../testing/machines.ts";

vi.stubGlobal("localStorage", { getItem: () => null, setItem() {} });
const { commands, shortcutCommands } = await import("./all.ts");
const { isEnabled } = await import("./command.ts");

const context = (state: Parameters<typeof machine>[1]) => ({
  pane: { key: "pane", machine: "m", view: "screen" as const },
  machine: machine("m", state),
});

test("every command has an id of its own", () => {
  expect(new Set(commands.map((command) => command.id)).size).toBe(commands.length);
});

test("no two commands that can be done at the same time have the same keys", () => {
  for (const state of ["powered-off", "starting", "running", "paused", "aborted"] as const) {
    const keys = shortcutCommands.filter((command) => command.keys && isEnabled(command, context(state)));
    expect(new Set(keys.map((command) => command.keys)).size).toBe(keys.length);
  }
});

test("what can be done follows the machine's state", () => {
  const can = (state: Parameters<typeof machine>[1]) =>
    commands
      .filter((command) => command.id.startsWith("machine.") && isEnabled(command, context(state)))
      .map((command) => command.id.slice("machine.".length));
  expect(can("powered-off")).toEqual(["start", "remove"]);
  expect(can("aborted")).toEqual(["start", "remove"]);
  expect(can("running")).toEqual(["pause", "reset", "shutdown", "power-off"]);
  expect(can("paused")).toEqual(["resume", "reset", "power-off"]);
  expect(can("starting")).toEqual(["power-off"]);
});

test("without a machine nothing is offered that needs one", () => {
  const pane = { key: "pane", machine: null, view: "screen" as const };
  const offered = commands.filter((command) => isEnabled(command, { pane, machine: null }));
  expect(offered.filter(({ group }) => group === "Machine" || group === "Keyboard")).toEqual([]);
});
