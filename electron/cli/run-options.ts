import { parseArgs } from "node:util";
import { TwinboxError } from "../../core/base/errors.ts";
import { DEFAULT_CODE_MEMORY_MIB } from "../../core/cpu/jit/code-memory.ts";
import { type CpuChoice, parseCpu } from "../../core/cpu/models/catalogue.ts";
import type { BootDevice, JitMode, PcOptions } from "../../core/pc-options.ts";
import type { AttachedMedium } from "../contract/engine.ts";
import type { Architecture } from "../vm-host/gdb/target-description.ts";

/** The command line of `twinbox run`, understood; file names as they were given. */
export interface RunOptions {
  memoryMib: number;
  cpu?: CpuChoice;
  media: AttachedMedium[];
  bootOrder: BootDevice[];
  kernel?: string;
  initrd?: string;
  append: string;
  firmware?: string;
  vgaRom?: string;
  /** `stdio`, `none`, or a file that takes what COM1 sends. */
  serial: string;
  until?: string;
  timeoutSeconds?: number;
  steps?: string;
  screenshot?: string;
  stats: boolean;
  jit: JitMode;
  codeMemoryMib?: number;
  verify?: PcOptions["verify"];
  deterministic: boolean;
  save?: string;
  load?: string;
  /** Where GDB is served, and with which registers. */
  gdb?: { port: number; architecture: Architecture };
}

export const RUN_HELP = `Usage: twinbox run [OPTIONS]

Runs one machine in the foreground, its COM1 on the terminal.

Machine
  --memory MIB          guest memory in MiB, 1 to 3072 (128)
  --cpu MODEL           the processor: i486, pentium3, core2, x86-64-v2 or x86-64-v3, Intel's;
                        MODEL,vendor=amd for AMD's (x86-64-v2)
  --fda F, --fdb F      floppy images
  --hda F … --hdd F     hard disk images (IDE; hdc is the second channel's first)
  --cdrom F             CD image, on hdc
  --boot LIST           boot order (cdrom,disk,floppy)
  --disposable          keep the guest's writes in memory only; no image is changed
  --kernel F            start a Linux (bzImage) or multiboot kernel without a boot loader
  --initrd F            its initial RAM disk
  --append TEXT         its command line
  --firmware F          another firmware image, such as SeaBIOS
  --vga-rom F           the VGA option ROM for it

Input and output
  --serial WHERE        COM1: stdio (Ctrl-A x quits), none, or a file to write to (stdio)
  --steps FILE          do what the file says, a step a line: wait-serial TEXT, wait-screen TEXT,
                        type TEXT, keys ctrl-alt-delete, mouse DX DY BUTTONS, send-serial TEXT, sleep S,
                        screenshot FILE.png, dump-text FILE; \\n \\r \\t \\e \\s \\xHH stand for characters,
                        and "TEXT" may be quoted
  --screenshot F.png    save the screen when the run ends
  --stats               print one JSON object on stderr when the run ends

Execution
  --jit MODE            compile guest code to WebAssembly: auto (once it runs often), eager (as soon as it runs),
                        off (auto)
  --code-memory MIB     memory of the host for compiled code, about: what is used least makes room (${DEFAULT_CODE_MEMORY_MIB})
  --verify[=all]        do what compiled code does again in the interpreter, and end with 1 where the two differ: each
                        piece of code on its first 64 runs and then on one in 499, or on all
  --deterministic       the machine's time counts its instructions alone, 10 ns each: the same options, images and steps
                        make the same machine; --stats then tells its checksum

Debugging
  --gdb PORT[,i386]     wait for GDB on 127.0.0.1:PORT before the first instruction; i386: with 32-bit registers

End
  --until TEXT          end with 0 once TEXT is seen on COM1 or on the text screen
  --timeout SECONDS     end with 124 after so long
  --save FILE           save the machine when the run ends, unless by power-off
  --load FILE           go on with a machine saved with the same options

Exit status: 0 at --until, power-off or the end of the steps without --until; 124 at the time-out; 1 on error.
`;

const SLOTS = ["fda", "fdb", "hda", "hdb", "hdc", "hdd"] as const;
const BOOT_DEVICES: readonly BootDevice[] = ["cdrom", "disk", "floppy"];

const text = { type: "string" } as const;
const OPTIONS = {
  memory: text,
  cpu: text,
  cdrom: text,
  fda: text,
  fdb: text,
  hda: text,
  hdb: text,
  hdc: text,
  hdd: text,
  boot: text,
  kernel: text,
  initrd: text,
  append: text,
  firmware: text,
  "vga-rom": text,
  serial: text,
  until: text,
  timeout: text,
  steps: text,
  screenshot: text,
  save: text,
  load: text,
  gdb: text,
  disposable: { type: "boolean" },
  stats: { type: "boolean" },
  jit: text,
  "code-memory": text,
  verify: text,
  deterministic: { type: "boolean" },
} as const;

const wrong = (message: string): TwinboxError => new TwinboxError("invalid-argument", message);

/** Node's own wording of a wrong command line, cut to its first sentence. */
export function commandLineError(error: unknown): unknown {
  const code = (error as { code?: string }).code ?? "";
  if (!code.startsWith("ERR_PARSE_ARGS")) return error;
  return wrong(`${(error as Error).message.split(/\. |\n/)[0].replace(/\.$/, "")}. See twinbox --help.`);
}

function parseValues(args: string[]) {
  try {
    // The one option whose value may be left out.
    const spelt = args.map((arg) => (arg === "--verify" ? "--verify=sampled" : arg));
    return parseArgs({ args: spelt, options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw commandLineError(error);
  }
}

function number(option: string, value: string, from: number, to: number, integer: boolean): number {
  const n = Number(value);
  if (value.trim() === "" || !(n >= from && n <= to) || (integer && !Number.isInteger(n)))
    throw wrong(
      `--${option} takes a${integer ? " whole" : ""} number from ${from} to ${to}, not "${value}".`,
    );
  return n;
}

function parseBoot(list: string): BootDevice[] {
  const devices = list.split(",");
  for (const device of devices)
    if (!BOOT_DEVICES.includes(device as BootDevice))
      throw wrong(`--boot takes a list of ${BOOT_DEVICES.join(", ")}, not "${device}".`);
  if (new Set(devices).size < devices.length) throw wrong("--boot names a device twice.");
  return devices as BootDevice[];
}

function parseGdb(text: string): { port: number; architecture: Architecture } {
  const [port = "", architecture = "x86-64", ...more] = text.split(",");
  if ((architecture !== "i386" && architecture !== "x86-64") || more.length > 0)
    throw wrong(`--gdb takes a port, and i386 or x86-64 behind a comma, not "${text}".`);
  return { port: number("gdb", port, 0, 65535, true), architecture };
}

function parseExecution(
  jit: string,
  verify: string | undefined,
): { jit: JitMode; verify?: PcOptions["verify"] } {
  if (jit !== "auto" && jit !== "eager" && jit !== "off")
    throw wrong(`--jit takes auto, eager or off, not "${jit}".`);
  if (verify === undefined) return { jit };
  if (verify !== "sampled" && verify !== "all") throw wrong(`--verify takes all, not "${verify}".`);
  if (jit === "off") throw wrong("--verify compares what is compiled: it does not go with --jit off.");
  return { jit, verify };
}

/** @throws TwinboxError invalid-argument, one clear line. */
export function parseRunOptions(args: string[]): RunOptions {
  const values = parseValues(args);
  if (values.cdrom !== undefined && values.hdc !== undefined)
    throw wrong("--cdrom and --hdc are the same place: use another of --hda to --hdd.");
  if (values.kernel === undefined && (values.initrd !== undefined || values.append !== undefined))
    throw wrong(`--${values.initrd !== undefined ? "initrd" : "append"} goes with --kernel.`);
  if (values["vga-rom"] !== undefined && values.firmware === undefined)
    throw wrong("--vga-rom goes with --firmware.");
  const mode = values.disposable ? "disposable" : "read-write";
  const media: AttachedMedium[] = SLOTS.flatMap((slot) => {
    const path = values[slot];
    if (path === undefined) return [];
    return [{ slot, kind: slot.startsWith("fd") ? "floppy" : "disk", path, format: "raw", mode }];
  });
  // The machine always has a CD drive there, as PCs do, unless a disk takes its place.
  if (values.hdc === undefined)
    media.push({ slot: "hdc", kind: "cdrom", path: values.cdrom ?? null, format: "raw", mode: "read-only" });
  return {
    memoryMib: number("memory", values.memory ?? "128", 1, 3072, true),
    media,
    bootOrder: parseBoot(values.boot ?? BOOT_DEVICES.join(",")),
    append: values.append ?? "",
    ...(values.cpu !== undefined && { cpu: parseCpu(values.cpu) }),
    serial: values.serial ?? "stdio",
    stats: values.stats ?? false,
    deterministic: values.deterministic ?? false,
    ...(values["code-memory"] !== undefined && {
      codeMemoryMib: number("code-memory", values["code-memory"], 1, 1024, true),
    }),
    ...parseExecution(values.jit ?? "auto", values.verify),
    ...(values.kernel !== undefined && { kernel: values.kernel }),
    ...(values.initrd !== undefined && { initrd: values.initrd }),
    ...(values.firmware !== undefined && { firmware: values.firmware }),
    ...(values["vga-rom"] !== undefined && { vgaRom: values["vga-rom"] }),
    ...(values.until !== undefined && values.until !== "" && { until: values.until }),
    ...(values.timeout !== undefined && { timeoutSeconds: number("timeout", values.timeout, 0, 1e6, false) }),
    ...(values.steps !== undefined && { steps: values.steps }),
    ...(values.screenshot !== undefined && { screenshot: values.screenshot }),
    ...(values.save !== undefined && { save: values.save }),
    ...(values.load !== undefined && { load: values.load }),
    ...(values.gdb !== undefined && { gdb: parseGdb(values.gdb) }),
  };
}
