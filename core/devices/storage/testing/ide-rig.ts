import { expect } from "vitest";
import { FlatMemory } from "../../../board/testing/flat-memory.ts";
import { IdeController } from "../ide.ts";
import type { IdeDrive } from "../ide-drive.ts";
import { settle } from "./memory-medium.ts";

export const BSY = 0x80;
export const DRQ = 0x08;
export const ERR = 0x01;

/** A controller with drives on its first channel, driven through its ports as a guest would. */
export function ideRig(master: IdeDrive | null, slave: IdeDrive | null = null) {
  const memory = new FlatMemory(1 << 20);
  const irq = { level: false, edges: 0 };
  const line = {
    set(high: boolean) {
      if (high && !irq.level) irq.edges++;
      irq.level = high;
    },
  };
  const controller = new IdeController({
    primary: [master, slave],
    secondary: [null, null],
    irqs: [line, { set() {} }],
    memory,
  });
  const [port] = controller.commandBlocks;
  const [control] = controller.controlBlocks;

  const rig = {
    controller,
    memory,
    irq,
    port,
    control,
    read: (offset: number) => port.read(offset, 1),
    write: (offset: number, value: number) => port.write(offset, value, 1),
    status: () => control.read(0, 1),
    error: () => port.read(1, 1),
    /** LBA mid and high, sector count and low. */
    registers: () => [2, 3, 4, 5].map((offset) => port.read(offset, 1)),
    /** Writes registers 1 to 6 as given and then the command, and waits for the drive. */
    async command(code: number, registers: { [offset: number]: number } = {}) {
      for (const [offset, value] of Object.entries(registers)) port.write(Number(offset), value, 1);
      port.write(7, code, 1);
      await settle();
    },
    /** An LBA28 command to the master. */
    lba(code: number, sector: number, count: number, device = 0xe0) {
      return rig.command(code, {
        2: count & 0xff,
        3: sector & 0xff,
        4: (sector >> 8) & 0xff,
        5: (sector >> 16) & 0xff,
        6: device | ((sector >> 24) & 0x0f),
      });
    },
    /** An LBA48 command to the master. */
    async lba48(code: number, sector: number, count: number) {
      const high = Math.floor(sector / 2 ** 24);
      port.write(6, 0xe0, 1);
      const pairs = [
        [2, count >> 8, count & 0xff],
        [3, high & 0xff, sector & 0xff],
        [4, (high >> 8) & 0xff, (sector >>> 8) & 0xff],
        [5, (high >> 16) & 0xff, (sector >>> 16) & 0xff],
      ] as const;
      for (const [offset, previous, now] of pairs) {
        port.write(offset, previous, 1);
        port.write(offset, now, 1);
      }
      port.write(7, code, 1);
      await settle();
    },
    /** Reads data by 16-bit words while there is any, acknowledging interrupts; blocks are counted. */
    async readAll() {
      const bytes: number[] = [];
      let blocks = 0;
      while (port.read(7, 1) & DRQ) {
        blocks++;
        const length = rig.blockLength();
        for (let i = 0; i < length; i += 2) {
          const word = port.read(0, 2);
          bytes.push(word & 0xff, word >> 8);
        }
        await settle();
      }
      return { data: Uint8Array.from(bytes), blocks };
    },
    /** What is left of the present DRQ block. */
    blockLength() {
      const { blockEnd, position } = (master ?? slave)!.state;
      return blockEnd - position;
    },
    async writeAll(data: Uint8Array) {
      for (let at = 0; at < data.length; ) {
        expect(port.read(7, 1) & (DRQ | BSY)).toBe(DRQ);
        const length = rig.blockLength();
        for (let i = 0; i < length; i += 4) {
          port.write(0, new DataView(data.buffer, data.byteOffset).getUint32(at + i, true), 4);
        }
        at += length;
        await settle();
      }
    },
    /** A packet to the drive selected, and its data if it has any, by PIO. */
    async packet(bytes: number[], { byteCount = 0xfffe, dma = false } = {}) {
      port.write(1, dma ? 1 : 0, 1);
      port.write(4, byteCount & 0xff, 1);
      port.write(5, byteCount >> 8, 1);
      port.write(7, 0xa0, 1);
      const packet = [...bytes, ...new Array<number>(12 - bytes.length).fill(0)];
      for (let i = 0; i < 12; i += 2) port.write(0, packet[i]! | (packet[i + 1]! << 8), 2);
      await settle();
    },
    /** Sets up the bus master with regions of memory. */
    regions(...regions: [address: number, length: number][]) {
      const table = 0x1000;
      regions.forEach(([address, length], i) => {
        memory.write32(table + 8 * i, address);
        const last = i === regions.length - 1 ? 0x8000_0000 : 0;
        memory.write32(table + 8 * i + 4, ((length & 0xffff) | last) >>> 0);
      });
      for (let i = 0; i < 4; i++) controller.busMaster.write(4 + i, (table >>> (8 * i)) & 0xff, 1);
    },
    busMaster(command: number) {
      controller.busMaster.write(0, command, 1);
    },
    busMasterStatus: () => controller.busMaster.read(2, 1),
  };
  return rig;
}
