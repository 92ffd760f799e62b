// How the guest program is compiled.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "../guests/packages.ts";

/** The guest program's sources, and all files that what is made of them depends on. */
export const SOURCES = join(import.meta.dirname, "guest");
export const SOURCE_NAMES: readonly string[] = readdirSync(SOURCES);
export const RECIPE: readonly string[] = [
  import.meta.filename,
  ...SOURCE_NAMES.map((name) => join(SOURCES, name)),
];
export const COMPILER = "gcc";

const COMMON = "-std=gnu11 -O2 -Wall -Wextra -static -fno-pie -no-pie";
/** i386 without more is the x87's; what is SSE2's says so. */
const FLAGS: Record<Architecture, string> = { i386: "-m32 -march=i686", amd64: "-m64" };
const UNITS: readonly { source: string; object: string; flags?: string }[] = [
  { source: "main.c", object: "main.o" },
  { source: "integer.c", object: "integer.o" },
  { source: "matrix.c", object: "matrix-x87.o", flags: "-mfpmath=387 -DMATRIX=matrix_x87" },
  { source: "matrix.c", object: "matrix-sse2.o", flags: "-msse2 -mfpmath=sse -DMATRIX=matrix_sse2" },
  { source: "floating.c", object: "floating.o" },
  { source: "vectors.c", object: "vectors.o", flags: "-msse2" },
  { source: "system.c", object: "system.o" },
];

const words = (text: string | undefined): string[] => text?.split(" ") ?? [];

/** What the compiler is told of an architecture. */
export const flagsOf = (architecture: Architecture): string[] => words(FLAGS[architecture]);

/**
 * The arguments of the compiler's runs, one after the other, that make the program `to` of the sources in a folder, by way
 * of a folder of objects.
 */
export function compilation(
  architecture: Architecture,
  sources: string,
  objects: string,
  to: string,
): string[][] {
  const flags = [...words(COMMON), ...flagsOf(architecture)];
  const compiled = UNITS.map(({ source, object, flags: more }) => [
    ...[...flags, ...words(more)],
    ...["-c", join(sources, source), "-o", join(objects, object)],
  ]);
  const linked = [...flags, ...UNITS.map(({ object }) => join(objects, object)), "-lm", "-o", to];
  return [...compiled, linked];
}
