import { z } from "zod";
import { create } from "zustand";
import { loadStored, saveStored } from "../../ui/storage.ts";

export const paneViews = ["screen", "serial", "details"] as const;
export type PaneView = (typeof paneViews)[number];

/** More would leave none of them readable. */
export const MAX_PANES = 4;

const workspaceSchema = z.object({
  panes: z
    .array(z.object({ key: z.string(), machine: z.string().nullable(), view: z.enum(paneViews) }))
    .min(1)
    .max(MAX_PANES),
  active: z.string(),
  /** Share of each pane's width in percent, by key. */
  layout: z.record(z.string(), z.number()),
  sidebar: z.boolean(),
});

type WorkspaceState = z.infer<typeof workspaceSchema>;

/** A part of the window that shows one machine: its screen, its serial port or its details. */
export type Pane = WorkspaceState["panes"][number];

const newPane = (machine: string | null, view: PaneView): Pane => ({
  key: `pane-${crypto.randomUUID()}`,
  machine,
  view,
});

function initial(): WorkspaceState {
  const pane = newPane(null, "screen");
  return { panes: [pane], active: pane.key, layout: {}, sidebar: true };
}

export const useWorkspace = create<WorkspaceState>()(
  () => loadStored("workspace", workspaceSchema) ?? initial(),
);

useWorkspace.subscribe((state) => saveStored("workspace", state));

export const activePane = ({ panes, active }: WorkspaceState): Pane =>
  panes.find((pane) => pane.key === active) ?? panes[0]!;

export function activatePane(key: string): void {
  if (useWorkspace.getState().active !== key) useWorkspace.setState({ active: key });
}

export function changePane(key: string, change: Partial<Omit<Pane, "key">>): void {
  useWorkspace.setState(({ panes }) => ({
    panes: panes.map((pane) => (pane.key === key ? { ...pane, ...change } : pane)),
  }));
}

/** Shows a machine in the active pane, or goes to the pane that shows it already. */
export function openMachine(machine: string, view?: PaneView): void {
  const state = useWorkspace.getState();
  const current = activePane(state);
  const shown = current.machine === machine ? current : state.panes.find((pane) => pane.machine === machine);
  if (shown) {
    activatePane(shown.key);
    if (view) changePane(shown.key, { view });
  } else changePane(current.key, { machine, view: view ?? "screen" });
}

/** Shows a machine beside the active pane, in a new pane while there is room, else in the next one. */
export function openBeside(machine: string | null, view: PaneView = "screen"): void {
  const state = useWorkspace.getState();
  const at = state.panes.indexOf(activePane(state));
  if (state.panes.length < MAX_PANES) {
    const pane = newPane(machine, view);
    useWorkspace.setState({ panes: state.panes.toSpliced(at + 1, 0, pane), active: pane.key, layout: {} });
  } else {
    const next = state.panes[(at + 1) % state.panes.length]!;
    changePane(next.key, { machine, view });
    activatePane(next.key);
  }
}

/** Closes a pane; the last one is emptied. The machine goes on. */
export function closePane(key: string): void {
  const { panes, active } = useWorkspace.getState();
  if (panes.length === 1) {
    changePane(key, { machine: null, view: "screen" });
    return;
  }
  const at = panes.findIndex((pane) => pane.key === key);
  const left = panes.toSpliced(at, 1);
  useWorkspace.setState({
    panes: left,
    layout: {},
    active: active === key ? left[Math.max(0, at - 1)]!.key : active,
  });
}

export function focusNextPane(step: 1 | -1): void {
  const state = useWorkspace.getState();
  const at = state.panes.indexOf(activePane(state));
  activatePane(state.panes[(at + step + state.panes.length) % state.panes.length]!.key);
}

/** Empties the panes of a machine that is gone. */
export function forgetMachine(machine: string): void {
  useWorkspace.setState(({ panes }) => ({
    panes: panes.map((pane) =>
      pane.machine === machine ? { ...pane, machine: null, view: "screen" } : pane,
    ),
  }));
}
