// From a linear to a physical address for who only looks: no accessed or dirty bit is set, nothing enters the
// translation table, no rights are asked for. [SDM] vol. 3A, chapter 4.

/** What the walk depends on. */
export interface PagingState {
  readonly cr0: bigint;
  readonly cr3: bigint;
  readonly cr4: bigint;
  readonly efer: bigint;
  /** PDPTE0 to PDPTE3 as the processor holds them in PAE paging. */
  readonly pdptes: readonly bigint[];
  /** All ones, or without bit 20 while the A20 gate is closed. */
  readonly a20Mask: number;
  /** Bytes of physical memory, undefined where there is none. */
  read(physical: number, bytes: number): bigint | undefined;
}

export type PagingMode = "none" | "32-bit" | "PAE" | "4-level";
export type EntryName = "PML4E" | "PDPTE" | "PDE" | "PTE";

export interface WalkedEntry {
  readonly name: EntryName;
  /** Physical address of the entry; undefined: in the processor (PDPTE0 to PDPTE3 of PAE paging). */
  readonly address: number | undefined;
  readonly value: bigint;
  readonly present: boolean;
  /** It maps a page, of this many bytes; undefined: it leads to another table, or nowhere. */
  readonly pageSize: number | undefined;
}

export interface PageWalk {
  readonly mode: PagingMode;
  readonly entries: readonly WalkedEntry[];
  /** Undefined: not mapped, for the reason that `failure` gives. */
  readonly physical: number | undefined;
  readonly failure: string | undefined;
  /** What all levels together allow. */
  readonly writable: boolean;
  readonly user: boolean;
  readonly executable: boolean;
}

const CR0_PG = 1n << 31n;
const CR4_PSE = 1n << 4n;
const CR4_PAE = 1n << 5n;
const EFER_LMA = 1n << 10n;
const EFER_NXE = 1n << 11n;

const PRESENT = 1n;
const WRITABLE = 2n;
const USER = 4n;
const LARGE = 0x80n;
const NO_EXECUTE = 1n << 63n;
const ADDRESS = 0x000ffffffffff000n;
/** The first physical address beyond any memory. */
const BEYOND = 1n << 32n;

interface Level {
  readonly name: EntryName;
  /** Lowest bit of the linear address that indexes the table, and how many there are. */
  readonly shift: bigint;
  readonly bits: bigint;
  /** Its entries may map a page. */
  readonly large: boolean;
}

const LEVELS_32: readonly Level[] = [
  { name: "PDE", shift: 22n, bits: 10n, large: true },
  { name: "PTE", shift: 12n, bits: 10n, large: false },
];
const LEVELS_PAE: readonly Level[] = [
  { name: "PDE", shift: 21n, bits: 9n, large: true },
  { name: "PTE", shift: 12n, bits: 9n, large: false },
];
const LEVELS_4: readonly Level[] = [
  { name: "PML4E", shift: 39n, bits: 9n, large: false },
  { name: "PDPTE", shift: 30n, bits: 9n, large: true },
  ...LEVELS_PAE,
];

export function pagingMode({ cr0, cr4, efer }: PagingState): PagingMode {
  if (!(cr0 & CR0_PG)) return "none";
  if (efer & EFER_LMA) return "4-level";
  return cr4 & CR4_PAE ? "PAE" : "32-bit";
}

/** A linear address with bits 47 to 63 equal. */
const isCanonical = (linear: bigint): boolean => BigInt.asUintN(64, BigInt.asIntN(48, linear)) === linear;

export function walkPages(state: PagingState, linear: bigint): PageWalk {
  const mode = pagingMode(state);
  const entries: WalkedEntry[] = [];
  const end = (physical: bigint | undefined, failure?: string, rights = ~0n, executable = true): PageWalk => {
    const beyond = physical !== undefined && physical >= BEYOND;
    return {
      mode,
      entries,
      physical: physical === undefined || beyond ? undefined : (Number(physical) & state.a20Mask) >>> 0,
      failure: beyond ? `physical address ${physical.toString(16)} is beyond all memory` : failure,
      writable: (rights & WRITABLE) !== 0n,
      user: (rights & USER) !== 0n,
      executable,
    };
  };
  if (mode === "none") return end(BigInt.asUintN(32, linear));
  if (mode === "4-level" && !isCanonical(linear)) return end(undefined, "not canonical");
  const wide = mode !== "32-bit";
  let table = state.cr3 & (wide ? ADDRESS : 0xfffff000n);
  if (mode === "PAE") {
    const value = state.pdptes[Number((linear >> 30n) & 3n)]!;
    const present = (value & PRESENT) !== 0n;
    entries.push({ name: "PDPTE", address: undefined, value, present, pageSize: undefined });
    if (!present) return end(undefined, "the PDPTE is not present");
    table = value & ADDRESS;
  }
  let rights = ~0n;
  let executable = true;
  for (const level of mode === "4-level" ? LEVELS_4 : wide ? LEVELS_PAE : LEVELS_32) {
    const index = (linear >> level.shift) & ((1n << level.bits) - 1n);
    const place = table + index * (wide ? 8n : 4n);
    const value = place < BEYOND ? state.read(Number(place), wide ? 8 : 4) : undefined;
    if (value === undefined) {
      return end(undefined, `the ${level.name} at ${place.toString(16)} is in no memory`);
    }
    const present = (value & PRESENT) !== 0n;
    const large = level.large && (value & LARGE) !== 0n && (wide || (state.cr4 & CR4_PSE) !== 0n);
    const maps = present && (large || level.name === "PTE");
    const size = 1n << level.shift;
    entries.push({
      name: level.name,
      address: Number(place),
      value,
      present,
      pageSize: maps ? Number(size) : undefined,
    });
    if (!present) return end(undefined, `the ${level.name} is not present`);
    rights &= value;
    if (wide && state.efer & EFER_NXE && value & NO_EXECUTE) executable = false;
    table = value & (wide ? ADDRESS : 0xfffff000n);
    if (maps) {
      // A 4 MiB page has bits 32 to 39 of its address in bits 13 to 20.
      if (large && !wide) table = (value & 0xffc00000n) | (((value >> 13n) & 0xffn) << 32n);
      return end((table & ~(size - 1n)) | (linear & (size - 1n)), undefined, rights, executable);
    }
  }
  throw new Error("a PTE maps a page or is not present");
}

const FLAGS: readonly [bigint, string][] = [
  [WRITABLE, "writable"],
  [USER, "user"],
  [8n, "write-through"],
  [16n, "uncached"],
  [32n, "accessed"],
];
const PAGE_FLAGS: readonly [bigint, string][] = [
  [64n, "dirty"],
  [256n, "global"],
];

function describeEntry({ name, address, value, present, pageSize }: WalkedEntry, wide: boolean): string {
  const where = address === undefined ? "in the processor" : `at ${address.toString(16)}`;
  const digits = value.toString(16).padStart(wide ? 16 : 8, "0");
  const words = [...FLAGS, ...(pageSize === undefined ? [] : PAGE_FLAGS)]
    .filter(([bit]) => value & bit)
    .map(([, word]) => word);
  if (wide && value & NO_EXECUTE) words.push("no-execute");
  if (pageSize !== undefined) words.push(`page of ${pageSize / 1024} KiB`);
  return `${name.padEnd(5)} ${where}: ${digits} ${present ? words.join(", ") : "not present"}`;
}

/** A line an entry, then what comes of them. */
export function describeWalk(linear: bigint, walk: PageWalk): string[] {
  const lines = walk.entries.map((entry) => describeEntry(entry, walk.mode !== "32-bit"));
  const address = linear.toString(16);
  if (walk.physical === undefined) return [...lines, `${address}: ${walk.failure}`];
  const paging = walk.mode === "none" ? "no paging" : `${walk.mode} paging`;
  return [...lines, `${address} is physical ${walk.physical.toString(16)} (${paging})`];
}
