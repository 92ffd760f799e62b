import type { TestProject } from "vitest/node";
import { buildRuntimeIfStale } from "../build-runtime.ts";
import { type Guests, prepareGuests } from "./prepare.ts";

declare module "vitest" {
  interface ProvidedContext {
    guests: Guests;
  }
}

/** Guests are made once, before the tests that run them. */
export default async function setup(project: TestProject): Promise<void> {
  await buildRuntimeIfStale();
  project.provide("guests", await prepareGuests());
}
