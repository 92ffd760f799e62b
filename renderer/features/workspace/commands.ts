import { Columns2, Monitor, PanelLeft, SlidersHorizontal, SquareTerminal, X } from "lucide-react";
import type { Command } from "../../commands/command.ts";
import { keyboardOwner } from "../console/capture.ts";
import { changePane, closePane, focusNextPane, openBeside, type PaneView, useWorkspace } from "./store.ts";

const show = (view: PaneView, label: string, icon: Command["icon"], keys: string): Command => ({
  id: `view.${view}`,
  group: "View",
  label,
  ...(icon && { icon }),
  keys,
  when: ({ machine, pane }) => machine !== null && pane.view !== view,
  run: ({ pane }) => changePane(pane.key, { view }),
});

export const split: Command = {
  id: "view.split",
  group: "View",
  label: "Split: Another Pane Beside",
  icon: Columns2,
  keys: "Host+\\",
  run: ({ pane }) => openBeside(pane.machine, pane.view === "screen" ? "serial" : "screen"),
};

export const closeCommand: Command = {
  id: "view.close",
  group: "View",
  label: "Close Pane (the Machine Goes On)",
  icon: X,
  keys: "Host+Q",
  when: ({ pane }) => pane.machine !== null || useWorkspace.getState().panes.length > 1,
  run: ({ pane }) => closePane(pane.key),
};

const step = (by: 1 | -1): void => {
  keyboardOwner()?.release();
  focusNextPane(by);
  document.getElementById(useWorkspace.getState().active)?.focus();
};

const several = (): boolean => useWorkspace.getState().panes.length > 1;

export const workspaceCommands: Command[] = [
  show("screen", "Show Screen", Monitor, "Host+1"),
  show("serial", "Show Serial Port", SquareTerminal, "Host+2"),
  show("details", "Show Details and Settings", SlidersHorizontal, "Host+S"),
  split,
  closeCommand,
  {
    id: "view.next",
    group: "View",
    label: "Next Pane",
    keys: "Host+Right",
    when: several,
    run: () => step(1),
  },
  {
    id: "view.previous",
    group: "View",
    label: "Previous Pane",
    keys: "Host+Left",
    when: several,
    run: () => step(-1),
  },
  {
    id: "view.sidebar",
    group: "View",
    label: "Show or Hide the Machine List",
    icon: PanelLeft,
    keys: "Host+B",
    run: () => useWorkspace.setState(({ sidebar }) => ({ sidebar: !sidebar })),
  },
];
