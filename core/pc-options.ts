import type { DEFAULT_CODE_MEMORY_MIB } from "./cpu/jit/code-memory.ts";
import type { CompilerStatistics } from "./cpu/jit/counted-handlers.ts";
import type { ModuleCompiler } from "./cpu/jit/module-compiler.ts";
import type { Sampling } from "./cpu/jit/verifier.ts";
import type { CpuChoice } from "./cpu/models/catalogue.ts";
import type { Debugger } from "./debug/debugger.ts";
import type { BlockDevice } from "./disk/block-device.ts";

export type DriveSlot = "fda" | "fdb" | "hda" | "hdb" | "hdc" | "hdd";
export type DriveKind = "floppy" | "disk" | "cdrom";
export type BootDevice = "cdrom" | "disk" | "floppy";

/** A drive on the board; removable ones may be empty (`device: null`). */
export interface DriveOptions {
  slot: DriveSlot;
  kind: DriveKind;
  device: BlockDevice | null;
}

/** Bytes of the host: a Uint8Array, or a file that is read where it is asked for. */
export interface HostBytes {
  readonly length: number;
  /** Those from `begin` up to `end`, as far as there are any; they may be others once more are asked for. */
  subarray(begin: number, end: number): Uint8Array;
}

/** A kernel started without a boot loader: Linux (bzImage) or multiboot 1, told apart by its header. */
export interface KernelOptions {
  /** Both are asked for again at each reset. */
  image: HostBytes;
  initrd?: HostBytes;
  commandLine: string;
}

/** When guest code is compiled: once it runs often, as soon as it runs, or never. */
export type JitMode = "auto" | "eager" | "off";

export interface PcOptions {
  /**
   * Guest RAM in MiB, 1 to 3072: up to the hole for PCI. There is none above 4 GiB, for with the machine's own tables
   * one WebAssembly memory, of 4 GiB at most, could carry less than 1 GiB more, and host and block tables would need
   * longer addresses for it.
   */
  memoryMib: number;
  /** The processor; a 64-bit one if not said. */
  cpu?: CpuChoice;
  drives: DriveOptions[];
  bootOrder: BootDevice[];
  kernel?: KernelOptions;
  /** Another firmware image (a multiple of 64 KiB, at most 1 MiB), placed so that it ends at 4 GiB and at 1 MiB. */
  firmware?: Uint8Array;
  /** With `firmware`: the VGA option ROM, given to it in the VGA's PCI expansion ROM. */
  vgaRom?: Uint8Array;
  /**
   * 64 random bits for RDRAND and RDSEED, the host's own if not said: the one way in which chance reaches the guest, and
   * asked for between two instructions.
   */
  randomBits?: () => bigint;
  /** Wall time at power-on, milliseconds since 1970-01-01 UTC. */
  epochMs: number;
  /** `auto` if not said. */
  jit?: JitMode;
  /** Who compiles guest code, for this machine alone; the PC itself, in between, if not said. */
  compiler?: ModuleCompiler;
  /** Memory of the host for compiled code, in MiB, about: what is used least makes room. {@link DEFAULT_CODE_MEMORY_MIB} if not said. */
  codeMemoryMib?: number;
  /** Compiled code is compared with the interpreter as it runs: on which runs of a region. Never if not said. */
  verify?: Sampling;
  /**
   * The machine's time counts instructions and nothing else: {@link PcControl.runSlice} disregards the host's clock,
   * runs a fixed stretch of the machine's time, and waits for transfers of disks before the guest goes on. With the same
   * `epochMs` and `randomBits`, the same inputs between the same slices then make the same machine.
   */
  deterministic?: boolean;
}

/** What the caller of {@link Pc.runSlice} does next. */
export type Slice =
  /** Call again as soon as the event loop has had its turn. */
  | { state: "busy" }
  /** Nothing to do until so many host nanoseconds have passed (Infinity: no alarm), or until `onWake`. */
  | { state: "idle"; sleepNs: number }
  /** The debugger's breakpoint or watchpoint was met. */
  | { state: "stopped"; by: "breakpoint" | "watchpoint" }
  /** The guest has switched the machine off. */
  | { state: "off" };

/**
 * The emulated PC as its host process drives it. Everything from outside (keys, serial bytes, media, host time)
 * comes in through these methods, between two slices.
 */
export interface PcControl {
  /**
   * Runs guest code for about `maxMs` host milliseconds at most (10 by default), with the host's monotonic clock
   * at `hostNs` nanoseconds. The machine's time follows the host's while slices are run; after a pause, call
   * `resumeAt` first so that time has stood still.
   */
  runSlice(hostNs: number, maxMs?: number): Slice;
  resumeAt(hostNs: number): void;
  /** Called when something (a key, a finished disk transfer) makes an idle machine busy. */
  onWake: () => void;
  /** A physical key, by `KeyboardEvent.code`. */
  key(code: string, down: boolean): void;
  /** Right and down positive; wheel in notches, down positive; buttons 1 left, 2 right, 4 middle. */
  mouse(dx: number, dy: number, wheel: number, buttons: number): void;
  /** Bytes arriving at COM1 (0) or COM2 (1). */
  serialInput(port: number, bytes: Uint8Array): void;
  /** Bytes sent by the guest on COM1 (0) or COM2 (1). */
  onSerial: (port: number, bytes: Uint8Array) => void;
  onLeds: (leds: number) => void;
  /** A drive was accessed. */
  onActivity: (slot: DriveSlot) => void;
  readonly screen: Screen;
  changeMedium(slot: DriveSlot, device: BlockDevice | null): void;
  powerButton(): void;
  reset(): void;
  /**
   * The whole machine with what its disposable disks have kept, as one versioned, checksummed file. Waits for disk
   * transfers under way, and gives the event loop its turns: no slice may be run, and nothing reset, until it is done.
   */
  save(): Promise<Uint8Array>;
  /**
   * Replaces the whole machine's state by a saved one of a machine with the same options; nothing if it rejects. Gives
   * the event loop its turns, as `save` does: no slice may be run until it is done.
   */
  load(file: Uint8Array): Promise<void>;
  /** Flushes and closes every medium. */
  close(): Promise<void>;
  statistics(): PcStatistics;
  /**
   * Of the whole machine: the same text for machines in the same state, made by the same settings. Waits for disk
   * transfers under way.
   */
  checksum(): Promise<string>;
  /** To stop the machine and to look at it; used only between slices. */
  readonly debugger: Debugger;
}

export interface PcStatistics {
  /** Guest instructions since power-on. */
  instructions: number;
  /** The machine's time since power-on, in nanoseconds. */
  timeNs: number;
  compiler: CompilerStatistics;
  /** Bytes of the machine's WebAssembly memory that the guest's RAM may use, and all of it. */
  guestMemory: number;
  totalMemory: number;
}

/** A changed part of the screen, in pixels. */
export interface ScreenRectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What a monitor shows. Reading it does not disturb the guest. */
export interface Screen {
  /**
   * Draws what has changed since the last call into `pixels` and returns where. After a change of mode, `pixels`
   * is a new array and one rectangle covers the whole of it.
   */
  refresh(): ScreenRectangle[];
  /** In pixels, as of the last refresh. */
  readonly width: number;
  readonly height: number;
  /** Width of a pixel divided by its height. */
  readonly pixelAspect: number;
  /** RGBA, 8 bits each, `width` × `height`, as of the last refresh. */
  readonly pixels: Uint8Array;
  /** The characters of a text mode, one string a row, CP437 as Unicode; null in graphics modes. */
  text(): string[] | null;
}
