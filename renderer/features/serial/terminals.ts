import type { SearchAddon } from "@xterm/addon-search";
import type { SerializeAddon } from "@xterm/addon-serialize";
import type { Terminal } from "@xterm/xterm";

/** A pane's terminal, for the commands that act on it. */
export interface OpenTerminal {
  terminal: Terminal;
  search: SearchAddon;
  serialize: SerializeAddon;
  /** Shows the search field. */
  find(): void;
}

const terminals = new Map<string, OpenTerminal>();

export function registerTerminal(pane: string, terminal: OpenTerminal): () => void {
  terminals.set(pane, terminal);
  return () => {
    if (terminals.get(pane) === terminal) terminals.delete(pane);
  };
}

export const terminalOf = (pane: string): OpenTerminal | undefined => terminals.get(pane);
