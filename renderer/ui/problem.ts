import type { ProblemReport } from "../../electron/contract/manager.ts";

/** Whatever was thrown, as a problem in words. Problems that crossed a process border keep theirs. */
export function problemOf(error: unknown): ProblemReport {
  if (typeof error === "object" && error !== null && "message" in error) {
    const report = error as Partial<ProblemReport> & { message: unknown };
    return {
      kind: report.kind ?? "internal",
      message: String(report.message),
      subject: report.subject ?? null,
      advice: report.advice ?? null,
    };
  }
  return { kind: "internal", message: String(error), subject: null, advice: null };
}

/** One line for a toast: what happened, then what to do about it. */
export function problemText(problem: ProblemReport): string {
  const message = /[.!?]$/.test(problem.message) ? problem.message : `${problem.message}.`;
  return problem.advice ? `${message} ${problem.advice}` : message;
}
