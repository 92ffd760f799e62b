import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** Of both halves. Left alone they grow to 64 MiB, for garbage that two do as well for. */
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
  stopYoungGrowth();
}

/** The flag that says how far the young generation may grow is only read at start-up; the one for how fast, each time. */
function stopYoungGrowth(): void {
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    if (young && young.space_size < YOUNG_GENERATION) return;
    setFlagsFromString("--semi-space-growth-factor=1");
    observer.disconnect();
  });
  observer.observe({ entryTypes: ["gc"] });
}
