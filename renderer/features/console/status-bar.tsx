import { Disc3, HardDrive, Keyboard, MousePointer2, Network, Save } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import type { MachineSummary } from "../../../electron/contract/manager.ts";
import { formatPercent } from "../../ui/format.ts";
import { hostKeyNames, usePreferences } from "../preferences/store.ts";
import type { Pane } from "../workspace/store.ts";
import { useCapture } from "./capture.ts";
import type { Placement } from "./scaling.ts";
import type { ConsoleSession } from "./session.ts";
import { useSessionState } from "./use-session.ts";

/** Who has keyboard and mouse and how to change that, in a few words for the bar and in a sentence. */
function captureText(hostKey: string, keyboard: boolean, mouse: boolean): { short: string; long: string } {
  const short = keyboard ? `${hostKey} releases` : `${hostKey} or click to type`;
  if (mouse) return { short, long: `The guest has keyboard and mouse. ${hostKey} releases them.` };
  if (keyboard) return { short, long: `The guest has the keyboard. ${hostKey} releases it.` };
  return { short, long: `Click or press ${hostKey} to give the keyboard to the guest.` };
}

function useCaptureText(pane: Pane): { short: string; long: string } {
  const hostKey = usePreferences((state) => hostKeyNames[state.hostKey]);
  const keyboard = useCapture((state) => state.keyboard === pane.key);
  const mouse = useCapture((state) => state.mouse === pane.key);
  return captureText(hostKey, keyboard, mouse);
}

/** The same words for screen readers, as the description of the screen. */
export function ScreenHint({ id, pane }: { id: string; pane: Pane }) {
  return (
    <p id={id} className="visually-hidden">
      {useCaptureText(pane).long}
    </p>
  );
}

interface Props {
  pane: Pane;
  machine: MachineSummary;
  session: ConsoleSession;
  /** Left out where no picture is shown. */
  placement?: Placement | null;
}

/** The line below a console: capture, resolution, scale, load, lights. */
export function StatusBar({ pane, machine, session, placement }: Props) {
  const shape = useSessionState(session, (state) => state.shape);
  const captured = useCapture((state) => state.keyboard === pane.key);
  const words = useCaptureText(pane);
  const load = machine.cpuLoad;
  return (
    <footer className="status-bar">
      <span className="status-capture" data-captured={captured || undefined} title={words.long}>
        {useCapture((state) => state.mouse === pane.key) ? (
          <MousePointer2 aria-hidden />
        ) : (
          <Keyboard aria-hidden />
        )}
        <span>{words.short}</span>
      </span>
      {placement && shape && (
        <>
          <span title="Resolution of the guest">
            {shape.width}×{shape.height}
          </span>
          <span title="Scale of the picture" className="status-scale">
            {formatPercent(placement.scale / devicePixelRatio)}
          </span>
        </>
      )}
      {load !== null && (
        <span className="status-load" title="Share of one processor of this computer">
          CPU {formatPercent(load)}
        </span>
      )}
      <Leds session={session} />
      <Lights machine={machine} session={session} />
    </footer>
  );
}

function Leds({ session }: { session: ConsoleSession }) {
  const leds = useSessionState(session, (state) => state.leds);
  const names = [
    [2, "Num", "Num Lock"],
    [4, "Caps", "Caps Lock"],
    [1, "Scroll", "Scroll Lock"],
  ] as const;
  return names
    .filter(([bit]) => leds & bit)
    .map(([bit, text, title]) => (
      <span key={bit} className="status-led" title={`${title} is on`}>
        {text}
      </span>
    ));
}

const icons: Record<string, ReactNode> = {
  floppy: <Save aria-hidden />,
  disk: <HardDrive aria-hidden />,
  cdrom: <Disc3 aria-hidden />,
  network: <Network aria-hidden />,
};

const driveWords = { floppy: "Floppy", disk: "Hard disk", cdrom: "CD" } as const;

/** A light a drive, lit for a moment at each access. */
function Lights({ machine, session }: { machine: MachineSummary; session: ConsoleSession }) {
  const activity = useSessionState(session, (state) => state.activity);
  const drives = machine.settings.drives.map(({ slot, kind }) => ({
    slot,
    kind: kind as string,
    title: `${driveWords[kind]} (${slot})`,
  }));
  // Anything else that reports, such as a network card, has a light of its own.
  const others = Object.keys(activity)
    .filter((slot) => !drives.some((drive) => drive.slot === slot))
    .map((slot) => ({ slot, kind: "network", title: slot }));
  return (
    <span className="status-lights">
      {[...drives, ...others].map(({ slot, kind, title }) => (
        <Light key={slot} since={activity[slot]} title={title}>
          {icons[kind]}
        </Light>
      ))}
    </span>
  );
}

/** Milliseconds that a light stays lit after an access. */
const LIT = 150;

function Light({
  since,
  title,
  children,
}: {
  since: number | undefined;
  title: string;
  children: ReactNode;
}) {
  const [lit, setLit] = useState(false);
  useEffect(() => {
    const left = since === undefined ? 0 : since + LIT - performance.now();
    setLit(left > 0);
    if (left <= 0) return;
    const timer = setTimeout(() => setLit(false), left);
    return () => clearTimeout(timer);
  }, [since]);
  return (
    <span className="light" data-lit={lit || undefined} title={`${title}: ${lit ? "active" : "idle"}`}>
      {children}
      <span className="visually-hidden">{title}</span>
    </span>
  );
}
