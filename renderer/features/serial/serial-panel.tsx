import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { SerializeAddon } from "@xterm/addon-serialize";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { type ITheme, Terminal } from "@xterm/xterm";
import { ArrowDown, ArrowUp, X } from "lucide-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import { Button, Input, SearchField } from "react-aria-components";
import type { MachineSummary } from "../../../electron/contract/manager.ts";
import { registerTarget, useCapture } from "../console/capture.ts";
import type { ConsoleSession } from "../console/session.ts";
import { ScreenHint, StatusBar } from "../console/status-bar.tsx";
import { useSession } from "../console/use-session.ts";
import { isLive } from "../library/store.ts";
import { usePreferences } from "../preferences/store.ts";
import { activatePane, type Pane } from "../workspace/store.ts";
import { registerTerminal } from "./terminals.ts";
import "@xterm/xterm/css/xterm.css";
import "./serial.css";

interface Props {
  pane: Pane;
  machine: MachineSummary;
}

/** Lines a terminal keeps; the machine's process keeps a mebibyte, which fills about as many. */
const SCROLLBACK_LINES = 10_000;

/** A machine's first serial port as a terminal. */
export function SerialPanel({ pane, machine }: Props) {
  const session = useSession(machine.settings.id);
  return session && <OpenSerial key={machine.settings.id} pane={pane} machine={machine} session={session} />;
}

function OpenSerial({ pane, machine, session }: Props & { session: ConsoleSession }) {
  const area = useRef<HTMLDivElement>(null);
  const [search, setSearch] = useState<SearchAddon | null>(null);
  const [finding, setFinding] = useState(false);
  const captured = useCapture((state) => state.keyboard === pane.key);
  useTerminal(session, pane.key, area, setSearch, () => setFinding(true));

  return (
    <div className="console">
      <section
        className="serial"
        aria-label={`Serial port of ${machine.settings.name}`}
        data-captured={captured || undefined}
      >
        <div ref={area} className="terminal" />
        {finding && search && <FindBar search={search} onClose={() => setFinding(false)} />}
        {!isLive(machine.state) && <SilentNote session={session} />}
      </section>
      <ScreenHint id={`${pane.key}-hint`} pane={pane} />
      <StatusBar pane={pane} machine={machine} session={session} />
    </div>
  );
}

function SilentNote({ session }: { session: ConsoleSession }) {
  const [empty, setEmpty] = useState(session.serial.isEmpty);
  useEffect(
    () => session.serial.attach({ clear: () => setEmpty(true), write: () => setEmpty(false) }),
    [session],
  );
  return (
    empty && (
      <p className="serial-note">
        Nothing has come from this serial port yet. It speaks once the machine runs.
      </p>
    )
  );
}

function FindBar({ search, onClose }: { search: SearchAddon; onClose(): void }) {
  const [text, setText] = useState("");
  const [missing, setMissing] = useState(false);
  const find = (value: string, back = false) => {
    const found = back ? search.findPrevious(value) : search.findNext(value, { incremental: true });
    setMissing(value !== "" && !found);
  };
  return (
    <div className="find-bar">
      <SearchField
        aria-label="Find in serial port"
        autoFocus
        value={text}
        onChange={(value) => {
          setText(value);
          find(value);
        }}
        onSubmit={() => search.findNext(text)}
        onKeyDown={(event) => event.key === "Escape" && onClose()}
      >
        <Input className="input" placeholder="Find" />
      </SearchField>
      <span className="find-result" role="status">
        {missing && "Not found"}
      </span>
      <Button className="icon-button" aria-label="Previous" onPress={() => find(text, true)}>
        <ArrowUp aria-hidden />
      </Button>
      <Button className="icon-button" aria-label="Next" onPress={() => search.findNext(text)}>
        <ArrowDown aria-hidden />
      </Button>
      <Button className="icon-button" aria-label="Close" onPress={onClose}>
        <X aria-hidden />
      </Button>
    </div>
  );
}

/** Makes a terminal in `area`, joins it to the serial port, and keeps its size and colours. */
function useTerminal(
  session: ConsoleSession,
  pane: string,
  area: RefObject<HTMLDivElement | null>,
  onSearch: (search: SearchAddon | null) => void,
  onFind: () => void,
): void {
  const screenReader = usePreferences((state) => state.screenReader);
  const callbacks = useRef({ onSearch, onFind });
  callbacks.current = { onSearch, onFind };

  useEffect(() => {
    const element = area.current!;
    const terminal = new Terminal({
      scrollback: SCROLLBACK_LINES,
      fontFamily: getComputedStyle(element).fontFamily,
      fontSize: 13,
      theme: themeOf(element),
      screenReaderMode: screenReader,
      minimumContrastRatio: 4.5,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    });
    const fit = new FitAddon();
    const search = new SearchAddon();
    const serialize = new SerializeAddon();
    terminal.loadAddon(fit);
    terminal.loadAddon(search);
    terminal.loadAddon(serialize);
    terminal.loadAddon(new WebLinksAddon());
    terminal.open(element);
    terminal.textarea!.setAttribute("aria-describedby", `${pane}-hint`);
    callbacks.current.onSearch(search);

    const encoder = new TextEncoder();
    const send = (bytes: Uint8Array) => session.send({ type: "serial", port: 0, bytes });
    terminal.onData((text) => send(encoder.encode(text)));
    terminal.onBinary((text) => send(Uint8Array.from(text, (character) => character.charCodeAt(0))));

    const focused = () => {
      activatePane(pane);
      useCapture.setState({ keyboard: pane });
    };
    const blurred = () => {
      if (useCapture.getState().keyboard === pane) useCapture.setState({ keyboard: null });
    };
    terminal.textarea!.addEventListener("focus", focused);
    terminal.textarea!.addEventListener("blur", blurred);

    const observer = new ResizeObserver(() => fit.fit());
    observer.observe(element);
    const undo = [
      session.serial.attach({ clear: () => terminal.reset(), write: (bytes) => terminal.write(bytes) }),
      registerTerminal(pane, { terminal, search, serialize, find: () => callbacks.current.onFind() }),
      registerTarget({
        pane,
        focus: () => terminal.focus(),
        release() {
          terminal.blur();
          document.getElementById(pane)?.focus({ preventScroll: true });
        },
      }),
      followColours(() => {
        terminal.options.theme = themeOf(element);
      }),
    ];
    return () => {
      for (const step of undo) step();
      observer.disconnect();
      blurred();
      callbacks.current.onSearch(null);
      terminal.dispose();
    };
  }, [session, pane, area, screenReader]);
}

/** Calls back when light becomes dark or the reverse. */
function followColours(changed: () => void): () => void {
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", changed);
  const unsubscribe = usePreferences.subscribe((state, old) => {
    if (state.theme !== old.theme) queueMicrotask(changed);
  });
  return () => {
    media.removeEventListener("change", changed);
    unsubscribe();
  };
}

/** The window's own colours; the sixteen of the terminal are chosen to read well on either. */
function themeOf(element: HTMLElement): ITheme {
  const style = getComputedStyle(element);
  const dark = luminance(style.backgroundColor) < 0.5;
  return {
    background: style.backgroundColor,
    foreground: style.color,
    cursor: style.color,
    cursorAccent: style.backgroundColor,
    selectionBackground: dark ? "#3a5f9a" : "#b9d4ff",
    ...(dark ? darkColours : lightColours),
  };
}

/** Perceived lightness, 0 to 1, of a computed `rgb(…)` colour. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

const darkColours: ITheme = {
  black: "#3b3d45",
  red: "#ff7b72",
  green: "#6bcb85",
  yellow: "#e5b454",
  blue: "#79b0ff",
  magenta: "#d2a8ff",
  cyan: "#63cfd8",
  white: "#c9ccd3",
  brightBlack: "#8b8e98",
  brightRed: "#ffa198",
  brightGreen: "#8fe0a5",
  brightYellow: "#f2cc78",
  brightBlue: "#a5caff",
  brightMagenta: "#e2c5ff",
  brightCyan: "#8fe3ea",
  brightWhite: "#ffffff",
};

const lightColours: ITheme = {
  black: "#1c1d20",
  red: "#b3261e",
  green: "#17702f",
  yellow: "#7a5200",
  blue: "#0a5fd0",
  magenta: "#8427b8",
  cyan: "#0f6e78",
  white: "#5a5b63",
  brightBlack: "#6c6e77",
  brightRed: "#c93b32",
  brightGreen: "#1f853b",
  brightYellow: "#8f6400",
  brightBlue: "#2c74dd",
  brightMagenta: "#9a45ca",
  brightCyan: "#14808b",
  brightWhite: "#3a3b41",
};
