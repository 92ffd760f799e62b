import { Ellipsis, Keyboard, Monitor, Play, TriangleAlert } from "lucide-react";
import { lazy, type ReactNode, Suspense } from "react";
import {
  Button,
  MenuTrigger,
  Popover,
  ToggleButton,
  ToggleButtonGroup,
  Toolbar,
} from "react-aria-components";
import type { MachineSummary } from "../../../electron/contract/manager.ts";
import iconUrl from "../../../resources/icon.svg";
import { commands, newMachine } from "../../commands/all.ts";
import { type CommandContext, execute, isEnabled } from "../../commands/command.ts";
import { CommandButton, CommandMenu } from "../../commands/command-ui.tsx";
import { ErrorBoundary } from "../../ui/error-boundary.tsx";
import { problemText } from "../../ui/problem.ts";
import { ScreenPanel } from "../console/screen-panel.tsx";
import { DetailsPanel } from "../details/details-panel.tsx";
import { StateLabel } from "../library/state-label.tsx";
import { isLive, useLibrary } from "../library/store.ts";
import { pause, powerOff, reset, resume, shutdown, start } from "../lifecycle/commands.ts";
import { closeCommand, split } from "./commands.ts";
import { activatePane, changePane, type Pane, useWorkspace, type PaneView as View } from "./store.ts";

// The terminal is the largest part of the bundle, and not needed for the first picture.
const SerialPanel = lazy(async () => ({ default: (await import("../serial/serial-panel.tsx")).SerialPanel }));

const viewWords: Record<View, string> = { screen: "Screen", serial: "Serial", details: "Details" };

/** One pane of the window: a machine's header, what is shown of it, and a place for its problem. */
export function PaneView({ pane }: { pane: Pane }) {
  const machine = useLibrary((state) =>
    pane.machine === null ? null : (state.machines[pane.machine] ?? null),
  );
  const isActive = useWorkspace((state) => state.active === pane.key && state.panes.length > 1);
  const several = useWorkspace((state) => state.panes.length > 1);
  const context: CommandContext = { pane, machine };
  return (
    <section
      id={pane.key}
      className="pane"
      tabIndex={-1}
      data-active={isActive || undefined}
      aria-label={machine ? `${machine.settings.name}: ${viewWords[pane.view]}` : "Empty pane"}
      onPointerDownCapture={() => activatePane(pane.key)}
      onFocusCapture={() => activatePane(pane.key)}
    >
      {machine ? (
        <>
          <PaneHeader context={{ pane, machine }} machine={machine} />
          <ErrorBoundary key={`${machine.settings.id}-${pane.view}`} what="This pane">
            <div className="pane-body">
              {machine.problem && <ProblemBanner machine={machine} context={context} />}
              <Suspense fallback={<p className="empty">Opening the terminal…</p>}>
                <div className="pane-content">{contentOf(pane, machine, context)}</div>
              </Suspense>
            </div>
          </ErrorBoundary>
        </>
      ) : (
        <>
          {several && (
            <header className="pane-header">
              <span className="pane-title" />
              <CommandButton command={closeCommand} context={context} />
            </header>
          )}
          <NoMachine context={context} />
        </>
      )}
    </section>
  );
}

function contentOf(pane: Pane, machine: MachineSummary, context: CommandContext): ReactNode {
  switch (pane.view) {
    case "screen":
      return isLive(machine.state) ? (
        <ScreenPanel pane={pane} machine={machine} />
      ) : (
        <SwitchedOff machine={machine} context={context} />
      );
    case "serial":
      return <SerialPanel pane={pane} machine={machine} />;
    case "details":
      return <DetailsPanel key={machine.settings.id} machine={machine} />;
  }
}

const menuCommands = commands.filter(
  (command) => command.group !== "Twinbox" && !command.id.startsWith("keyboard."),
);
const keyboardCommands = commands.filter((command) => command.group === "Keyboard");

function PaneHeader({ context, machine }: { context: CommandContext; machine: MachineSummary }) {
  const { pane } = context;
  const go = isEnabled(resume, context) ? resume : isEnabled(pause, context) ? pause : start;
  return (
    <header className="pane-header">
      <div className="pane-title">
        <h2>{machine.settings.name}</h2>
        <StateLabel state={machine.state} />
      </div>
      <ToggleButtonGroup
        aria-label="View"
        className="view-switch"
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[pane.view]}
        onSelectionChange={(keys) => {
          const [view] = keys as Set<View>;
          if (view) changePane(pane.key, { view });
        }}
      >
        {Object.entries(viewWords).map(([view, word]) => (
          <ToggleButton key={view} id={view} className="view-tab">
            {word}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
      <Toolbar aria-label={`Commands for ${machine.settings.name}`} className="pane-tools">
        <CommandButton command={go} context={context} labelled />
        <CommandButton command={reset} context={context} />
        <CommandButton command={shutdown} context={context} />
        <CommandButton command={powerOff} context={context} />
        <span className="tool-gap" />
        <MenuTrigger>
          <Button className="tool-button" aria-label="Keyboard" isDisabled={!isLive(machine.state)}>
            <Keyboard aria-hidden />
            <span className="tool-label">Keys</span>
          </Button>
          <Popover className="popover">
            <CommandMenu label="Keyboard" commands={keyboardCommands} context={context} />
          </Popover>
        </MenuTrigger>
        <CommandButton command={split} context={context} />
        <MenuTrigger>
          <Button className="icon-button" aria-label="More commands">
            <Ellipsis aria-hidden />
          </Button>
          <Popover className="popover">
            <CommandMenu label="More commands" commands={menuCommands} context={context} />
          </Popover>
        </MenuTrigger>
        <CommandButton command={closeCommand} context={context} />
      </Toolbar>
    </header>
  );
}

/** Why a machine stopped, or what is wrong with it, in its own words. */
function ProblemBanner({ machine, context }: { machine: MachineSummary; context: CommandContext }) {
  return (
    <div className="banner" data-tone="problem" role="alert">
      <TriangleAlert aria-hidden />
      <p>{problemText(machine.problem!)}</p>
      {isEnabled(start, context) && (
        <Button className="button" onPress={() => execute(start, context)}>
          Start Again
        </Button>
      )}
    </div>
  );
}

function SwitchedOff({ machine, context }: { machine: MachineSummary; context: CommandContext }) {
  const { settings, state, thumbnail } = machine;
  const words =
    state === "aborted" || state === "guru-meditation"
      ? "has stopped"
      : state === "saved"
        ? "is saved"
        : "is powered off";
  return (
    <div className="empty">
      {thumbnail ? (
        <img className="empty-picture" src={thumbnail} alt={`Last screen of ${settings.name}`} />
      ) : (
        <Monitor aria-hidden />
      )}
      <h3>
        {settings.name} {words}
      </h3>
      <p>
        {settings.memoryMib} MiB of memory,{" "}
        {settings.drives.length === 0 ? "no drives" : driveCount(settings.drives.length)}
      </p>
      <Button className="button" data-tone="primary" onPress={() => execute(start, context)}>
        <Play aria-hidden />
        Start
      </Button>
    </div>
  );
}

const driveCount = (n: number): string => (n === 1 ? "one drive" : `${n} drives`);

/** The first thing a new person sees: what to do. */
function NoMachine({ context }: { context: CommandContext }) {
  const loaded = useLibrary((state) => state.loaded);
  const none = useLibrary((state) => Object.keys(state.machines).length === 0);
  if (!loaded) return <p className="empty">Connecting to Twinbox…</p>;
  return (
    <div className="empty">
      {none ? <img className="empty-icon" src={iconUrl} alt="" /> : <Monitor aria-hidden />}
      <h3>{none ? "Drop a disk image to begin" : "Choose a machine"}</h3>
      <p>
        {none
          ? "A CD, hard disk or floppy image dropped on this window becomes a machine, ready to start. Two images become two machines, side by side."
          : "Pick one in the list to see its screen here, or drop an image on the window to make another."}
      </p>
      <Button
        className="button"
        data-tone={none ? "primary" : undefined}
        onPress={() => execute(newMachine, context)}
      >
        New Machine…
      </Button>
    </div>
  );
}
