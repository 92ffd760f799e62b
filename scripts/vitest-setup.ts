import { buildRuntimeIfStale } from "./build-runtime.ts";

/** The tests load the compiled runtime: build it once, before any of them. */
export default async function setup(): Promise<void> {
  await buildRuntimeIfStale();
}
