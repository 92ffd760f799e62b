import { beforeEach, expect, test } from "vitest";
import { machine, medium } from "../../testing/machines.ts";
import { sparkPoints } from "./spark-line.tsx";
import { applyEvent, filterMachines, LOAD_SAMPLES, sampleLoads, useLibrary } from "./store.ts";

beforeEach(() => useLibrary.setState({ machines: {}, media: {}, loads: {}, filter: "" }));

test("events add, change and remove machines and media", () => {
  applyEvent({ type: "machine", machine: machine("a") });
  applyEvent({ type: "machine", machine: machine("a", "running") });
  applyEvent({ type: "medium", medium: medium("disk") });
  expect(useLibrary.getState().machines.a?.state).toBe("running");
  applyEvent({ type: "machine-removed", id: "a" });
  applyEvent({ type: "medium-removed", id: "disk" });
  expect(useLibrary.getState()).toMatchObject({ machines: {}, media: {} });
});

test("the filter looks into name, system and the words of the state, in any order", () => {
  const machines = {
    a: machine("a", "running", "Debian 12"),
    b: machine("b", "powered-off", "Debian 9"),
    c: machine("c", "aborted", "FreeDOS"),
  };
  const names = (filter: string) => filterMachines(machines, filter).map(({ settings }) => settings.name);
  expect(names("")).toEqual(["Debian 9", "Debian 12", "FreeDOS"]);
  expect(names("running deb")).toEqual(["Debian 12"]);
  expect(names("powered off")).toEqual(["Debian 9"]);
  expect(names("nothing")).toEqual([]);
});

test("loads are kept while a machine runs, so many and no more", () => {
  applyEvent({ type: "machine", machine: machine("a", "running") });
  for (let n = 0; n < LOAD_SAMPLES + 5; n++) sampleLoads();
  expect(useLibrary.getState().loads.a).toHaveLength(LOAD_SAMPLES);
  applyEvent({ type: "machine", machine: machine("a") });
  sampleLoads();
  expect(useLibrary.getState().loads.a).toEqual([]);
});

test("the graph ends at the right edge and stays within its height", () => {
  const points = sparkPoints([0, 0.5, 3], 100, 20).split(" ");
  expect(points.at(-1)).toBe("100.0,1.0");
  expect(points[0]!.split(",")[1]).toBe("19.0");
});
