import { FileDown, Search } from "lucide-react";
import type { Command, CommandContext } from "../../commands/command.ts";
import { download } from "../../ui/download.ts";
import { terminalOf } from "./terminals.ts";

const hasTerminal = ({ pane, machine }: CommandContext): boolean =>
  pane.view === "serial" && machine !== null;

export const serialCommands: Command[] = [
  {
    id: "serial.find",
    group: "View",
    label: "Find in Serial Port…",
    icon: Search,
    keys: "Ctrl+Shift+F",
    when: hasTerminal,
    run: ({ pane }) => terminalOf(pane.key)?.find(),
  },
  {
    id: "serial.save",
    group: "View",
    label: "Save Serial Port as Text…",
    icon: FileDown,
    when: hasTerminal,
    run({ pane, machine }) {
      const lines =
        terminalOf(pane.key)?.serialize.serialize({ excludeModes: true, excludeAltBuffer: true }) ?? "";
      download(new Blob([lines], { type: "text/plain" }), `${machine!.settings.name} serial.txt`);
    },
  },
];
