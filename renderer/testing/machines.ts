import type { MachineState, MachineSummary, Medium } from "../../electron/contract/manager.ts";

/** A machine for tests, with nothing in it. */
export function machine(id: string, state: MachineState = "powered-off", name = id): MachineSummary {
  return {
    settings: {
      version: 1,
      id,
      name,
      engine: "pc",
      system: "unknown",
      memoryMib: 64,
      bootOrder: ["cdrom", "disk", "floppy"],
      drives: [],
    },
    state,
    problem: null,
    cpuLoad: state === "running" ? 0.5 : null,
    thumbnail: null,
  };
}

/** An image for tests. */
export function medium(id: string, change: Partial<Medium> = {}): Medium {
  return {
    id,
    name: `${id}.img`,
    kind: "disk",
    size: 1 << 20,
    readOnly: false,
    system: "unknown",
    systemName: "",
    memoryMib: 64,
    ...change,
  };
}
