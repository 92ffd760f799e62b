import type { BlockDevice } from "../../disk/block-device.ts";
import { bda } from "../bda.ts";
import type { Call, Outcome } from "../call.ts";
import type { FirmwareHardware } from "../hardware.ts";
import { type BiosDrive, biosDrives, type DriveState } from "./drives.ts";
import { driveParameters, extensionsPresent, writeSpecification } from "./edd.ts";
import { floppyDriveType, type Geometry } from "./geometry.ts";
import { PENDING, TransferFailure, type Transfers } from "./transfers.ts";

/** Results of INT 13h in AH. */
const Status = {
  ok: 0x00,
  invalid: 0x01,
  writeProtected: 0x03,
  notFound: 0x04,
  changed: 0x06,
  noMediaType: 0x0c,
  controller: 0x20,
  notReady: 0x80,
  noMedium: 0x31,
  notRemovable: 0xb2,
} as const;

const SECTOR = 512;
const FORMAT_FILLER = 0xf6;
const LAST_CYLINDER_BITS = 0xc0;

type Direction = "read" | "write" | "verify";

/** A run of bytes on a drive, and where in memory it goes. */
interface Extent {
  offset: number;
  length: number;
  /** Linear. */
  memory: number;
}

type Result = number | typeof PENDING;

/** How a transfer ended, and how many bytes of its extent were done. */
interface Moved {
  status: number;
  done: number;
}

const nothing = (status: number): Moved => ({ status, done: 0 });

/** In bytes. */
const sizeOf = ({ cylinders, heads, sectors }: Geometry): number => cylinders * heads * sectors * SECTOR;

/** INT 13h: floppies, hard disks and, by the extensions, CD-ROMs. [EDD] [ELTORITO] */
export class DiskBios {
  readonly #hardware: FirmwareHardware;
  readonly #transfers: Transfers;
  readonly #state: () => DriveState;
  readonly #disketteParameters: number;
  /** The medium last seen in each floppy drive; another one is a change. */
  readonly #seen = new Map<string, BlockDevice | null>();

  /** `disketteParameters`: far pointer to the ROM's table. */
  constructor(
    hardware: FirmwareHardware,
    transfers: Transfers,
    state: () => DriveState,
    disketteParameters: number,
  ) {
    this.#hardware = hardware;
    this.#transfers = transfers;
    this.#state = state;
    this.#disketteParameters = disketteParameters;
    this.forgetChanges();
  }

  get drives(): BiosDrive[] {
    return biosDrives(this.#hardware.drives, this.#state());
  }

  /** The media now in the drives are no change. */
  forgetChanges(): void {
    for (const { slot, device } of this.#hardware.drives) this.#seen.set(slot, device);
  }

  call(call: Call): Outcome {
    const drive = this.drives.find((one) => one.number === call.dl);
    const statusAt = call.dl < 0x80 ? bda.floppyStatus : bda.diskStatus;
    if (call.ah === 0x01) {
      const last = call.memory.read8(statusAt);
      call.ah = last;
      call.carry = last !== 0;
      return undefined;
    }
    const result = this.#dispatch(call, drive);
    if (result === PENDING) return "wait";
    call.memory.write8(statusAt, result & 0xff);
    if (result >= 0) call.ah = result;
    call.carry = result > 0;
    return undefined;
  }

  /** The new AH; negative: no error, but AH holds a result already. */
  #dispatch(call: Call, drive: BiosDrive | undefined): Result {
    const KEEP_AH = -256;
    if (!drive) {
      if (call.ah === 0x15) {
        call.ah = 0;
        return KEEP_AH;
      }
      if (call.ah === 0x08 && call.dl < 0x80) return this.#noFloppyParameters(call);
      if (call.ah === 0x00 && call.dl < 0x80) return Status.ok;
      return call.dl < 0x80 ? Status.notReady : Status.invalid;
    }
    switch (call.ah) {
      case 0x00:
      case 0x09:
      case 0x0d:
      case 0x10:
      case 0x11:
      case 0x14:
        return Status.ok;
      case 0x02:
        return this.#chs(call, drive, "read");
      case 0x03:
        return this.#chs(call, drive, "write");
      case 0x04:
        return this.#chs(call, drive, "verify");
      case 0x05:
        return this.#formatTrack(call, drive);
      case 0x08:
        return this.#parameters(call, drive);
      case 0x0c:
        return drive.kind === "cdrom" ? Status.invalid : Status.ok;
      case 0x15:
        this.#type(call, drive);
        return KEEP_AH;
      case 0x16:
        if (drive.kind !== "floppy") return Status.invalid;
        return this.#changed(drive) ? Status.changed : Status.ok;
      case 0x17:
        return drive.kind === "floppy" ? Status.ok : Status.invalid;
      case 0x18:
        return this.#mediaType(call, drive);
      case 0x41: {
        if (drive.kind === "floppy") return Status.invalid;
        if (!extensionsPresent(call)) return Status.invalid;
        return KEEP_AH;
      }
      case 0x42:
        return this.#extended(call, drive, "read");
      case 0x43:
        return this.#extended(call, drive, "write");
      case 0x44:
        return this.#extended(call, drive, "verify");
      case 0x47:
        return drive.kind === "floppy" ? Status.invalid : Status.ok;
      case 0x45:
      case 0x46:
        return drive.kind === "cdrom" ? Status.ok : Status.notRemovable;
      case 0x48:
        if (drive.kind === "floppy") return Status.invalid;
        return driveParameters(call, drive) ? Status.ok : Status.invalid;
      case 0x49:
        return drive.kind === "cdrom" && this.#changed(drive) ? Status.changed : Status.ok;
      case 0x4b:
        return this.#emulation(call, drive);
      case 0x4e:
        return drive.kind === "floppy" ? Status.invalid : Status.ok;
      default:
        return Status.invalid;
    }
  }

  /** Whether the medium is another than at the last look. */
  #changed(drive: BiosDrive): boolean {
    if (this.#state().emulation?.slot === drive.slot) return false;
    const before = this.#seen.get(drive.slot) ?? null;
    this.#seen.set(drive.slot, drive.device);
    return before !== drive.device;
  }

  /** AH=02h to 04h. AL tells how many sectors were done. */
  #chs(call: Call, drive: BiosDrive, direction: Direction): Result {
    const moved = this.#chsTransfer(call, drive, direction);
    if (moved === PENDING) return PENDING;
    call.al = moved.done / SECTOR;
    return moved.status;
  }

  #chsTransfer(call: Call, drive: BiosDrive, direction: Direction): Moved | typeof PENDING {
    const { geometry } = drive;
    const sector = call.cl & 0x3f;
    const cylinder = call.ch | ((call.cl & LAST_CYLINDER_BITS) << 2);
    const count = call.al;
    if (drive.kind === "cdrom" || count === 0) return nothing(Status.invalid);
    if (!drive.device) return nothing(Status.notReady);
    if (drive.kind === "floppy" && this.#changed(drive)) return nothing(Status.changed);
    const isOnTrack = sector > 0 && sector <= geometry.sectors && call.dh < geometry.heads;
    if (!isOnTrack) return nothing(Status.notFound);
    const block = (cylinder * geometry.heads + call.dh) * geometry.sectors + sector - 1;
    const extent = {
      offset: block * SECTOR,
      length: count * SECTOR,
      memory: call.address("es", call.bx),
    };
    return this.#transfer(call, drive, direction, extent);
  }

  /** AH=42h to 44h: the disk address packet at DS:SI. [EDD] 7.3 */
  #extended(call: Call, drive: BiosDrive, direction: Direction): Result {
    if (drive.kind === "floppy") return Status.invalid;
    const { memory } = call;
    const packet = call.address("ds", call.si);
    const size = memory.read8(packet);
    if (size < 16) return Status.invalid;
    if (!drive.device) return Status.noMedium;
    const count = memory.read16(packet + 2);
    const block = memory.read32(packet + 8) + memory.read32(packet + 12) * 2 ** 32;
    let address = memory.read16(packet + 6) * 16 + memory.read16(packet + 4);
    if (memory.read32(packet + 4) === 0xffff_ffff && size >= 24) address = memory.read32(packet + 16);
    const extent = {
      offset: block * drive.sectorSize,
      length: count * drive.sectorSize,
      memory: address,
    };
    const moved = count === 0 ? nothing(Status.ok) : this.#transfer(call, drive, direction, extent);
    if (moved === PENDING) return PENDING;
    if (moved.status !== Status.ok) memory.write16(packet + 2, moved.done / drive.sectorSize);
    return moved.status;
  }

  /** Does what there is of an extent; what begins on the drive and ends beyond it fails after its last sector. */
  #transfer(
    call: Call,
    drive: BiosDrive,
    direction: Direction,
    { offset, length, memory }: Extent,
  ): Moved | typeof PENDING {
    const { device } = drive;
    const stored = Math.max(0, Math.min(length, drive.size - offset));
    // A floppy's image may be the beginning of the disk only, as an assembler's output is: zeros follow.
    const there =
      drive.kind === "floppy" && direction !== "write"
        ? Math.max(0, Math.min(length, sizeOf(drive.geometry) - offset))
        : stored;
    if (!device || there === 0) return nothing(Status.notFound);
    const moved = { status: there < length ? Status.notFound : Status.ok, done: there };
    if (direction === "verify") return moved;
    if (direction === "write" && drive.readOnly) return nothing(Status.writeProtected);
    const at = drive.offset + offset;
    const result = this.#transfers.run(async () => {
      const bytes = new Uint8Array(there);
      this.#hardware.activity(drive.slot);
      if (direction === "read") {
        if (stored > 0) await device.read(at, bytes.subarray(0, stored));
      } else {
        call.memory.read(memory, bytes);
        await device.write(at, bytes);
      }
      return bytes;
    });
    if (result === PENDING) return PENDING;
    if (result instanceof TransferFailure) return nothing(Status.controller);
    if (direction === "read") call.memory.write(memory, result);
    return moved;
  }

  /** AH=05h on a floppy: a track of sectors full of the filler. A hard disk needs no formatting. */
  #formatTrack(call: Call, drive: BiosDrive): Result {
    if (drive.kind === "cdrom") return Status.invalid;
    if (drive.kind === "disk") return drive.readOnly ? Status.writeProtected : Status.ok;
    const { device, geometry } = drive;
    if (!device) return Status.notReady;
    if (drive.readOnly) return Status.writeProtected;
    if (call.ch >= geometry.cylinders || call.dh >= geometry.heads) return Status.notFound;
    const bytes = new Uint8Array(geometry.sectors * SECTOR).fill(FORMAT_FILLER);
    const at = (call.ch * geometry.heads + call.dh) * bytes.length;
    if (at + bytes.length > drive.size) return Status.notFound;
    const result = this.#transfers.run(() => device.write(at, bytes));
    if (result === PENDING) return PENDING;
    return result instanceof TransferFailure ? Status.controller : Status.ok;
  }

  #parameters(call: Call, drive: BiosDrive): number {
    if (drive.kind === "cdrom") return Status.invalid;
    const { geometry } = drive;
    const last = geometry.cylinders - 1;
    call.ch = last & 0xff;
    call.cl = geometry.sectors | ((last >> 2) & LAST_CYLINDER_BITS);
    call.dh = geometry.heads - 1;
    call.dl = this.drives.filter((one) => one.kind === drive.kind).length;
    call.al = 0;
    if (drive.kind === "floppy") {
      call.bx = floppyDriveType(geometry);
      call.cpu.es = this.#disketteParameters >>> 16;
      call.di = this.#disketteParameters;
    }
    return Status.ok;
  }

  #noFloppyParameters(call: Call): number {
    call.ax = 0;
    call.bx = 0;
    call.cx = 0;
    call.dx = this.drives.filter((one) => one.kind === "floppy").length;
    return Status.ok;
  }

  /** AH=15h: 1 floppy without change line, 2 with it, 3 hard disk with its sectors in CX:DX. */
  #type(call: Call, drive: BiosDrive): void {
    if (drive.kind === "disk") {
      const { cylinders, heads, sectors } = drive.geometry;
      const total = cylinders * heads * sectors;
      call.cx = total >>> 16;
      call.dx = total;
    }
    call.ah = { floppy: 2, disk: 3, cdrom: 0 }[drive.kind];
  }

  #mediaType(call: Call, drive: BiosDrive): number {
    if (drive.kind !== "floppy") return Status.invalid;
    if (!drive.device) return Status.notReady;
    const { cylinders, sectors } = drive.geometry;
    if ((call.cl & 0x3f) !== sectors || call.ch !== cylinders - 1) return Status.noMediaType;
    call.cpu.es = this.#disketteParameters >>> 16;
    call.di = this.#disketteParameters;
    return Status.ok;
  }

  /** AH=4Bh: ends the emulation (AL=0) and tells of it. [ELTORITO] */
  #emulation(call: Call, drive: BiosDrive): number {
    const state = this.#state();
    const described = writeSpecification(call, drive, state.emulation);
    if (!described) return Status.invalid;
    if (call.al === 0) state.emulation = null;
    return Status.ok;
  }
}
