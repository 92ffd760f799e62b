import type { LucideIcon } from "lucide-react";
import type { MachineSummary } from "../../electron/contract/manager.ts";
import { useLibrary } from "../features/library/store.ts";
import { notifyProblem } from "../features/notifications/store.ts";
import { activePane, type Pane, useWorkspace } from "../features/workspace/store.ts";

/** What a command acts on: a pane of the window, and the machine it is about. */
export interface CommandContext {
  pane: Pane;
  machine: MachineSummary | null;
}

/** One thing a person can do. Toolbar, menus, palette and shortcuts all derive from it. */
export interface Command {
  id: string;
  /** The menu and the palette's heading it stands under. */
  group: "Machine" | "Keyboard" | "View" | "Twinbox";
  label: string;
  icon?: LucideIcon;
  /** Such as `Ctrl+Shift+P` or `Host+F`; `Ctrl` is Cmd on macOS. */
  keys?: string;
  /** Whether it can be done now; always, where left out. */
  when?(context: CommandContext): boolean;
  run(context: CommandContext): void | Promise<void>;
}

export const isEnabled = (command: Command, context: CommandContext): boolean =>
  command.when?.(context) ?? true;

/** Runs a command if it can be done now; what goes wrong is shown in words. True if it was run. */
export function execute(command: Command, context: CommandContext): boolean {
  if (!isEnabled(command, context)) return false;
  void (async () => command.run(context))().catch(notifyProblem);
  return true;
}

/** The active pane and its machine. */
export function currentContext(): CommandContext {
  const pane = activePane(useWorkspace.getState());
  return contextOf(pane);
}

export function contextOf(pane: Pane): CommandContext {
  const machine = pane.machine === null ? null : (useLibrary.getState().machines[pane.machine] ?? null);
  return { pane, machine };
}
