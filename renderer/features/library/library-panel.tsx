import { Columns2, Ellipsis, Monitor, Plus, Search, X } from "lucide-react";
import { useMemo } from "react";
import {
  Button,
  GridList,
  GridListItem,
  Input,
  MenuTrigger,
  Popover,
  SearchField,
} from "react-aria-components";
import type { MachineSummary } from "../../../electron/contract/manager.ts";
import { commands, newMachine, showMedia, showPalette, showPreferences } from "../../commands/all.ts";
import { contextOf } from "../../commands/command.ts";
import { CommandButton, CommandMenu } from "../../commands/command-ui.tsx";
import { Hint } from "../../ui/controls.tsx";
import { activePane, openBeside, openMachine, type Pane, useWorkspace } from "../workspace/store.ts";
import { SparkLine } from "./spark-line.tsx";
import { StateLabel } from "./state-label.tsx";
import { filterMachines, useLibrary } from "./store.ts";
import "./library.css";

const rowCommands = commands.filter(
  (command) => command.group === "Machine" && command.id !== "console.screenshot",
);

/** The list of machines. Choosing one shows it in the active pane. */
export function LibraryPanel() {
  const machines = useLibrary((state) => state.machines);
  const filter = useLibrary((state) => state.filter);
  const pane = useWorkspace(activePane);
  const rows = useMemo(() => filterMachines(machines, filter), [machines, filter]);
  const empty = Object.keys(machines).length === 0;
  const context = contextOf(pane);

  return (
    <nav className="library" aria-label="Machines">
      <header className="library-header">
        <h2>Machines</h2>
        <CommandButton command={showPalette} context={context} />
      </header>
      {!empty && (
        <SearchField
          className="filter"
          aria-label="Filter machines"
          value={filter}
          onChange={(value) => useLibrary.setState({ filter: value })}
        >
          <Search aria-hidden />
          <Input className="input" placeholder="Filter by name or state" />
          <Button className="icon-button">
            <X aria-hidden />
          </Button>
        </SearchField>
      )}
      <MachineList rows={rows} selected={pane.machine} empty={empty} />
      <footer className="library-footer">
        <Button className="tool-button" onPress={() => newMachine.run(context)}>
          <Plus aria-hidden />
          New
        </Button>
        <span className="library-drop">or drop images</span>
        <CommandButton command={showMedia} context={context} />
        <CommandButton command={showPreferences} context={context} />
      </footer>
    </nav>
  );
}

interface ListProps {
  rows: MachineSummary[];
  selected: string | null;
  empty: boolean;
}

function MachineList({ rows, selected, empty }: ListProps) {
  const loaded = useLibrary((state) => state.loaded);
  const loads = useLibrary((state) => state.loads);
  return (
    <GridList
      aria-label="Machines"
      className="machine-list"
      selectionMode="single"
      selectionBehavior="replace"
      disallowEmptySelection
      selectedKeys={selected === null ? [] : [selected]}
      onSelectionChange={(keys) => {
        const [id] = keys as Set<string>;
        if (id !== undefined) openMachine(id);
      }}
      items={rows}
      dependencies={[loads]}
      renderEmptyState={() => (
        <p className="list-empty">
          {!loaded
            ? "Reading the machines…"
            : empty
              ? "No machines yet."
              : "No machine has these words in its name or state."}
        </p>
      )}
    >
      {(machine) => (
        <MachineRow id={machine.settings.id} machine={machine} samples={loads[machine.settings.id] ?? []} />
      )}
    </GridList>
  );
}

function MachineRow({ id, machine, samples }: { id: string; machine: MachineSummary; samples: number[] }) {
  const { settings, state, thumbnail } = machine;
  // A row's commands act on its machine, wherever that is shown or not.
  const pane: Pane = { key: useWorkspace(activePane).key, machine: id, view: "details" };
  return (
    <GridListItem id={id} textValue={settings.name} className="machine-row">
      <span className="thumbnail">
        {thumbnail ? <img src={thumbnail} alt="" /> : <Monitor aria-hidden />}
      </span>
      <span className="machine-text">
        <span className="machine-name">{settings.name}</span>
        <span className="machine-line">
          <StateLabel state={state} />
          <SparkLine samples={samples} />
        </span>
      </span>
      <span className="row-actions">
        <Hint text="Open beside">
          <Button
            className="icon-button"
            aria-label={`Open ${settings.name} beside`}
            onPress={() => openBeside(id)}
          >
            <Columns2 aria-hidden />
          </Button>
        </Hint>
        <MenuTrigger>
          <Button className="icon-button" aria-label={`Commands for ${settings.name}`}>
            <Ellipsis aria-hidden />
          </Button>
          <Popover className="popover">
            <CommandMenu label={settings.name} commands={rowCommands} context={{ pane, machine }} />
          </Popover>
        </MenuTrigger>
      </span>
    </GridListItem>
  );
}
