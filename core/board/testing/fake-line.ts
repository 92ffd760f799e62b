import type { Line } from "../device.ts";

/** A wire's far end that remembers what it was driven to. */
export class FakeLine implements Line {
  level = false;
  /** Changes from low to high so far. */
  rises = 0;
  /** Changes from high to low so far. */
  falls = 0;

  set(high: boolean): void {
    if (high === this.level) return;
    this.level = high;
    if (high) this.rises++;
    else this.falls++;
  }
}
