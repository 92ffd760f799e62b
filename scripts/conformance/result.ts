export interface Result {
  readonly name: string;
  /** Skipped: the program found that the machine lacks what it tests. */
  readonly verdict: "passed" | "failed" | "skipped";
  /** What was counted, or the first thing that went wrong. */
  readonly detail: string;
  /** All that the program wrote. */
  readonly text: string;
}
