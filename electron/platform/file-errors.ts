import { TwinboxError, type TwinboxErrorKind } from "../../core/base/errors.ts";

interface Meaning {
  kind: TwinboxErrorKind;
  what: string;
  advice?: string;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { kind: "not-found", what: "there is no such file", advice: "Check where the file is now." },
  ENOTDIR: { kind: "not-found", what: "a part of its path is not a folder" },
  ESTALE: { kind: "not-found", what: "the network drive that held it has gone away" },
  ENODEV: { kind: "not-found", what: "the drive that held it has gone away" },
  ENXIO: { kind: "not-found", what: "the drive that held it has gone away" },
  EACCES: {
    kind: "permission",
    what: "this user may not do that with the file",
    advice: "Change the file's permissions, or use a copy of it.",
  },
  EPERM: {
    kind: "permission",
    what: "this user may not do that with the file",
    advice: "Change the file's permissions, or use a copy of it.",
  },
  EROFS: {
    kind: "permission",
    what: "it is on a file system that can only be read",
    advice: "Attach it read-only or disposable, or use a copy of it.",
  },
  ENOSPC: {
    kind: "disk-full",
    what: "the host's disk is full",
    advice: "Free some space on the host's disk, then try again.",
  },
  EDQUOT: {
    kind: "disk-full",
    what: "the disk quota of this user is used up",
    advice: "Free some space on the host's disk, then try again.",
  },
  EFBIG: { kind: "disk-full", what: "the host's file system does not take files that large" },
  EISDIR: { kind: "invalid-argument", what: "it is a folder", advice: "Choose a file." },
  ENAMETOOLONG: { kind: "invalid-argument", what: "its name is too long" },
  EEXIST: { kind: "invalid-state", what: "it exists already" },
  ENOTEMPTY: { kind: "invalid-state", what: "the folder is not empty" },
  EBUSY: { kind: "busy", what: "another program is using it" },
  ETXTBSY: { kind: "busy", what: "another program is using it" },
  EMFILE: { kind: "busy", what: "too many files are open" },
  ENFILE: { kind: "busy", what: "too many files are open" },
};

/**
 * What the operating system said about a file, in words. `doing` is a verb phrase: `Cannot <doing> <name>: …`.
 * A `TwinboxError` is returned as it is.
 */
export function fileError(cause: unknown, doing: string, name: string): TwinboxError {
  if (cause instanceof TwinboxError) return cause;
  const code = (cause as { code?: unknown } | null)?.code;
  const meaning = typeof code === "string" ? MEANINGS[code] : undefined;
  const what =
    meaning?.what ?? `the host reported an error (${typeof code === "string" ? code : String(cause)})`;
  return new TwinboxError(meaning?.kind ?? "io", `Cannot ${doing} ${name}: ${what}.`, {
    subject: name,
    ...(meaning?.advice === undefined ? {} : { advice: meaning.advice }),
    cause,
  });
}
