import { Search } from "lucide-react";
import {
  Autocomplete,
  Dialog,
  Input,
  Keyboard,
  Menu,
  MenuItem,
  Modal,
  ModalOverlay,
  SearchField,
  Text,
} from "react-aria-components";
import { useLibrary } from "../features/library/store.ts";
import { openBeside, openMachine } from "../features/workspace/store.ts";
import { closeDialog } from "../ui/dialogs.ts";
import { commands } from "./all.ts";
import { currentContext, execute, isEnabled } from "./command.ts";
import { useKeyWords } from "./command-ui.tsx";

/** True if every word of the filter occurs in the text, in any order. */
export function matchesWords(text: string, filter: string): boolean {
  const lower = text.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/** Everything that can be done now, found by its words; and every machine by its name. */
export function Palette() {
  const keyWords = useKeyWords();
  const machines = useLibrary((state) => state.machines);
  const context = currentContext();
  const enabled = commands.filter((command) => command.id !== "app.palette" && isEnabled(command, context));
  const where = context.machine?.settings.name;

  const act = (id: string) => {
    closeDialog();
    const [verb, machine] = id.split(":");
    if (verb === "open") return openMachine(machine!);
    if (verb === "beside") return openBeside(machine!);
    const command = commands.find((candidate) => candidate.id === id);
    // Once the palette is gone and the focus is back: a command may move it.
    if (command) setTimeout(() => execute(command, context));
  };

  return (
    <ModalOverlay
      className="overlay overlay-top"
      isOpen
      isDismissable
      onOpenChange={(open) => !open && closeDialog()}
    >
      <Modal className="modal palette">
        <Dialog aria-label="All commands" className="palette-dialog">
          <Autocomplete filter={matchesWords}>
            <SearchField aria-label="Find a command or machine" autoFocus className="palette-search">
              <Search aria-hidden />
              <Input className="palette-input" placeholder="Find a command or machine" />
            </SearchField>
            <Menu
              className="menu palette-list"
              aria-label="Commands"
              onAction={(id) => act(String(id))}
              renderEmptyState={() => (
                <p className="palette-empty">Nothing by these words can be done now.</p>
              )}
            >
              {enabled.map((command) => {
                const subject =
                  command.group === "Machine" || command.group === "Keyboard" ? where : undefined;
                return (
                  <MenuItem
                    key={command.id}
                    id={command.id}
                    className="menu-item"
                    textValue={`${command.group} ${command.label} ${subject ?? ""}`}
                  >
                    <span className="menu-icon">{command.icon && <command.icon aria-hidden />}</span>
                    <Text slot="label">
                      {command.label}
                      {subject && <span className="palette-subject">{subject}</span>}
                    </Text>
                    {command.keys && <Keyboard>{keyWords(command.keys)}</Keyboard>}
                  </MenuItem>
                );
              })}
              {Object.values(machines).flatMap(({ settings: { id, name } }) =>
                [
                  { key: `open:${id}`, words: `Go to ${name}` },
                  { key: `beside:${id}`, words: `Open ${name} Beside` },
                ].map(({ key, words }) => (
                  <MenuItem key={key} id={key} className="menu-item" textValue={words}>
                    <span className="menu-icon" />
                    <Text slot="label">{words}</Text>
                  </MenuItem>
                )),
              )}
            </Menu>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
