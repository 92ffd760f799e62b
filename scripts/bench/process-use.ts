// What a process and its children use of the host, as Linux tells in /proc: proc(5).

import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";

/** Linux counts processor time in these. */
const TICKS_PER_SECOND = 100;
const KIB = 1024;
/** Bytes of a page, and of its entry in /proc/PID/pagemap. */
const PAGE = 4096;
const ENTRY = 8;

interface Stat {
  parent: number;
  /** With all its threads, without its children. */
  processorSeconds: number;
}

/** The text of /proc/PID/stat. */
export function parseStat(text: string): Stat {
  // The name, in parentheses, may hold anything; the state, field 3, comes after it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  return { parent: field(4), processorSeconds: (field(14) + field(15)) / TICKS_PER_SECOND };
}

/** Addresses from `start` up to `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** What a process has in memory. */
export interface Mapped {
  /** Resident bytes in all. */
  resident: number;
  /** Where the guest's RAM can be. */
  ram: Range[];
}

/**
 * The text of /proc/PID/smaps. A machine's RAM is at the end of a mapping at least as large, for data: a translator's code may have
 * as much room, and ours has tables and decoded code before it.
 */
export function parseSmaps(text: string, guestBytes: number): Mapped {
  const mapped: Mapped = { resident: 0, ram: [] };
  for (const line of text.split("\n")) {
    const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S{4})/.exec(line) ?? [];
    if (from && to && rights?.startsWith("rw-")) {
      const end = Number.parseInt(to, 16);
      const start = end - guestBytes;
      if (start >= Number.parseInt(from, 16)) mapped.ram.push({ start, end });
    }
    const kib = /^Rss: +(\d+) kB/.exec(line)?.[1];
    if (kib) mapped.resident += Number(kib) * KIB;
  }
  return mapped;
}

/** Bytes of a range that are resident, by a part of /proc/PID/pagemap: for each page 64 bits, the highest of which says so. */
export function parsePagemap(entries: Uint8Array): number {
  let pages = 0;
  for (let at = ENTRY - 1; at < entries.length; at += ENTRY) pages += entries[at]! >> 7;
  return pages * PAGE;
}

/** 0 once the process has ended. */
function residentIn(pid: number, { start, end }: Range): number {
  let file: number;
  try {
    file = openSync(`/proc/${pid}/pagemap`, "r");
  } catch {
    return 0;
  }
  try {
    const entries = new Uint8Array(((end - start) / PAGE) * ENTRY);
    const length = readSync(file, entries, 0, entries.length, (start / PAGE) * ENTRY);
    return parsePagemap(entries.subarray(0, length));
  } finally {
    closeSync(file);
  }
}

/** Undefined once the process has ended. */
function readProcess(pid: number, file: "stat" | "smaps"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

/** The process and its descendants. */
function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readProcess(Number(name), "stat") : undefined;
    if (stat !== undefined) parents.set(Number(name), parseStat(stat).parent);
  }
  const members = [pid];
  // Grows while it is gone through.
  for (const member of members)
    for (const [child, parent] of parents) if (parent === member) members.push(child);
  return members;
}

/** Of the process and its descendants. */
export function processorSeconds(pid: number): number {
  const stats = family(pid).map((member) => readProcess(member, "stat"));
  return stats.reduce((sum, stat) => sum + (stat === undefined ? 0 : parseStat(stat).processorSeconds), 0);
}

/** Of the process's first thread, without its others. */
export function firstThreadSeconds(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8")).processorSeconds;
}

/** Of the process and its descendants, in bytes, without what the guest has touched of its RAM. */
export function residentBeyondGuest(pid: number, guestBytes: number): number {
  let beyond = 0;
  for (const member of family(pid)) {
    const { resident, ram } = parseSmaps(readProcess(member, "smaps") ?? "", guestBytes);
    beyond += resident;
    for (const range of ram) beyond -= residentIn(member, range);
  }
  return beyond;
}
