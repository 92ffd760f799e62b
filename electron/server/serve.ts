import { addDemo } from "../manager/demo.ts";
import { ForkStarter } from "../manager/fork-starter.ts";
import { Manager } from "../manager/manager.ts";
import { DEMO_IMAGE, RENDERER, VM_HOST } from "../platform/paths.ts";
import { startServer } from "./server.ts";

export interface ServeOptions {
  port: number;
  home: string;
}

/**
 * Serves the window until interrupted, then powers the machines off. Prints the address on a line of standard
 * output; resolves with the exit status.
 *
 * @throws TwinboxError when the home folder or the port cannot be used.
 */
export async function serve({ port, home }: ServeOptions): Promise<number> {
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
  const manager = await Manager.open(home, new ForkStarter(VM_HOST));
  const onError = (error: unknown) => console.error(error);
  try {
    await addDemo(manager, DEMO_IMAGE).catch(onError);
    const server = await startServer({ manager, port, renderer: RENDERER, onError });
    process.stdout.write(`${server.address}\n`);
    await interrupted;
    await server.close();
  } finally {
    await manager.close();
  }
  return 0;
}
