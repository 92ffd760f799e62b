import { create } from "zustand";
import type {
  MachineState,
  MachineSummary,
  ManagerEvent,
  ManagerService,
  Medium,
} from "../../../electron/contract/manager.ts";

/** Samples of processor load kept for the graph of a row, one a second. */
export const LOAD_SAMPLES = 40;

interface LibraryState {
  /** False until the manager has told for the first time what there is. */
  loaded: boolean;
  machines: Record<string, MachineSummary>;
  media: Record<string, Medium>;
  /** Processor load by machine, newest last. */
  loads: Record<string, number[]>;
  filter: string;
}

export const useLibrary = create<LibraryState>()(() => ({
  loaded: false,
  machines: {},
  media: {},
  loads: {},
  filter: "",
}));

/**
 * Reads everything anew, after a connection was made. Each list is taken over as it arrives: an event that comes
 * after it is newer.
 */
export async function loadLibrary(service: ManagerService): Promise<void> {
  const machines = service.listMachines().then((list) =>
    useLibrary.setState({
      machines: Object.fromEntries(list.map((machine) => [machine.settings.id, machine])),
    }),
  );
  const media = service
    .listMedia()
    .then((list) =>
      useLibrary.setState({ media: Object.fromEntries(list.map((medium) => [medium.id, medium])) }),
    );
  await Promise.all([machines, media]);
  useLibrary.setState({ loaded: true });
}

const without = <T>(record: Record<string, T>, id: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== id));

export function applyEvent(event: ManagerEvent): void {
  useLibrary.setState((state) => {
    switch (event.type) {
      case "machine":
        return { machines: { ...state.machines, [event.machine.settings.id]: event.machine } };
      case "machine-removed":
        return { machines: without(state.machines, event.id), loads: without(state.loads, event.id) };
      case "medium":
        return { media: { ...state.media, [event.medium.id]: event.medium } };
      case "medium-removed":
        return { media: without(state.media, event.id) };
    }
  });
}

/** Takes one sample of every machine's load. A machine that does not run has a flat line, then none. */
export function sampleLoads(): void {
  useLibrary.setState(({ machines, loads }) => {
    const next: Record<string, number[]> = {};
    for (const machine of Object.values(machines)) {
      const past = loads[machine.settings.id] ?? [];
      if (isLive(machine.state) || past.length > 0)
        next[machine.settings.id] = isLive(machine.state)
          ? [...past, machine.cpuLoad ?? 0].slice(-LOAD_SAMPLES)
          : [];
    }
    return { loads: next };
  });
}

/** True while a machine has a process of its own, and so a console. */
export const isLive = (state: MachineState): boolean =>
  state === "starting" || state === "running" || state === "paused" || state === "stopping";

/** True when the machine's settings may be changed and it can be started. */
export const isOff = (state: MachineState): boolean =>
  state === "powered-off" || state === "aborted" || state === "guru-meditation";

/** The machines whose name, system or state contains every word of the filter, by name. */
export function filterMachines(machines: Record<string, MachineSummary>, filter: string): MachineSummary[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return Object.values(machines)
    .filter(({ settings, state }) => {
      const text = `${settings.name} ${settings.system} ${stateWords[state]}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => a.settings.name.localeCompare(b.settings.name, undefined, { numeric: true }));
}

export const stateWords: Record<MachineState, string> = {
  "powered-off": "Powered Off",
  starting: "Starting",
  running: "Running",
  paused: "Paused",
  stopping: "Stopping",
  saved: "Saved",
  aborted: "Aborted",
  "guru-meditation": "Guru Meditation",
};
