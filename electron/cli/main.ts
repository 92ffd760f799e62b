import { TwinboxError } from "../../core/base/errors.ts";

const HELP = `Usage: twinbox COMMAND [OPTIONS]

  run               run one machine in the foreground, from images (twinbox run --help)
  serve             open the machines' window in a browser (twinbox serve --help)
  create NAME …     make a machine from images (twinbox create --help)
  list              list the machines
  start NAME        run a machine of the list in the foreground, its COM1 on the terminal
  remove NAME       remove a machine; its images stay
  version           tell this program's version

All but run and version take --home DIR, the folder where machines and media are kept.
`;

/** Runs the command line; resolves with the exit status. What a command does not need is not loaded. */
async function main(args: string[]): Promise<number> {
  const [command, ...rest] = args;
  const wantsHelp = rest.includes("--help") || rest.includes("-h");
  switch (command) {
    case "run": {
      const { parseRunOptions, RUN_HELP } = await import("./run-options.ts");
      if (wantsHelp) return print(RUN_HELP);
      const options = parseRunOptions(rest);
      const [{ run }, { pcParts }, { openGivenMedium }] = await Promise.all([
        import("./run.ts"),
        import("../vm-host/pc-parts.ts"),
        import("../vm-host/open-medium.ts"),
      ]);
      return run(options, { ...pcParts, openMedium: openGivenMedium });
    }
    case "serve":
    case "create":
    case "list":
    case "start":
    case "remove":
      return libraryCommand(command, rest, wantsHelp);
    case undefined:
    case "help":
    case "--help":
    case "-h":
      return print(HELP);
    case "version":
    case "--version":
    case "-V":
      return print(`twinbox ${await version()}\n`);
    default:
      throw new TwinboxError("invalid-argument", `There is no command ${command}. See twinbox --help.`);
  }
}

/** As package.json has it, which lies two folders above the sources' place and the bundle's. */
async function version(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(text).version;
}

async function libraryCommand(
  command: "serve" | "create" | "list" | "start" | "remove",
  args: string[],
  wantsHelp: boolean,
): Promise<number> {
  const { parseLibraryOptions, SERVE_HELP, CREATE_HELP } = await import("./library-options.ts");
  if (wantsHelp)
    return print({ serve: SERVE_HELP, create: CREATE_HELP, list: HELP, start: HELP, remove: HELP }[command]);
  if (command === "serve") {
    const options = parseLibraryOptions(args, ["home", "port"], { from: 0, to: 0, usage: "twinbox serve" });
    const { serve } = await import("../server/serve.ts");
    return serve(options);
  }
  const library = await import("./library.ts");
  switch (command) {
    case "create":
      return print(
        await library.create(
          parseLibraryOptions(args, ["home", "memory", "cpu", "disposable"], {
            from: 1,
            to: 7,
            usage: "twinbox create NAME [IMAGE …]",
          }),
        ),
      );
    case "list":
      return print(
        await library.list(parseLibraryOptions(args, ["home"], { from: 0, to: 0, usage: "twinbox list" })),
      );
    case "remove":
      return print(
        await library.remove(
          parseLibraryOptions(args, ["home"], { from: 1, to: 1, usage: "twinbox remove NAME" }),
        ),
      );
    case "start": {
      const options = parseLibraryOptions(args, ["home"], { from: 1, to: 1, usage: "twinbox start NAME" });
      const [{ run }, { pcParts }] = await Promise.all([
        import("./run.ts"),
        import("../vm-host/pc-parts.ts"),
      ]);
      // Images of the library are opened as their settings say, not as what they look like.
      return run(await library.runOptionsOf(options), pcParts);
    }
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** One clear line; an error of our own making, which no person can help, comes with its stack. */
function report(error: unknown): void {
  if (error instanceof TwinboxError) {
    const advice = error.advice === undefined ? "" : ` ${error.advice}`;
    process.stderr.write(`twinbox: ${error.message}${advice}\n`);
  } else process.stderr.write(`twinbox: ${error instanceof Error ? error.stack : String(error)}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  report(error);
  process.exitCode = 1;
}
// A pipe that nobody reads, or a worker of the runtime, must not keep the program from ending.
process.stdout.write("", () => process.exit());
