import { Camera, ClipboardPaste, Fullscreen, Keyboard, Scaling } from "lucide-react";
import { keysForCharacter } from "../../../electron/contract/us-keyboard.ts";
import type { Command, CommandContext } from "../../commands/command.ts";
import { download } from "../../ui/download.ts";
import { service } from "../connection/store.ts";
import { isLive } from "../library/store.ts";
import { notify } from "../notifications/store.ts";
import { scaleModes, setPreferences, usePreferences } from "../preferences/store.ts";
import { captureSoon } from "./capture.ts";
import { openSession } from "./session.ts";

const hasScreen = ({ machine }: CommandContext): boolean => machine !== null && isLive(machine.state);

/** Combinations that the host keeps for itself or that a browser does not let through. */
const chords: [label: string, codes: string[], keys?: string][] = [
  ["Ctrl+Alt+Del", ["ControlLeft", "AltLeft", "Delete"], "Host+Del"],
  ["Alt+Tab", ["AltLeft", "Tab"]],
  ["Alt+F4", ["AltLeft", "F4"]],
  ["Ctrl+Esc", ["ControlLeft", "Escape"]],
  ["Esc", ["Escape"]],
  ["Print Screen", ["PrintScreen"]],
  ["Alt+SysRq", ["AltLeft", "PrintScreen"]],
  ["Pause", ["Pause"]],
  ["Super", ["MetaLeft"]],
  ["Menu", ["ContextMenu"]],
  ["Right Ctrl", ["ControlRight"]],
  ["Ctrl+Alt+Backspace", ["ControlLeft", "AltLeft", "Backspace"], "Host+Backspace"],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((n): [string, string[], string] => [
    `Ctrl+Alt+F${n}`,
    ["ControlLeft", "AltLeft", `F${n}`],
    `Host+F${n}`,
  ]),
];

const chordCommands: Command[] = chords.map(([label, codes, keys]) => ({
  id: `keyboard.${label.toLowerCase().replaceAll(/[+ ]/g, "-")}`,
  group: "Keyboard",
  label: `Send ${label}`,
  icon: Keyboard,
  ...(keys && { keys }),
  when: hasScreen,
  run({ machine }) {
    const session = openSession(machine!.settings.id);
    for (const code of codes) session?.send({ type: "key", code, down: true });
    for (const code of codes.toReversed()) session?.send({ type: "key", code, down: false });
  },
}));

const scaleNames = { fit: "fit to the pane", whole: "whole multiples", actual: "actual size" };

export const consoleCommands: Command[] = [
  {
    id: "console.capture",
    group: "View",
    label: "Type into the Guest",
    icon: Keyboard,
    when: hasScreen,
    run: ({ pane }) => captureSoon(pane.key),
  },
  {
    id: "console.full-screen",
    group: "View",
    label: "Full Screen",
    icon: Fullscreen,
    keys: "Host+F",
    when: ({ pane }) => pane.machine !== null,
    run: ({ pane }) => toggleFullScreen(pane.key),
  },
  {
    id: "console.scale",
    group: "View",
    label: "Change Scaling",
    icon: Scaling,
    keys: "Host+C",
    run() {
      const at = scaleModes.indexOf(usePreferences.getState().scaleMode);
      const scaleMode = scaleModes[(at + 1) % scaleModes.length]!;
      setPreferences({ scaleMode });
      notify(`Scaling: ${scaleNames[scaleMode]}.`);
    },
  },
  {
    id: "console.screenshot",
    group: "Machine",
    label: "Save Screenshot…",
    icon: Camera,
    keys: "Host+E",
    when: hasScreen,
    async run({ machine }) {
      const png = await service().screenshot(machine!.settings.id);
      const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
      download(
        new Blob([png as Uint8Array<ArrayBuffer>], { type: "image/png" }),
        `${machine!.settings.name} ${time}.png`,
      );
    },
  },
  {
    id: "console.paste",
    group: "Keyboard",
    label: "Type Text from the Clipboard",
    icon: ClipboardPaste,
    keys: "Host+V",
    when: hasScreen,
    run: async ({ machine }) => typeText(machine!.settings.id, await navigator.clipboard.readText()),
  },
  ...chordCommands,
];

/** Milliseconds from one typed character to the next, so that a guest's keyboard buffer does not overflow. */
const TYPING_INTERVAL = 15;

/** Strikes a text on a US keyboard; says which characters that keyboard does not have. */
async function typeText(machine: string, text: string): Promise<void> {
  const missing = new Set<string>();
  for (const character of text.replaceAll("\r\n", "\n")) {
    const session = openSession(machine);
    if (!session) return;
    const codes = keysForCharacter(character);
    if (!codes) {
      missing.add(character);
      continue;
    }
    for (const code of codes) session.send({ type: "key", code, down: true });
    for (const code of codes.toReversed()) session.send({ type: "key", code, down: false });
    await new Promise((resolve) => setTimeout(resolve, TYPING_INTERVAL));
  }
  if (missing.size > 0) notify(`A US keyboard has no key for ${[...missing].join(" ")}: left out.`);
}

/** The pane fills the monitor; where the browser can, it also passes on keys that the system keeps. */
async function toggleFullScreen(pane: string): Promise<void> {
  if (document.fullscreenElement) return document.exitFullscreen();
  await document.getElementById(pane)?.requestFullscreen();
  const keyboard = (navigator as { keyboard?: { lock(): Promise<void> } }).keyboard;
  await keyboard?.lock();
  captureSoon(pane);
}
