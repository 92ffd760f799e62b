import { Pause, Play, Power, RotateCcw, StepForward, Trash2, Unplug } from "lucide-react";
import type { MachineState } from "../../../electron/contract/manager.ts";
import type { Command, CommandContext } from "../../commands/command.ts";
import { service } from "../connection/store.ts";
import { captureSoon } from "../console/capture.ts";
import { isOff } from "../library/store.ts";
import { confirm, notify } from "../notifications/store.ts";
import { startMachine } from "./start-machine.ts";

const inState =
  (...states: MachineState[]) =>
  ({ machine }: CommandContext): boolean =>
    machine !== null && states.includes(machine.state);

const idOf = ({ machine }: CommandContext): string => machine!.settings.id;
const nameOf = ({ machine }: CommandContext): string => machine!.settings.name;

export const start: Command = {
  id: "machine.start",
  group: "Machine",
  label: "Start",
  icon: Play,
  when: ({ machine }) => machine !== null && (isOff(machine.state) || machine.state === "saved"),
  async run(context) {
    await startMachine(idOf(context));
    if (context.pane.view === "screen") captureSoon(context.pane.key);
  },
};

export const pause: Command = {
  id: "machine.pause",
  group: "Machine",
  label: "Pause",
  icon: Pause,
  keys: "Host+P",
  when: inState("running"),
  run: (context) => service().pause(idOf(context)),
};

export const resume: Command = {
  id: "machine.resume",
  group: "Machine",
  label: "Resume",
  icon: StepForward,
  keys: "Host+P",
  when: inState("paused"),
  run: (context) => service().resume(idOf(context)),
};

export const reset: Command = {
  id: "machine.reset",
  group: "Machine",
  label: "Reset…",
  icon: RotateCcw,
  keys: "Host+R",
  when: inState("running", "paused"),
  async run(context) {
    const { confirmed } = await confirm({
      title: `Reset ${nameOf(context)}?`,
      body: "The guest starts again at once, as after its reset button. What it has not saved is lost.",
      action: "Reset",
    });
    if (confirmed) await service().reset(idOf(context));
  },
};

export const shutdown: Command = {
  id: "machine.shutdown",
  group: "Machine",
  label: "ACPI Shutdown",
  icon: Power,
  keys: "Host+H",
  when: inState("running"),
  async run(context) {
    await service().shutdown(idOf(context));
    notify(`The power button of ${nameOf(context)} was pressed. It goes off when its system has shut down.`);
  },
};

export const powerOff: Command = {
  id: "machine.power-off",
  group: "Machine",
  label: "Power Off…",
  icon: Unplug,
  when: inState("starting", "running", "paused", "stopping"),
  async run(context) {
    const { confirmed } = await confirm({
      title: `Power off ${nameOf(context)}?`,
      body: "This is like pulling the plug: what the guest has not saved is lost. ACPI Shutdown lets it end in order.",
      action: "Power Off",
    });
    if (confirmed) await service().powerOff(idOf(context));
  },
};

export const remove: Command = {
  id: "machine.remove",
  group: "Machine",
  label: "Remove…",
  icon: Trash2,
  when: ({ machine }) => machine !== null && isOff(machine.state),
  async run(context) {
    const hasMedia = context.machine!.settings.drives.some((drive) => drive.medium !== null);
    const { confirmed, option } = await confirm({
      title: `Remove ${nameOf(context)}?`,
      body: "Its settings, logs and serial scrollback are deleted. Its images stay in the media list.",
      action: "Remove",
      ...(hasMedia && { option: "Delete its images too" }),
    });
    if (confirmed) await service().removeMachine(idOf(context), option);
  },
};

export const lifecycleCommands: Command[] = [start, resume, pause, reset, shutdown, powerOff, remove];
