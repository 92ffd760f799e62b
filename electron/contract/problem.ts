import { TwinboxError, type TwinboxErrorKind } from "../../core/base/errors.ts";
import type { ProblemReport } from "./manager.ts";

/** An error as it crosses a border between processes. Only a `TwinboxError`'s words do: others may hold paths. */
export function toProblem(error: unknown): ProblemReport {
  if (error instanceof TwinboxError)
    return {
      kind: error.kind,
      message: error.message,
      subject: error.subject ?? null,
      advice: error.advice ?? null,
    };
  return {
    kind: "internal",
    message: "Twinbox itself has made an error.",
    subject: null,
    advice: "Its log says more.",
  };
}

/** The inverse of {@link toProblem}, on the other side. */
export function fromProblem(problem: ProblemReport): TwinboxError {
  return new TwinboxError(problem.kind, problem.message, {
    ...(problem.subject === null ? {} : { subject: problem.subject }),
    ...(problem.advice === null ? {} : { advice: problem.advice }),
  });
}

/** A problem that has no error behind it. */
export const problem = (
  kind: TwinboxErrorKind,
  message: string,
  advice: string | null = null,
  subject: string | null = null,
): ProblemReport => ({ kind, message, subject, advice });
