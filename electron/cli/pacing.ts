import type { PcEngine } from "../vm-host/pc-engine.ts";

/** What steps and watches wait by. */
export interface Pacing {
  /** Calls `done` after so many milliseconds, unless the function that it gives is called before. */
  after(ms: number, done: () => void): () => void;
  /** Does work of the host's, such as writing a file. */
  away(work: () => Promise<void>): Promise<void>;
}

/** The host's clock; the guest goes on meanwhile. */
export const hostPacing: Pacing = {
  after(ms, done) {
    const timer = setTimeout(done, ms);
    return () => clearTimeout(timer);
  },
  away: (work) => work(),
};

/**
 * The machine's clock, looked at between two slices: what is waited for comes after the same instructions each time. The
 * guest stands still while the host is at work, unless the run has ended.
 */
export function machinePacing(engine: PcEngine, ended: AbortSignal): Pacing {
  const nowMs = () => engine.statistics().timeNs / 1e6;
  return {
    after(ms, done) {
      const due = nowMs() + ms;
      const stop = engine.onSlice(() => {
        if (nowMs() < due) return;
        stop();
        done();
      });
      return stop;
    },
    async away(work) {
      engine.pause();
      try {
        await work();
      } finally {
        if (!ended.aborted) engine.resume();
      }
    },
  };
}
