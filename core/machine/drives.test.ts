import { expect, test } from "vitest";
import { unconnected } from "../board/device.ts";
import { VirtualClock } from "../board/virtual-clock.ts";
import { Dma } from "../devices/chipset/dma.ts";
import type { BlockDevice } from "../disk/block-device.ts";
import type { DriveOptions } from "../pc-options.ts";
import { Drives } from "./drives.ts";

const DOR = 2;
const FIFO = 5;
const [RECALIBRATE, SENSE_INTERRUPT] = [0x07, 0x08];
const POLLED_DRIVES = 4;
const EQUIPMENT_CHECK = 0x10;

const memory = {
  read8: () => 0,
  write8() {},
  read16: () => 0,
  write16() {},
  read32: () => 0,
  write32() {},
  read() {},
  write() {},
};

function makeDrives(options: DriveOptions[]) {
  const clock = new VirtualClock();
  const drives = new Drives(options, {
    clock,
    memory,
    dma: new Dma(memory),
    line: () => unconnected,
    completion: { defer: (run) => run() },
    activity() {},
  });
  return { clock, drives };
}

const floppy: BlockDevice = {
  name: "floppy",
  size: 1_474_560,
  readOnly: true,
  async read() {},
  async write() {},
  async flush() {},
  async close() {},
};

/** ST0 after the heads of a floppy drive were sent to track 0. */
function recalibrate({ clock, drives }: ReturnType<typeof makeDrives>, drive: number): number {
  const { ports } = drives.fdc;
  const sense = () => {
    ports.write(FIFO, SENSE_INTERRUPT, 1);
    const st0 = ports.read(FIFO, 1);
    ports.read(FIFO, 1);
    return st0;
  };
  ports.write(DOR, 0x0c | drive, 1);
  for (let i = 0; i < POLLED_DRIVES; i++) sense();
  ports.write(FIFO, RECALIBRATE, 1);
  ports.write(FIFO, drive, 1);
  clock.moveTo(clock.nextDeadline);
  return sense();
}

test("a floppy drive that the machine does not have never finds track 0; an empty one does", () => {
  const one = [{ slot: "fda", kind: "floppy", device: floppy }] as const;
  expect(recalibrate(makeDrives([...one]), 0) & EQUIPMENT_CHECK).toBe(0);
  expect(recalibrate(makeDrives([...one]), 1) & EQUIPMENT_CHECK).toBe(EQUIPMENT_CHECK);
  const two = [...one, { slot: "fdb", kind: "floppy", device: null } as const];
  expect(recalibrate(makeDrives(two), 1) & EQUIPMENT_CHECK).toBe(0);
});
