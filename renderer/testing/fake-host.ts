import type { ConsoleInput } from "../../electron/contract/console.ts";
import type {
  MachineState,
  MachineSummary,
  ManagerEvent,
  ManagerService,
  Medium,
  NewMachine,
} from "../../electron/contract/manager.ts";
import type { DriveSettings, MachineSettings } from "../../electron/contract/settings.ts";
import type { Connection, ConsoleChannel, ConsoleListener, Host, UploadOptions } from "../host/host.ts";
import { DesktopGuest, type FakeGuest, TextGuest } from "./fake-guest.ts";

const MIB = 1 << 20;

const installerLines = [
  "┌────────────────────┤ [!!] Select a language ├─────────────────────┐",
  "│                                                                   │",
  "│ Choose the language to be used for the installation process. The  │",
  "│ selected language will also be the default language for the       │",
  "│ installed system.                                                 │",
  "│                                                                   │",
  "│ Language:                                                         │",
  "│                C               - No localization                  │",
  "│                English         - English                          │",
  "│                Français        - French                           │",
  "│                Deutsch         - German                           │",
  "│                Español         - Spanish                          │",
  "│                                                                   │",
  "└───────────────────────────────────────────────────────────────────┘",
];

const initialMedia: Medium[] = [
  medium("debian-12-netinst.iso", "cdrom", 661 * MIB, "debian-12-i386", "Debian GNU/Linux 12 installer", 256),
  medium("freedos-1.3.img", "floppy", 1474560, "freedos", "FreeDOS 1.3", 16),
  medium("desktop.img", "disk", 4096 * MIB, "debian-12-i386", "Debian GNU/Linux 12", 512),
  medium("memtest86+.iso", "cdrom", 6 * MIB, "memtest", "Memtest86+ 6", 64),
];

function medium(
  name: string,
  kind: Medium["kind"],
  size: number,
  system: string,
  systemName: string,
  memoryMib: number,
): Medium {
  return {
    id: name.replace(/\W/g, "-"),
    name,
    kind,
    size,
    readOnly: kind === "cdrom",
    system,
    systemName,
    memoryMib,
  };
}

interface FakeMachine {
  settings: MachineSettings;
  state: MachineState;
  problem: MachineSummary["problem"];
  guest: FakeGuest | null;
  serial: Uint8Array;
  load: number;
}

/**
 * A manager without machines of its own. The page's address chooses what there is: `?fake=empty` for a first start.
 * The browser tests reach it as `window.fake`, to break a connection or end a guest.
 */
class FakeHost implements Host {
  readonly machines = new Map<string, FakeMachine>();
  readonly media = new Map<string, Medium>();
  #listener: { event(event: ManagerEvent): void; lost(): void } | null = null;
  #reachable = true;
  #consoles = new Set<{ machine: string; close(): void }>();
  #inputs: ConsoleInput[] = [];

  constructor(empty: boolean) {
    if (!empty) this.#furnish();
    setInterval(() => this.#tick(), 50);
    setInterval(() => this.#report(), 1000);
  }

  #furnish(): void {
    for (const item of initialMedia) this.media.set(item.id, item);
    const at = (name: string, media: string, memoryMib: number) => {
      const found = this.media.get(media.replace(/\W/g, "-"))!;
      return this.#add({
        name,
        memoryMib,
        system: found.system,
        bootOrder: ["cdrom", "disk", "floppy"],
        drives: [
          {
            slot: found.kind === "floppy" ? "fda" : found.kind === "disk" ? "hda" : "hdc",
            kind: found.kind,
            medium: found.id,
            format: "raw",
            mode: found.readOnly ? "read-only" : "read-write",
          },
        ],
      });
    };
    const debian = at("Debian 12", "debian-12-netinst.iso", 256);
    const desktop = at("Debian Desktop", "desktop.img", 512);
    at("FreeDOS", "freedos-1.3.img", 16);
    const memtest = at("Memtest86+", "memtest86+.iso", 64);
    this.#power(debian);
    this.#power(desktop);
    memtest.state = "aborted";
    memtest.problem = {
      kind: "internal",
      message: "The machine's process ended unexpectedly (signal SIGKILL).",
      subject: memtest.settings.id,
      advice: "Its neighbours go on. Start it again, or look into its log.",
    };
  }

  #add(machine: NewMachine): FakeMachine {
    const id = `${machine.name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${this.machines.size}`;
    const made: FakeMachine = {
      settings: { ...machine, version: 1, id, engine: "pc" },
      state: "powered-off",
      problem: null,
      guest: null,
      serial: new Uint8Array(),
      load: 0,
    };
    this.machines.set(id, made);
    return made;
  }

  #power(machine: FakeMachine): void {
    const graphical = machine.settings.memoryMib >= 512;
    machine.guest = graphical ? new DesktopGuest() : new TextGuest(installerLines, "root@debian:~# ");
    machine.guest.tick(0);
    machine.state = "running";
    machine.problem = null;
  }

  #end(machine: FakeMachine, state: MachineState): void {
    if (machine.guest) machine.serial = machine.guest.serialHistory();
    machine.guest?.stop();
    machine.guest = null;
    machine.state = state;
    for (const open of [...this.#consoles]) if (open.machine === machine.settings.id) open.close();
  }

  #summary({ settings, state, problem, guest, load }: FakeMachine): MachineSummary {
    return {
      settings,
      state,
      problem,
      cpuLoad: guest && state === "running" ? load : null,
      thumbnail: guest?.thumbnail() ?? null,
    };
  }

  #tell(machine: FakeMachine): void {
    this.#listener?.event({ type: "machine", machine: this.#summary(machine) });
  }

  #tick(): void {
    for (const { guest, state } of this.machines.values())
      if (state === "running") guest?.tick(performance.now());
  }

  #report(): void {
    const now = performance.now() / 1000;
    for (const machine of this.machines.values()) {
      if (machine.state !== "running") continue;
      machine.load = 0.12 + 0.35 * Math.sin(now / 3 + machine.settings.memoryMib) ** 4;
      this.#tell(machine);
    }
  }

  #get(id: string): FakeMachine {
    const machine = this.machines.get(id);
    if (!machine) throw Object.assign(new Error("There is no such machine."), { kind: "not-found" });
    return machine;
  }

  /** For tests: the machine's process ends as if killed. */
  kill(name: string): void {
    const machine = [...this.machines.values()].find(({ settings }) => settings.name === name)!;
    this.#end(machine, "aborted");
    machine.problem = {
      kind: "internal",
      message: "The machine's process ended unexpectedly (signal SIGKILL).",
      subject: machine.settings.id,
      advice: "Start it again.",
    };
    this.#tell(machine);
  }

  /** For tests: the window is told of settings that it cannot draw. */
  spoil(name: string): void {
    const machine = [...this.machines.values()].find(({ settings }) => settings.name === name)!;
    machine.settings = { ...machine.settings, bootOrder: null as never };
    this.#tell(machine);
  }

  /** For tests: keys and mouse that guests have been sent since the last call. */
  takeInputs(): ConsoleInput[] {
    return this.#inputs.splice(0).filter(({ type }) => type === "key" || type === "mouse");
  }

  /** For tests: the server goes away, or comes back. */
  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
    if (reachable) return;
    for (const open of [...this.#consoles]) open.close();
    this.#listener?.lost();
    this.#listener = null;
  }

  async connect(event: (event: ManagerEvent) => void, lost: () => void): Promise<Connection> {
    if (!this.#reachable) throw new Error("not reachable");
    this.#listener = { event, lost };
    return { service: this.#service(), close: () => {} };
  }

  openConsole(id: string, listener: ConsoleListener): ConsoleChannel {
    const { guest } = this.#get(id);
    let open = true;
    const detach = guest?.attach((output) => {
      if (open) listener.output(output);
    });
    const entry = {
      machine: id,
      close: () => {
        if (!open) return;
        open = false;
        detach?.();
        this.#consoles.delete(entry);
        listener.closed();
      },
    };
    this.#consoles.add(entry);
    return {
      send: (input) => {
        if (!open) return;
        this.#inputs.push(input);
        guest?.input(input);
      },
      close: entry.close,
    };
  }

  async upload(file: File, { signal, onProgress }: UploadOptions): Promise<Medium> {
    const steps = file.name.includes("slow") ? 200 : 4;
    for (let step = 1; step <= steps; step++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (signal.aborted) throw new DOMException("cancelled", "AbortError");
      onProgress(step / steps);
    }
    if (/\.(vdi|qcow2|vmdk)$/.test(file.name))
      throw Object.assign(
        new Error(`${file.name} is a VirtualBox disk, a format that Twinbox does not read yet.`),
        {
          kind: "unsupported-format",
          advice: "Convert it to a raw image first.",
        },
      );
    const kind = file.name.endsWith(".iso") ? "cdrom" : file.size <= 2_949_120 ? "floppy" : "disk";
    const known = /debian/i.test(file.name);
    const made = medium(
      file.name,
      kind,
      file.size,
      known ? "debian-12-i386" : "unknown",
      known ? "Debian GNU/Linux 12 installer" : "",
      known ? 256 : 64,
    );
    this.media.set(made.id, made);
    this.#listener?.event({ type: "medium", medium: made });
    return made;
  }

  #service(): ManagerService {
    const change = async (id: string, act: (machine: FakeMachine) => void) => {
      const machine = this.#get(id);
      act(machine);
      this.#tell(machine);
    };
    return {
      listMachines: async () => [...this.machines.values()].map((machine) => this.#summary(machine)),
      listMedia: async () => [...this.media.values()],
      createMachine: async (machine) => {
        const made = this.#add(machine);
        this.#tell(made);
        return this.#summary(made);
      },
      updateMachine: async (settings) => {
        await change(settings.id, (machine) => {
          machine.settings = settings;
        });
        return this.#summary(this.#get(settings.id));
      },
      removeMachine: async (id) => {
        this.machines.delete(id);
        this.#listener?.event({ type: "machine-removed", id });
      },
      start: async (id) => {
        await change(id, (machine) => {
          machine.state = "starting";
        });
        await new Promise((resolve) => setTimeout(resolve, 200));
        await change(id, (machine) => this.#power(machine));
      },
      pause: (id) =>
        change(id, (machine) => {
          machine.state = "paused";
        }),
      resume: (id) =>
        change(id, (machine) => {
          machine.state = "running";
        }),
      reset: (id) => change(id, (machine) => this.#power(machine)),
      shutdown: (id) => change(id, (machine) => this.#end(machine, "powered-off")),
      powerOff: (id) => change(id, (machine) => this.#end(machine, "powered-off")),
      changeMedium: (id, slot, mediumId) =>
        change(id, (machine) => {
          machine.settings = {
            ...machine.settings,
            drives: machine.settings.drives.map(
              (drive): DriveSettings => (drive.slot === slot ? { ...drive, medium: mediumId } : drive),
            ),
          };
        }),
      serialHistory: async (id) => {
        const machine = this.#get(id);
        return machine.guest?.serialHistory() ?? machine.serial;
      },
      screenshot: async (id) => {
        const { guest } = this.#get(id);
        if (!guest) throw new Error("The machine shows nothing");
        return Uint8Array.from(atob(guest.thumbnail().split(",")[1]!), (c) => c.charCodeAt(0));
      },
    };
  }
}

export function createFakeHost(search: string): Host {
  const host = new FakeHost(search === "?fake=empty");
  Object.assign(window, { fake: host });
  return host;
}
