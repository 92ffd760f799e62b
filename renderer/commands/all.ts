import { Command as CommandIcon, Disc3, Keyboard, Plus, Settings } from "lucide-react";
import { consoleCommands } from "../features/console/commands.ts";
import { lifecycleCommands } from "../features/lifecycle/commands.ts";
import { serialCommands } from "../features/serial/commands.ts";
import { workspaceCommands } from "../features/workspace/commands.ts";
import { openDialog } from "../ui/dialogs.ts";
import type { Command } from "./command.ts";

export const newMachine: Command = {
  id: "app.new-machine",
  group: "Twinbox",
  label: "New Machine…",
  icon: Plus,
  keys: "Host+N",
  run: () => openDialog("new-machine"),
};

export const showMedia: Command = {
  id: "app.media",
  group: "Twinbox",
  label: "Media…",
  icon: Disc3,
  keys: "Host+D",
  run: () => openDialog("media"),
};

export const showPreferences: Command = {
  id: "app.preferences",
  group: "Twinbox",
  label: "Preferences…",
  icon: Settings,
  keys: "Ctrl+,",
  run: () => openDialog("preferences"),
};

export const showPalette: Command = {
  id: "app.palette",
  group: "Twinbox",
  label: "All Commands…",
  icon: CommandIcon,
  keys: "Ctrl+Shift+P",
  run: () => openDialog("palette"),
};

const showPaletteFromGuest: Command = { ...showPalette, id: "app.palette-host", keys: "Host+A" };

export const showKeys: Command = {
  id: "app.keys",
  group: "Twinbox",
  label: "Keyboard Shortcuts…",
  icon: Keyboard,
  keys: "Host+K",
  run: () => openDialog("keys"),
};

/** Every command of the window, in the order of menus and palette. */
export const commands: readonly Command[] = [
  newMachine,
  ...lifecycleCommands,
  ...workspaceCommands,
  ...consoleCommands,
  ...serialCommands,
  showMedia,
  showPreferences,
  showKeys,
  showPalette,
];

/** With second combinations for what a guest that has the keyboard would keep from the window. */
export const shortcutCommands: readonly Command[] = [...commands, showPaletteFromGuest];
