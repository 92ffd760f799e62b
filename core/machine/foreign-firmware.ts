// What a firmware image that is not ours learns of the machine from the clock's CMOS memory. SeaBIOS, src/hw/rtc.h and
// docs: memory above 16 MiB, floppy types, boot order.

import { floppyFormatFor } from "../base/floppy-formats.ts";
import type { Rtc } from "../devices/chipset/rtc.ts";
import type { BootDevice, PcOptions } from "../pc-options.ts";

const BOOT_CODES: Record<BootDevice, number> = { floppy: 1, disk: 2, cdrom: 3 };
const NO_FLOPPY_CHECK = 1;

/** Type of a floppy drive in CMOS 10h by its largest format. */
function floppyType(imageSize: number | undefined): number {
  if (imageSize === undefined) return 4;
  const { size } = floppyFormatFor(imageSize);
  if (size <= 368_640) return 1;
  if (size <= 737_280) return 3;
  if (size <= 1_228_800) return 2;
  return size > 2_000_000 ? 5 : 4;
}

export function describeInCmos(rtc: Rtc, { memoryMib, drives, bootOrder }: PcOptions): void {
  const word = (index: number, value: number) => {
    rtc.setCmos(index, value & 0xff);
    rtc.setCmos(index + 1, (value >> 8) & 0xff);
  };
  word(0x15, 640);
  const extended = Math.min((memoryMib - 1) * 1024, 0xffff);
  word(0x17, extended);
  word(0x30, extended);
  word(0x34, Math.max(0, memoryMib - 16) * 16);
  const floppies = (["fda", "fdb"] as const).map((slot) => drives.find((drive) => drive.slot === slot));
  const types = floppies.map((drive) => (drive ? floppyType(drive.device?.size) : 0));
  rtc.setCmos(0x10, (types[0]! << 4) | types[1]!);
  const count = types.filter((type) => type > 0).length;
  rtc.setCmos(0x14, 0x06 | (count > 0 ? 1 | ((count - 1) << 6) : 0));
  const order = bootOrder.map((device) => BOOT_CODES[device]);
  rtc.setCmos(0x3d, (order[0] ?? 0) | ((order[1] ?? 0) << 4));
  rtc.setCmos(0x38, ((order[2] ?? 0) << 4) | NO_FLOPPY_CHECK);
}
