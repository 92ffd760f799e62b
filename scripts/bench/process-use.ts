// What a process and its children use of the host, as Linux tells in /proc: proc(5).

import { readdirSync, readFileSync } from "node:fs";

/** Linux counts processor time in these. */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

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

/** What is resident, in bytes. */
export interface Resident {
  total: number;
  /** In mappings that can hold the guest's RAM. */
  guest: number;
}

/**
 * The text of /proc/PID/smaps. A machine's RAM is in a mapping at least as large, for data: a translator's code may
 * have as much room.
 */
export function parseSmaps(text: string, guestBytes: number): Resident {
  const resident: Resident = { total: 0, guest: 0 };
  let data = false;
  let size = 0;
  for (const line of text.split("\n")) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ (\S{4})/.exec(line);
    if (mapping) data = mapping[1]!.startsWith("rw-");
    const [, name, kib] = /^(Size|Rss): +(\d+) kB/.exec(line) ?? [];
    if (name === "Size") size = Number(kib) * KIB;
    if (name !== "Rss") continue;
    resident.total += Number(kib) * KIB;
    if (data && size >= guestBytes) resident.guest += Number(kib) * KIB;
  }
  return resident;
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

/** Of the process and its descendants, in bytes, without the guest's RAM. */
export function residentBeyondGuest(pid: number, guestBytes: number): number {
  const all = family(pid).map((member) => parseSmaps(readProcess(member, "smaps") ?? "", guestBytes));
  return all.reduce((sum, { total, guest }) => sum + total - guest, 0);
}
