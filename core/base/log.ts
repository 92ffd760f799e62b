export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where a part of the machine reports what a person debugging a guest would want to read. */
export interface Log {
  write(level: LogLevel, source: string, message: string): void;
}
