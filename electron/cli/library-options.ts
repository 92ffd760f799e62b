import { parseArgs } from "node:util";
import { TwinboxError } from "../../core/base/errors.ts";
import { type CpuChoice, parseCpu } from "../../core/cpu/models/catalogue.ts";
import { defaultHome } from "../platform/paths.ts";
import { commandLineError } from "./run-options.ts";

export const SERVE_HELP = `Usage: twinbox serve [--port N] [--home DIR]

Serves the machines' window to a browser of this computer and prints its address, which is good for one browser.
Ends, with all machines powered off, when interrupted.

  --port N      the port, on 127.0.0.1 (one that is free)
  --home DIR    where machines and media are kept
`;

export const CREATE_HELP = `Usage: twinbox create NAME [IMAGE …] [--memory MIB] [--cpu MODEL] [--disposable] [--home DIR]

Makes a machine from images, each into the drive that it is for. The images stay where they are.

  --memory MIB   guest memory in MiB (what the recognised system needs)
  --cpu MODEL    the processor: i486, pentium3, core2, x86-64-v2 or x86-64-v3; MODEL,vendor=amd for AMD's (x86-64-v2)
  --disposable   keep the guest's writes in memory only
  --home DIR     where machines and media are kept
`;

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const OPTIONS = { home: text, port: text, memory: text, cpu: text, disposable: flag } as const;

export interface LibraryOptions {
  home: string;
  names: string[];
  port: number;
  memoryMib?: number;
  cpu?: CpuChoice;
  disposable: boolean;
}

/**
 * The command line of a command about the library, of which `allowed` are the options.
 *
 * @throws TwinboxError invalid-argument, one clear line.
 */
export function parseLibraryOptions(
  args: string[],
  allowed: readonly (keyof typeof OPTIONS)[],
  names: { from: number; to: number; usage: string },
): LibraryOptions {
  const options = Object.fromEntries(allowed.map((name) => [name, OPTIONS[name]])) as typeof OPTIONS;
  let parsed: ReturnType<typeof parse>;
  const parse = () => parseArgs({ args, options, strict: true, allowPositionals: names.to > 0 });
  try {
    parsed = parse();
  } catch (error) {
    throw commandLineError(error);
  }
  const { values, positionals } = parsed;
  if (positionals.length < names.from || positionals.length > names.to)
    throw new TwinboxError("invalid-argument", `Usage: ${names.usage}`);
  return {
    home: values.home ?? defaultHome(),
    names: positionals,
    port: wholeNumber("port", values.port ?? "0", 65_535),
    ...(values.memory !== undefined && { memoryMib: wholeNumber("memory", values.memory, 3072) }),
    ...(values.cpu !== undefined && { cpu: parseCpu(values.cpu) }),
    disposable: values.disposable ?? false,
  };
}

function wholeNumber(option: string, value: string, to: number): number {
  const n = Number(value);
  if (!/^\d+$/.test(value) || n > to)
    throw new TwinboxError(
      "invalid-argument",
      `--${option} takes a whole number up to ${to}, not "${value}".`,
    );
  return n;
}
