import {
  Bug,
  CircleOff,
  LoaderCircle,
  type LucideIcon,
  Pause,
  Play,
  Save,
  TriangleAlert,
} from "lucide-react";
import type { MachineState } from "../../../electron/contract/manager.ts";
import { stateWords } from "./store.ts";

const icons: Record<MachineState, LucideIcon> = {
  "powered-off": CircleOff,
  starting: LoaderCircle,
  running: Play,
  paused: Pause,
  stopping: LoaderCircle,
  saved: Save,
  aborted: TriangleAlert,
  "guru-meditation": Bug,
};

/** A machine's state by icon and word, never by colour alone. */
export function StateLabel({ state }: { state: MachineState }) {
  const Icon = icons[state];
  return (
    <span className="state" data-state={state}>
      <Icon aria-hidden />
      {stateWords[state]}
    </span>
  );
}
