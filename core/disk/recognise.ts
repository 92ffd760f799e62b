import type { BlockDevice } from "./block-device.ts";
import { latin1, readBytes } from "./filesystems/bytes.ts";
import { Fat } from "./filesystems/fat.ts";
import { Iso9660 } from "./filesystems/iso9660.ts";
import { hasBootSignature, masterBootRecord, type Partition } from "./filesystems/partitions.ts";
import { type MediumKind, mediumKind } from "./integrity.ts";

/** What was found on an image, and what a machine made from it should have. */
export interface Recognised {
  kind: MediumKind;
  /** `debian-12-i386`, `freedos`; `unknown` where nothing was recognised. */
  system: string;
  /** For people: `Debian GNU/Linux 12 (i386)`. */
  systemName: string;
  /** Memory proposed, MiB. */
  memoryMib: number;
  /** Whether firmware would find something to start. It may still not be a system. */
  bootable: boolean;
}

interface System {
  system: string;
  systemName: string;
  memoryMib: number;
}

const DEFAULT_MEMORY: Record<MediumKind, number> = { floppy: 64, disk: 512, cdrom: 512 };
const LINUX_MEMORY = 512;
/** Longest text taken from an image into a name. */
const NAME_LIMIT = 60;

const system = (id: string, systemName: string, memoryMib: number): System => ({
  system: id,
  systemName,
  memoryMib,
});

/**
 * Looks for the system on an image by what is well known: volume names, boot loaders, files.
 *
 * @throws TwinboxError of the disk, when it cannot be read.
 */
export async function recognise(disk: BlockDevice): Promise<Recognised> {
  const kind = await mediumKind(disk);
  const iso = await Iso9660.open(disk);
  const { found, bootable } = iso ? await recogniseIso(disk, iso) : await recogniseDisk(disk);
  const unknown = system("unknown", "Unknown system", DEFAULT_MEMORY[kind]);
  return { kind, bootable, ...(found ?? unknown) };
}

interface Finding {
  found: System | null;
  bootable: boolean;
}

/** By the volume's name. */
const VOLUMES: readonly [pattern: RegExp, (match: RegExpMatchArray) => System][] = [
  [/^MT86PLUS/i, () => system("memtest86plus", "Memtest86+", 128)],
  [
    /^OpenBSD\/(\w+)\s+([\d.]+)/i,
    ([, arch, version]) => system(`openbsd-${version}-${arch}`, `OpenBSD ${version} (${arch})`, 256),
  ],
  [/^NetBSD/i, () => system("netbsd", "NetBSD", 256)],
  [/^alpine-\S+ ([\d.]+)/i, ([, version]) => system(`alpine-${version}`, `Alpine Linux ${version}`, 256)],
  [/^(TinyCore|CorePlus|Core$)/i, () => system("tinycore", "Tiny Core Linux", 256)],
  [/^KOLIBRI/i, () => system("kolibrios", "KolibriOS", 128)],
  [/^MIKEOS/i, () => system("mikeos", "MikeOS", 16)],
  [/^(FREEDOS|FD\d)/i, () => system("freedos", "FreeDOS", 64)],
  [/^ReactOS/i, () => system("reactos", "ReactOS", 512)],
];

async function recogniseIso(disk: BlockDevice, iso: Iso9660): Promise<Finding> {
  const bootable = await hasBootEntry(disk, iso);
  const info = await iso.readFile(".disk/info", 512);
  const named = info && distribution(latin1(info));
  if (named) return { found: named, bootable };
  for (const [pattern, make] of VOLUMES) {
    const match = iso.volumeId.match(pattern);
    if (match) return { found: make(match), bootable };
  }
  const label = iso.volumeId.slice(0, NAME_LIMIT);
  const suffix = label ? ` “${label}”` : "";
  // The installer's small images have the boot loader in their root.
  const isolinux = await Promise.all(
    ["isolinux", "boot/isolinux", "isolinux.bin"].map((path) => iso.exists(path)),
  );
  if (isolinux.includes(true)) {
    return { found: system("linux", `Linux CD (ISOLINUX)${suffix}`, LINUX_MEMORY), bootable };
  }
  if (await iso.exists("boot/grub")) {
    return { found: system("grub", `Boot CD (GRUB)${suffix}`, LINUX_MEMORY), bootable };
  }
  return { found: system("unknown", `CD${suffix}`, DEFAULT_MEMORY.cdrom), bootable };
}

/** `.disk/info` of Debian and its descendants: `Debian GNU/Linux 12.5.0 "Bookworm" - Official i386 NETINST …`. */
function distribution(info: string): System | null {
  const match = info.match(/^([A-Za-z][\w/ -]*?) (\d+)(\.\d+)?[^"]*"/);
  if (!match) return null;
  const [, name, major, minor = ""] = match;
  const debian = name!.startsWith("Debian");
  const version = debian ? major! : major! + minor;
  const arch = info.match(/\b(i386|amd64|arm64)\b/)?.[1];
  const id = name!.toLowerCase().split(/[ /]/)[0]!;
  return system(
    [id, version, ...(arch ? [arch] : [])].join("-"),
    `${name!.slice(0, NAME_LIMIT)} ${version}${arch ? ` (${arch})` : ""}`,
    debian ? LINUX_MEMORY : 2048,
  );
}

/** Whether the El Torito catalogue is valid and its first entry bootable. [ELTORITO] 2.1, 2.2 */
async function hasBootEntry(disk: BlockDevice, iso: Iso9660): Promise<boolean> {
  if (iso.bootCatalog === null) return false;
  const catalog = await readBytes(disk, iso.bootCatalog * 2048, 64);
  return catalog[0] === 1 && catalog[30] === 0x55 && catalog[31] === 0xaa && catalog[32] === 0x88;
}

/** By a FAT volume's files, all of which must be there. */
const FAT_FILES: readonly [files: readonly string[], System][] = [
  [["KERNEL.MNT"], system("kolibrios", "KolibriOS", 128)],
  [["LDLINUX.SYS"], system("linux", "Linux (SYSLINUX)", LINUX_MEMORY)],
  [["KERNEL.SYS", "COMMAND.COM"], system("freedos", "FreeDOS", 64)],
  [["IO.SYS"], system("ms-dos", "MS-DOS", 32)],
  [["IBMBIO.COM"], system("pc-dos", "PC DOS", 32)],
  [["NTLDR"], system("windows-nt", "Windows NT", 256)],
];

/** By the manufacturer's name in a boot sector. */
const OEM_NAMES: readonly [pattern: RegExp, System][] = [
  [/^KOLIBRI/, system("kolibrios", "KolibriOS", 128)],
  [/^MIKEBOOT/, system("mikeos", "MikeOS", 16)],
  [/^OpenBSD/, system("openbsd", "OpenBSD", 256)],
  [/^SYSLINUX/, system("linux", "Linux (SYSLINUX)", LINUX_MEMORY)],
];

/** By what boot code says of itself. */
const BOOT_CODE: readonly [text: string, System][] = [
  ["GRUB", system("linux", "Linux (GRUB)", LINUX_MEMORY)],
  ["LILO", system("linux", "Linux (LILO)", LINUX_MEMORY)],
  ["BOOTMGR", system("windows", "Windows", 1024)],
];

/** By type of partition. */
const PARTITION_TYPES: ReadonlyMap<number, System> = new Map([
  [0xa6, system("openbsd", "OpenBSD", 256)],
  [0xa9, system("netbsd", "NetBSD", 256)],
  [0xa5, system("freebsd", "FreeBSD", 512)],
  [0x83, system("linux", "Linux", LINUX_MEMORY)],
]);

async function recogniseDisk(disk: BlockDevice): Promise<Finding> {
  const sector = await readBytes(disk, 0, 512);
  const partitions = masterBootRecord(sector);
  const hasCode = sector.subarray(0, 64).some((byte) => byte !== 0);
  const bootable = hasBootSignature(sector) && hasCode;
  const found =
    bySectorName(sector) ??
    (await byFat(disk, 0)) ??
    byBootCode(sector) ??
    (await byPartitions(disk, partitions)) ??
    (await memtest(disk)) ??
    (await blank(disk));
  return { found, bootable };
}

function bySectorName(sector: Uint8Array): System | null {
  const name = latin1(sector.subarray(3, 11));
  return OEM_NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

async function byFat(disk: BlockDevice, offset: number): Promise<System | null> {
  const fat = await Fat.open(disk, offset);
  if (!fat) return null;
  const names = new Set(fat.names);
  const rule = FAT_FILES.find(([files]) => files.every((file) => names.has(file)));
  if (rule) return rule[1];
  return null;
}

function byBootCode(sector: Uint8Array): System | null {
  const text = latin1(sector.subarray(0, 446));
  return BOOT_CODE.find(([word]) => text.includes(word))?.[1] ?? null;
}

/** The active partition first: it is the one that starts. */
async function byPartitions(disk: BlockDevice, partitions: readonly Partition[]): Promise<System | null> {
  const ordered = [...partitions].sort((a, b) => Number(b.active) - Number(a.active));
  for (const { type, offset } of ordered) {
    const found = PARTITION_TYPES.get(type) ?? (await byFat(disk, offset));
    if (found) return found;
  }
  return null;
}

/** A memory tester written straight to a disk has no file system, but its name not far from the start. */
async function memtest(disk: BlockDevice): Promise<System | null> {
  const text = latin1(await readBytes(disk, 0, 1 << 18));
  return /memtest86\+/i.test(text) ? system("memtest86plus", "Memtest86+", 128) : null;
}

async function blank(disk: BlockDevice): Promise<System | null> {
  const start = await readBytes(disk, 0, 65_536);
  return start.every((byte) => byte === 0) ? system("unknown", "Blank disk", LINUX_MEMORY) : null;
}
