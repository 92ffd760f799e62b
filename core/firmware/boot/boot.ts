import { bda, ebdaSegment } from "../bda.ts";
import type { Call, Outcome } from "../call.ts";
import type { DiskBios } from "../disk/disk-bios.ts";
import { type BiosDrive, type DriveState, FIRST_CD } from "../disk/drives.ts";
import { diskGeometry } from "../disk/geometry.ts";
import { PENDING, TransferFailure, type Transfers } from "../disk/transfers.ts";
import type { FirmwareConfig } from "../hardware.ts";
import type { KeyboardBios } from "../system/keyboard.ts";
import type { TextScreen } from "../video/text.ts";
import { bootCandidates, type Candidate, driveName } from "./candidates.ts";
import { readCdBoot } from "./eltorito.ts";
import { startKernel } from "./kernel.ts";

const SECTOR = 512;
const BOOT_ADDRESS = 0x7c00;
/** EFLAGS.IF. */
const IF = 0x200;
const DEFAULT_MENU_TICKS = 9;
const F12 = 0x8600;
const ESCAPE = 0x011b;
const DISK_TABLES = ebdaSegment * 16 + 0x3d;

const Color = { text: 0x07, bright: 0x0f, dim: 0x08, accent: 0x0b, warning: 0x0e } as const;

/** Where the search for something to boot has got to. Plain data. */
export interface BootState {
  /** Null: the next call begins anew. */
  phase: "prompt" | "menu" | "probe" | "try" | "retry" | null;
  /** Tick at which the prompt ends. */
  until: number;
  candidates: Candidate[];
  /** Of the candidate being tried, or of the disk being probed. */
  index: number;
  /** Why each candidate did not boot. */
  failures: string[];
  /** Bytes of a kernel that is started without a boot loader. */
  loaded: number;
}

export const newBootState = (): BootState => ({
  phase: null,
  until: 0,
  candidates: [],
  index: 0,
  failures: [],
  loaded: 0,
});

export interface BootContext {
  readonly config: FirmwareConfig;
  readonly disks: DiskBios;
  readonly keyboard: KeyboardBios;
  readonly transfers: Transfers;
  /** Of a label in the ROM's code segment. */
  offsetOf(label: string): number;
  screen(call: Call): TextScreen;
  state(): { boot: BootState; drives: DriveState };
}

/** POST's screen, the boot menu and INT 19h: from power-on to the first instruction of a boot sector. */
export class Bootstrap {
  readonly #context: BootContext;

  constructor(context: BootContext) {
    this.#context = context;
  }

  get #boot(): BootState {
    return this.#context.state().boot;
  }

  /** Shows the machine, and asks for the key of the boot menu. */
  greet(call: Call): void {
    const { config, disks } = this.#context;
    const screen = this.#context.screen(call);
    screen.print("Twinbox BIOS\n", Color.bright);
    screen.print(`${config.memoryMib} MiB of memory\n`, Color.text);
    for (const drive of disks.drives) screen.print(`${driveName(drive)}\n`, Color.text);
    if (config.kernel) return;
    screen.print("\nPress F12 for the boot menu.\n", Color.dim);
    const wait = config.menuTicks ?? DEFAULT_MENU_TICKS;
    this.#boot.phase = "prompt";
    this.#boot.until = call.memory.read32(bda.timerTicks) + wait;
  }

  /** INT 18h: what was booted cannot go on. The next step goes on with what comes after it. */
  next(): void {
    const boot = this.#boot;
    const candidate = boot.candidates[boot.index];
    if (boot.phase !== null || !candidate) return;
    this.#context.state().drives.emulation = null;
    boot.failures.push(`${candidate.name}: gave up`);
    boot.index++;
    boot.phase = "try";
  }

  /** A step of INT 19h, which may have to wait for an interrupt before the next. */
  step(call: Call): Outcome {
    const { config } = this.#context;
    if (config.kernel) {
      const loaded = startKernel(call, config, config.kernel, this.#context, this.#boot.loaded);
      this.#boot.loaded = loaded === "booted" ? 0 : loaded;
      return loaded === "booted" ? undefined : "again";
    }
    for (;;) {
      const before = `${this.#boot.phase}/${this.#boot.index}`;
      if (this.#advance(call)) return undefined;
      if (`${this.#boot.phase}/${this.#boot.index}` === before) return "wait";
    }
  }

  /** Goes on as far as it can without waiting. True when a boot sector is ready to run. */
  #advance(call: Call): boolean {
    const boot = this.#boot;
    switch (boot.phase) {
      case null:
        this.#begin();
        return false;
      case "prompt":
        this.#prompt(call);
        return false;
      case "menu":
        this.#menu(call);
        return false;
      case "probe":
        this.#probe(call);
        return false;
      case "try":
        return this.#try(call);
      case "retry":
        if (this.#key(call) !== undefined) this.#begin();
        return false;
    }
  }

  #begin(): void {
    const { config, disks } = this.#context;
    const boot = this.#boot;
    this.#context.state().drives.emulation = null;
    boot.candidates = bootCandidates(disks.drives, config.bootOrder);
    boot.failures = [];
    boot.phase = "probe";
    boot.index = 0;
  }

  #key(call: Call): number | undefined {
    const { keyboard } = this.#context;
    const key = keyboard.peek(call.memory);
    if (key !== undefined) keyboard.drop(call.memory);
    return key;
  }

  #prompt(call: Call): void {
    const boot = this.#boot;
    const key = this.#key(call);
    if (key === F12) {
      this.#begin();
      this.#showMenu(call);
      boot.phase = "menu";
    } else if (key === ESCAPE || call.memory.read32(bda.timerTicks) >= boot.until) {
      this.#begin();
    }
  }

  #showMenu(call: Call): void {
    const screen = this.#context.screen(call);
    screen.print("\nBoot from:\n", Color.bright);
    this.#boot.candidates.forEach(({ name }, i) => {
      screen.print(`  ${i + 1}  `, Color.accent);
      screen.print(`${name}\n`, Color.text);
    });
    screen.print("Press a number, or Esc for the usual order.\n", Color.dim);
  }

  #menu(call: Call): void {
    const boot = this.#boot;
    const key = this.#key(call);
    if (key === undefined) return;
    const chosen = boot.candidates[(key & 0xff) - 0x31];
    if (chosen) boot.candidates = [chosen];
    else if (key !== ESCAPE) return;
    boot.phase = "probe";
  }

  /** Reads the disks' boot records: with which geometry were they partitioned? */
  #probe(call: Call): void {
    const { disks, transfers } = this.#context;
    const boot = this.#boot;
    const all = disks.drives.filter((drive) => drive.kind === "disk");
    const drive = all[boot.index];
    if (!drive) {
      this.#writeDiskTables(call, all);
      disks.forgetChanges();
      boot.phase = "try";
      boot.index = 0;
      return;
    }
    const sector = this.#read(transfers, drive);
    if (sector === PENDING) return;
    if (!(sector instanceof TransferFailure)) {
      this.#context.state().drives.geometries[drive.slot] = diskGeometry(drive.size, sector);
    }
    boot.index++;
  }

  #read(transfers: Transfers, drive: BiosDrive): Uint8Array | TransferFailure | typeof PENDING {
    const { device } = drive;
    return transfers.run(async () => {
      const sector = new Uint8Array(SECTOR);
      if (device && device.size >= SECTOR) await device.read(drive.offset, sector);
      return sector;
    });
  }

  /** The tables at INT 41h and 46h: geometry of the first two disks. */
  #writeDiskTables(call: Call, disks: BiosDrive[]): void {
    const { memory } = call;
    for (const [i, vector] of [0x41, 0x46].entries()) {
      const at = DISK_TABLES + 16 * i;
      memory.write16(4 * vector, at - ebdaSegment * 16);
      memory.write16(4 * vector + 2, ebdaSegment);
      const { cylinders, heads, sectors } = disks[i]?.geometry ?? { cylinders: 0, heads: 0, sectors: 0 };
      memory.write16(at, cylinders);
      memory.write8(at + 2, heads);
      memory.write16(at + 5, 0xffff);
      memory.write8(at + 8, heads > 8 ? 0x08 : 0);
      memory.write16(at + 12, cylinders);
      memory.write8(at + 14, sectors);
    }
  }

  #try(call: Call): boolean {
    const { disks } = this.#context;
    const boot = this.#boot;
    const candidate = boot.candidates[boot.index];
    if (!candidate) {
      this.#giveUp(call);
      return false;
    }
    const drive = disks.drives.find((one) => one.number === candidate.drive);
    const result = drive?.device
      ? drive.kind === "cdrom"
        ? this.#tryCd(call, drive)
        : this.#trySector(call, drive)
      : "no medium";
    if (result === PENDING) return false;
    if (result === true) {
      boot.phase = null;
      return true;
    }
    boot.failures.push(`${candidate.name}: ${result}`);
    boot.index++;
    return false;
  }

  #trySector(call: Call, drive: BiosDrive): true | string | typeof PENDING {
    const sector = this.#read(this.#context.transfers, drive);
    if (sector === PENDING) return PENDING;
    if (sector instanceof TransferFailure) return "cannot be read";
    const signed = sector[510] === 0x55 && sector[511] === 0xaa;
    // Floppies of before 1983 have no signature, but begin with a jump.
    const jump = sector[0] === 0xeb || sector[0] === 0xe9 || sector[0] === 0xfa;
    if (!signed && !(drive.kind === "floppy" && jump)) return "not bootable";
    this.#enter(call, sector, BOOT_ADDRESS, drive.number, 0);
    return true;
  }

  #tryCd(call: Call, drive: BiosDrive): true | string | typeof PENDING {
    const device = drive.device!;
    const result = this.#context.transfers.run(() => readCdBoot(device, drive.slot));
    if (result === PENDING) return PENDING;
    if (result instanceof TransferFailure) return "cannot be read";
    if (typeof result === "string") return result;
    const { image, segment, emulation } = result;
    this.#context.state().drives.emulation = emulation;
    const number = emulation ? emulation.drive : Math.max(drive.number, FIRST_CD);
    this.#enter(call, image, segment * 16, number, segment === 0x07c0 ? 0 : segment);
    return true;
  }

  /** Loads a boot sector and sets the processor at it, as INT 19h leaves it: with interrupts, which not every boot sector allows itself. */
  #enter(call: Call, image: Uint8Array, address: number, drive: number, segment: number): void {
    const { cpu } = call;
    call.memory.write(address, image);
    cpu.eax = 0xaa55;
    cpu.ebx = 0;
    cpu.ecx = 0;
    cpu.edx = drive;
    cpu.esi = 0;
    cpu.edi = 0;
    cpu.ebp = 0;
    cpu.ds = 0;
    cpu.es = 0;
    cpu.eflags |= IF;
    cpu.cs = segment;
    cpu.eip = segment === 0 ? BOOT_ADDRESS : 0;
  }

  #giveUp(call: Call): void {
    const boot = this.#boot;
    const screen = this.#context.screen(call);
    screen.print("\nNo bootable medium was found.\n", Color.warning);
    for (const failure of boot.failures) screen.print(`  ${failure}\n`, Color.text);
    screen.print("Insert a disk, CD or floppy image that an operating system starts from,\n", Color.text);
    screen.print("then press any key to try again.\n", Color.text);
    boot.phase = "retry";
  }
}
