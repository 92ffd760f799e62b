import { createStore } from "zustand/vanilla";
import type { ConsoleInput, ConsoleOutput } from "../../../electron/contract/console.ts";
import { currentHost } from "../../host/current-host.ts";
import type { ConsoleChannel } from "../../host/host.ts";
import { service, useConnection } from "../connection/store.ts";
import { isLive, useLibrary } from "../library/store.ts";
import { SerialLog } from "../serial/serial-log.ts";
import type { ScreenShape } from "./scaling.ts";
import { ScreenBuffer } from "./screen-buffer.ts";

export interface SessionState {
  /** A channel to the machine's process is open. */
  open: boolean;
  shape: ScreenShape | null;
  /** Bit 0 scroll lock, bit 1 num lock, bit 2 caps lock. */
  leds: number;
  /** Time of the last access by slot, in `performance.now()` milliseconds. */
  activity: Record<string, number>;
}

/** Milliseconds before a channel that broke while its machine runs is opened anew. */
const REOPEN_AFTER = 500;

/**
 * One machine's console as all panes of the window share it: its screen, its serial port, and the way in for keys
 * and mouse. Opens a channel whenever the machine has a process.
 */
export class ConsoleSession {
  readonly machine: string;
  readonly screen = new ScreenBuffer();
  readonly serial = new SerialLog();
  readonly state = createStore<SessionState>()(() => ({ open: false, shape: null, leds: 0, activity: {} }));
  #channel: ConsoleChannel | null = null;
  #reopen: ReturnType<typeof setTimeout> | undefined;
  #acknowledge: number | null = null;
  #historyRead = false;
  readonly #unsubscribe: (() => void)[];

  constructor(machine: string) {
    this.machine = machine;
    this.#unsubscribe = [
      useLibrary.subscribe(() => this.#follow()),
      useConnection.subscribe(() => this.#follow()),
    ];
    this.#follow();
  }

  send(input: ConsoleInput): void {
    this.#channel?.send(input);
  }

  dispose(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    clearTimeout(this.#reopen);
    this.#closeChannel();
  }

  /** Opens or closes the channel as the machine's state asks. */
  #follow(): void {
    const connected = useConnection.getState().status === "connected";
    const machine = useLibrary.getState().machines[this.machine];
    const live = connected && machine !== undefined && isLive(machine.state);
    if (live && !this.#channel && this.#reopen === undefined) this.#openChannel();
    else if (!live) {
      this.#closeChannel();
      if (connected && machine && !this.#historyRead) void this.#readHistory();
    }
  }

  #openChannel(): void {
    this.serial.clear();
    this.#historyRead = true;
    const channel = currentHost().openConsole(this.machine, {
      output: (output) => this.#receive(output),
      closed: () => {
        if (this.#channel !== channel) return;
        this.#closeChannel();
        this.#reopen = setTimeout(() => {
          this.#reopen = undefined;
          this.#follow();
        }, REOPEN_AFTER);
      },
    });
    this.#channel = channel;
    this.state.setState({ open: true });
    channel.send({ type: "refresh" });
  }

  #closeChannel(): void {
    if (!this.#channel) return;
    const channel = this.#channel;
    this.#channel = null;
    this.#acknowledge = null;
    channel.close();
    this.state.setState({ open: false, leds: 0 });
  }

  /** A machine without a process: what its port had sent may still be known to the manager. */
  async #readHistory(): Promise<void> {
    this.#historyRead = true;
    const bytes = await service()
      .serialHistory(this.machine)
      .catch(() => null);
    if (bytes && !this.#channel && this.serial.isEmpty) this.serial.append(bytes);
  }

  #receive(output: ConsoleOutput): void {
    switch (output.type) {
      case "frame":
        this.screen.apply(output);
        if (this.state.getState().shape !== this.screen.shape)
          this.state.setState({ shape: this.screen.shape });
        this.#acknowledgeOnceDrawn(output.sequence);
        break;
      case "serial":
        if (output.port === 0) this.serial.append(output.bytes);
        break;
      case "leds":
        this.state.setState({ leds: output.leds });
        break;
      case "activity":
        this.state.setState(({ activity }) => ({
          activity: { ...activity, [output.slot]: performance.now() },
        }));
    }
  }

  /**
   * The browser draws when the screen is refreshed, and not at all in a hidden window: waiting for that keeps the
   * guest from sending more than can be seen.
   */
  #acknowledgeOnceDrawn(sequence: number): void {
    const waiting = this.#acknowledge !== null;
    this.#acknowledge = sequence;
    if (waiting) return;
    requestAnimationFrame(() => {
      const last = this.#acknowledge;
      this.#acknowledge = null;
      if (last !== null) this.send({ type: "acknowledge", sequence: last });
    });
  }
}

const sessions = new Map<string, { session: ConsoleSession; users: number }>();

/** The session of a machine; call {@link releaseSession} for each call of this. */
export function acquireSession(machine: string): ConsoleSession {
  let entry = sessions.get(machine);
  if (!entry) {
    entry = { session: new ConsoleSession(machine), users: 0 };
    sessions.set(machine, entry);
  }
  entry.users++;
  return entry.session;
}

export function releaseSession(machine: string): void {
  const entry = sessions.get(machine);
  if (!entry || --entry.users > 0) return;
  sessions.delete(machine);
  entry.session.dispose();
}

/** The session of a machine if a pane shows it. */
export const openSession = (machine: string): ConsoleSession | null => sessions.get(machine)?.session ?? null;
