// The drives of the board: two floppies and four places on IDE.

import { TwinboxError } from "../base/errors.ts";
import type { Clock } from "../board/clock.ts";
import type { Device, Line } from "../board/device.ts";
import type { PhysicalMemory } from "../board/memory.ts";
import type { Dma } from "../devices/chipset/dma.ts";
import { AtaDrive } from "../devices/storage/ata-drive.ts";
import { AtapiDrive } from "../devices/storage/atapi-drive.ts";
import { Fdc } from "../devices/storage/fdc.ts";
import { IdeController } from "../devices/storage/ide.ts";
import type { Completion } from "../devices/storage/medium.ts";
import type { BlockDevice, UnsavedChanges } from "../disk/block-device.ts";
import { dmaChannels, irqs } from "../memory-map.ts";
import type { DriveKind, DriveOptions, DriveSlot } from "../pc-options.ts";

const IDE_SLOTS = ["hda", "hdb", "hdc", "hdd"] as const;
const FLOPPY_SLOTS = ["fda", "fdb"] as const;

interface Drive {
  readonly slot: DriveSlot;
  readonly kind: DriveKind;
  device: BlockDevice | null;
}

export interface DriveWiring {
  clock: Clock;
  memory: PhysicalMemory;
  dma: Dma;
  line(irq: number): Line;
  completion: Completion;
  activity(slot: DriveSlot): void;
}

export class Drives {
  /** Every drive with its medium of the moment. */
  readonly all: readonly Drive[];
  readonly ide: IdeController;
  readonly fdc: Fdc;
  readonly #ideDrives = new Map<DriveSlot, AtaDrive | AtapiDrive>();

  /** Throws invalid-argument when a slot is taken twice or cannot hold such a drive. */
  constructor(options: readonly DriveOptions[], wiring: DriveWiring) {
    const slots = new Set<DriveSlot>();
    for (const { slot, kind } of options) {
      const isFloppy = slot.startsWith("fd");
      if (slots.has(slot) || isFloppy !== (kind === "floppy")) {
        throw new TwinboxError("invalid-argument", `${slot} cannot hold this ${kind} drive.`, {
          subject: slot,
          advice: "Give each drive a place of its own: fda, fdb for floppies, hda to hdd for disks and CDs.",
        });
      }
      slots.add(slot);
    }
    this.all = options.map((option) => ({ ...option }));
    const { completion } = wiring;
    for (const drive of this.all) {
      if (drive.kind === "floppy") continue;
      const made =
        drive.kind === "cdrom"
          ? new AtapiDrive(drive.slot, drive.device, completion)
          : new AtaDrive(drive.slot, requireMedium(drive), completion);
      made.onActivity = () => wiring.activity(drive.slot);
      if (made instanceof AtapiDrive) {
        made.onEject = () => {
          drive.device = null;
        };
      }
      this.#ideDrives.set(drive.slot, made);
    }
    const [hda, hdb, hdc, hdd] = IDE_SLOTS.map((slot) => this.#ideDrives.get(slot) ?? null);
    this.ide = new IdeController({
      primary: [hda!, hdb!],
      secondary: [hdc!, hdd!],
      irqs: [wiring.line(irqs.ide1), wiring.line(irqs.ide2)],
      memory: wiring.memory,
    });
    this.fdc = new Fdc(
      FLOPPY_SLOTS.map((slot) => this.all.find((drive) => drive.slot === slot)?.device),
      {
        irq: wiring.line(irqs.fdc),
        dma: wiring.dma.channel(dmaChannels.fdc),
        clock: wiring.clock,
        completion,
      },
    );
    this.fdc.onActivity = (drive: number) => wiring.activity(FLOPPY_SLOTS[drive]!);
  }

  /** Whether a transfer to or from a medium is under way. */
  get busy(): boolean {
    return this.ide.busy || this.fdc.busy;
  }

  /** By slot, what disposable disks have kept. */
  get unsaved(): Record<string, UnsavedChanges> {
    const disks = this.all.flatMap(({ slot, device }): [string, UnsavedChanges][] =>
      device?.unsaved ? [[slot, device.unsaved]] : [],
    );
    return Object.fromEntries(disks);
  }

  get devices(): Device[] {
    return [this.ide, ...this.#ideDrives.values(), this.fdc];
  }

  /** Puts a medium into a removable drive, or takes it out. Throws invalid-argument for other drives. */
  change(slot: DriveSlot, device: BlockDevice | null): void {
    const drive = this.all.find((one) => one.slot === slot);
    if (!drive || drive.kind === "disk") {
      throw new TwinboxError("invalid-argument", `${slot} is not a removable drive of this machine.`, {
        subject: slot,
        advice: "Choose a CD or floppy drive that the machine has.",
      });
    }
    drive.device = device;
    if (drive.kind === "floppy") this.fdc.insert(FLOPPY_SLOTS.indexOf(slot as "fda"), device);
    else (this.#ideDrives.get(slot) as AtapiDrive).insert(device);
  }
}

function requireMedium(drive: Drive): BlockDevice {
  if (drive.device) return drive.device;
  throw new TwinboxError("invalid-argument", `The disk ${drive.slot} has no image.`, {
    subject: drive.slot,
    advice: "Attach an image to it, or remove the drive.",
  });
}
