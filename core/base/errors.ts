/** What can go wrong in a way that a person can meet. Stable: callers switch on it. */
export type TwinboxErrorKind =
  | "not-found"
  | "permission"
  | "read-only"
  | "truncated"
  | "unsupported-format"
  | "disk-full"
  | "invalid-argument"
  | "invalid-state"
  | "corrupt"
  | "busy"
  | "io"
  | "internal";

/** An error a person can meet: what it is about, and what to do next. */
export class TwinboxError extends Error {
  readonly kind: TwinboxErrorKind;
  /** The file, machine or option it is about. */
  readonly subject: string | undefined;
  /** What the person can do about it, one sentence. */
  readonly advice: string | undefined;

  constructor(
    kind: TwinboxErrorKind,
    message: string,
    details: { subject?: string; advice?: string; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "TwinboxError";
    this.kind = kind;
    this.subject = details.subject;
    this.advice = details.advice;
  }
}
