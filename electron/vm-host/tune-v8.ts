import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Of both halves. Left alone they grow to 64 MiB, for garbage that eight do as well for. */
const YOUNG_GENERATION = 8 << 20;

let tuned = false;

/**
 * Fits this process's V8 to a machine: small WebAssembly modules by the hundred, and little that lives on in its heap.
 * Once for all machines.
 */
export function tuneV8(): void {
  if (tuned) return;
  tuned = true;
  // Functions are validated when they are first called, not before. They come from our own encoder, which tests let V8
  // judge in full.
  setFlagsFromString("--wasm-lazy-validation");
  // Compiled code says which branches are rarely taken; without that, what is rare lies amid what is not.
  if (!knowsBranchHints(process.versions.v8)) setFlagsFromString("--experimental-wasm-branch-hinting");
  // Compiled code that was dropped is freed with its module, an object of a few words: V8 would let several times as much gather as lives.
  setFlagsFromString("--heap-growing-percent=25");
  limitYoungGeneration();
}

/**
 * What `make` returns, with the modules that it makes compiled by then. Left alone, V8 compiles a function when it is first called, in
 * the guest's thread, and `optimized` only once it has run for a while.
 */
export function compiledAtOnce<T>(make: () => T, optimized = false): T {
  const flags = optimized ? ["wasm-lazy-compilation", "liftoff"] : ["wasm-lazy-compilation"];
  for (const flag of flags) setFlagsFromString(`--no-${flag}`);
  try {
    return make();
  } finally {
    for (const flag of flags) setFlagsFromString(`--${flag}`);
  }
}

/** Whether a V8 follows the hints of branches by itself: since 13.7 (Chrome 137). */
function knowsBranchHints(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 13 || (major === 13 && minor >= 7);
}

/**
 * The flag that says how far the young generation may grow is only read at start-up; the one for how fast, each time. While a machine
 * is made it would double several times before anybody is told.
 */
function limitYoungGeneration(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    const isLarge = !young || young.space_size >= YOUNG_GENERATION;
    setFlagsFromString(`--semi-space-growth-factor=${isLarge ? 1 : 2}`);
    if (isLarge) observer.disconnect();
  });
  observer.observe({ entryTypes: ["gc"] });
}
