import { TwinboxError } from "../../core/base/errors.ts";

const HELP = `Usage: twinbox COMMAND [OPTIONS]

  run       run one machine in the foreground (twinbox run --help)
  serve     open the machines' window in a browser (twinbox serve --help)
  list      list the machines
  create    make a machine from images (twinbox create --help)
  remove    remove a powered-off machine
`;

/** Runs the command line; resolves with the exit status. */
async function main(args: string[]): Promise<number> {
  const [command, ...rest] = args;
  const wantsHelp = rest.includes("--help") || rest.includes("-h");
  switch (command) {
    case "run": {
      const { parseRunOptions, RUN_HELP } = await import("./run-options.ts");
      if (wantsHelp) return print(RUN_HELP);
      const options = parseRunOptions(rest);
      const { run } = await import("./run.ts");
      return run(options);
    }
    case undefined:
    case "help":
    case "--help":
    case "-h":
      return print(HELP);
    default:
      throw new TwinboxError("invalid-argument", `There is no command ${command}. See twinbox --help.`);
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
