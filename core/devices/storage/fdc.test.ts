import { beforeEach, describe, expect, it } from "vitest";
import { unconnected } from "../../board/device.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { Fdc } from "./fdc.ts";
import type { FloppyDma } from "./floppy-transfer.ts";
import { atOnce, MemoryMedium, numberedSectors, settle } from "./testing/memory-medium.ts";

/** A channel with `count` bytes to go, over memory of its own. */
class FakeDma implements FloppyDma {
  memory: Uint8Array = new Uint8Array(0);
  at = 0;
  terminalCount = false;
  ready = true;
  onReady: () => void = () => {};

  arm(memory: Uint8Array): void {
    this.memory = memory;
    this.at = 0;
    this.terminalCount = false;
  }

  write(from: Uint8Array): number {
    return this.#move(from.length, (n) => this.memory.set(from.subarray(0, n), this.at));
  }

  read(into: Uint8Array): number {
    return this.#move(into.length, (n) => into.set(this.memory.subarray(this.at, this.at + n)));
  }

  #move(length: number, copy: (n: number) => void): number {
    const n = this.ready ? Math.min(length, this.memory.length - this.at) : 0;
    if (n > 0) copy(n);
    this.at += n;
    this.terminalCount = n > 0 && this.at === this.memory.length;
    return n;
  }
}

const SECTORS_144 = 2880;

describeDeviceContract("82077AA", () => {
  const clock = new VirtualClock();
  const dma = new FakeDma();
  dma.arm(new Uint8Array(1 << 20));
  const fdc = new Fdc([new MemoryMedium(numberedSectors(SECTORS_144)), null], {
    irq: unconnected,
    dma,
    clock,
    completion: atOnce,
  });
  return {
    device: fdc,
    targets: [
      { target: fdc.ports, length: 6, width: 1 },
      { target: fdc.digitalInput, length: 1, width: 1 },
    ],
    clock,
    exercise: () => {
      fdc.ports.write(2, 0x1c, 1);
      for (const byte of [0xe6, 0, 0, 0, 1, 2, 18, 27, 255]) fdc.ports.write(5, byte, 1);
    },
  };
});

describe("82077AA", () => {
  let clock: VirtualClock;
  let dma: FakeDma;
  let medium: MemoryMedium;
  let fdc: Fdc;
  let irq: { level: boolean; edges: number };

  const make = (a: MemoryMedium | null, b?: MemoryMedium | null) => {
    clock = new VirtualClock();
    dma = new FakeDma();
    irq = { level: false, edges: 0 };
    const line = {
      set(high: boolean) {
        if (high && !irq.level) irq.edges++;
        irq.level = high;
      },
    };
    fdc = new Fdc(b === undefined ? [a] : [a, b], { irq: line, dma, clock, completion: atOnce });
    port(2, 0x1c);
    for (let i = 0; i < 4; i++) command(0x08);
    fdc.digitalInput.write(0, 0, 1);
    irq.edges = 0;
  };

  const port = (offset: number, value: number) => fdc.ports.write(offset, value, 1);
  const msr = () => fdc.ports.read(4, 1);
  const dir = () => fdc.digitalInput.read(0, 1);
  const results = () => {
    const bytes: number[] = [];
    while ((msr() & 0xc0) === 0xc0) bytes.push(fdc.ports.read(5, 1));
    return bytes;
  };
  const send = (...bytes: number[]) => {
    for (const byte of bytes) {
      expect(msr() & 0xc0).toBe(0x80);
      port(5, byte);
    }
  };
  /** A command without a transfer. */
  function command(...bytes: number[]) {
    send(...bytes);
    return results();
  }
  const transfer = async (...bytes: number[]) => {
    send(...bytes);
    // Side by side with its successor a run takes several turns.
    for (let i = 0; i < 4; i++) await settle();
    return results();
  };
  const seek = (cylinder: number, drive = 0) => {
    send(0x0f, drive, cylinder);
    clock.moveTo(clock.now() + 1e6);
    return command(0x08);
  };
  const numbers = (data: Uint8Array) =>
    Array.from({ length: Math.floor(data.length / 512) }, (_, i) =>
      new DataView(data.buffer, data.byteOffset).getUint32(i * 512, true),
    );
  const upFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

  beforeEach(() => {
    medium = new MemoryMedium(numberedSectors(SECTORS_144));
    make(medium);
  });

  it("interrupts after a reset and tells of each drive once", () => {
    port(2, 0x08);
    expect(msr()).toBe(0);
    port(2, 0x0c);
    expect([msr(), irq.level]).toEqual([0x80, true]);
    expect(upFrom(0, 5).map(() => command(0x08))).toEqual([
      [0xc0, 0],
      [0xc1, 0],
      [0xc2, 0],
      [0xc3, 0],
      [0x80],
    ]);
    expect(irq.level).toBe(false);
    port(4, 0x80);
    expect(command(0x08)).toEqual([0xc0, 0]);
  });

  it("keeps its interrupt from the board while DOR's gate is shut", () => {
    port(2, 0x00);
    port(2, 0x04);
    expect(irq.level).toBe(false);
    port(2, 0x0c);
    expect(irq.level).toBe(true);
  });

  it("tells its version, takes unknown commands as invalid, and locks its configuration", () => {
    expect(command(0x10)).toEqual([0x90]);
    expect(command(0x18)).toEqual([0x80]);
    command(0x13, 0, 0x4a, 7);
    command(0x03, 0xaf, 0x1e);
    command(0x12, 0x84);
    expect(command(0x94)).toEqual([0x10]);
    expect(command(0x0e)).toEqual([0, 0, 0, 0, 0xaf, 0x1e, 0, 0x84, 0x4a, 7]);
    port(4, 0x80);
    expect(command(0x0e).slice(8)).toEqual([0x4a, 7]);
    expect(command(0x14)).toEqual([0]);
    port(4, 0x80);
    expect(command(0x0e).slice(8)).toEqual([0x60, 0]);
  });

  it("seeks with the drive shown busy, and recalibrates to track 0", () => {
    send(0x0f, 0, 40);
    expect(msr()).toBe(0x81);
    expect(irq.level).toBe(false);
    clock.moveTo(1e6);
    expect([msr(), irq.level]).toEqual([0x80, true]);
    expect(command(0x08)).toEqual([0x20, 40]);
    expect(command(0x04, 0)).toEqual([0x28]);
    send(0x07, 0);
    clock.moveTo(2e6);
    expect(command(0x08)).toEqual([0x20, 0]);
    expect(command(0x04, 4)).toEqual([0x3c]);
    send(0x07, 1);
    clock.moveTo(3e6);
    expect(command(0x08)).toEqual([0x71, 0]);
  });

  it("reads to the terminal count and shows the sector after", async () => {
    const memory = new Uint8Array(3 * 512);
    dma.arm(memory);
    expect(await transfer(0xe6, 0, 0, 0, 4, 2, 18, 27, 255)).toEqual([0, 0, 0, 0, 0, 7, 2]);
    expect(numbers(memory)).toEqual([3, 4, 5]);
    expect([irq.edges, irq.level]).toEqual([1, false]);
  });

  it("goes over to the other side with MT, and to the next cylinder at its end", async () => {
    seek(2);
    const memory = new Uint8Array(20 * 512);
    dma.arm(memory);
    expect(await transfer(0xe6, 0, 2, 0, 17, 2, 18, 27, 255)).toEqual([0x04, 0, 0, 3, 0, 1, 2]);
    expect(numbers(memory)).toEqual(upFrom(2 * 36 + 16, 20));
    dma.arm(new Uint8Array(512));
    expect(await transfer(0xe6, 0, 2, 0, 18, 2, 18, 27, 255)).toEqual([0, 0, 0, 2, 1, 1, 2]);
    dma.arm(new Uint8Array(512));
    expect(await transfer(0x46, 0, 2, 0, 18, 2, 18, 27, 255)).toEqual([0, 0, 0, 3, 0, 1, 2]);
  });

  it("ends abnormally at the end of a cylinder when TC has not come", async () => {
    dma.arm(new Uint8Array(1 << 16));
    expect((await transfer(0x46, 0, 0, 0, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x40, 0x80, 0]);
    expect((await transfer(0xc6, 4, 0, 1, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x44, 0x80, 0]);
  });

  it("waits for a DMA channel that is not ready", async () => {
    const memory = new Uint8Array(512);
    dma.arm(memory);
    dma.ready = false;
    expect(await transfer(0x46, 0, 0, 0, 2, 2, 18, 27, 255)).toEqual([]);
    expect(msr()).toBe(0x10);
    dma.ready = true;
    dma.onReady();
    expect(results()).toEqual([0, 0, 0, 0, 0, 3, 2]);
    expect(numbers(memory)).toEqual([1]);
  });

  it("writes, fills a partly written sector up with zeros, and verifies", async () => {
    dma.arm(new Uint8Array(600).fill(0xaa));
    expect(await transfer(0xc5, 0, 0, 0, 10, 2, 18, 27, 255)).toEqual([0, 0, 0, 0, 0, 12, 2]);
    expect(medium.bytes[9 * 512 + 599]).toBe(0xaa);
    expect(medium.bytes.subarray(9 * 512 + 600, 11 * 512).every((byte) => byte === 0)).toBe(true);
    expect(numbers(medium.bytes.subarray(11 * 512, 12 * 512))).toEqual([11]);
    expect((await transfer(0xd6, 0, 0, 0, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x04, 0, 0]);
    expect((await transfer(0x56, 0x80, 0, 0, 1, 2, 18, 27, 5)).slice(0, 6)).toEqual([0, 0, 0, 0, 0, 6]);
    medium.failing = true;
    expect((await transfer(0x56, 0, 0, 0, 1, 2, 18, 27, 0)).slice(0, 3)).toEqual([0x40, 0x20, 0x20]);
  });

  it("formats a track with the filler", async () => {
    seek(1);
    const ids = Uint8Array.from(upFrom(1, 18).flatMap((r) => [1, 1, r, 2]));
    dma.arm(ids);
    expect((await transfer(0x4d, 4, 2, 18, 0x54, 0xf6)).slice(0, 3)).toEqual([0x04, 0, 0]);
    const track = (1 * 2 + 1) * 18 * 512;
    expect(medium.bytes.subarray(track, track + 18 * 512).every((byte) => byte === 0xf6)).toBe(true);
    expect(medium.bytes[track - 512]).not.toBe(0xf6);
    expect((await transfer(0x4d, 4, 2, 21, 0x54, 0xf6)).slice(0, 2)).toEqual([0x44, 0x04]);
  });

  it("moves data without DMA by main status, ending at EOT", async () => {
    command(0x03, 0xaf, 0x03);
    send(0x46, 0, 0, 0, 17, 2, 18, 27, 255);
    await settle();
    expect([msr(), irq.level]).toEqual([0xf0, true]);
    const data = new Uint8Array(1024).map(() => fdc.ports.read(5, 1));
    expect(numbers(data)).toEqual([16, 17]);
    expect(results().slice(0, 3)).toEqual([0x40, 0x80, 0]);
    send(0x45, 0, 0, 0, 18, 2, 18, 27, 255);
    expect(msr()).toBe(0xb0);
    for (let i = 0; i < 512; i++) port(5, 0x5a);
    await settle();
    expect(results().slice(0, 3)).toEqual([0x40, 0x80, 0]);
    expect(medium.bytes[17 * 512 + 511]).toBe(0x5a);
  });

  it("seeks by itself once configured to", async () => {
    const memory = new Uint8Array(512);
    dma.arm(memory);
    expect((await transfer(0x46, 0, 5, 0, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x40, 0x04, 0x10]);
    command(0x13, 0, 0x60, 0);
    expect((await transfer(0x46, 0, 5, 0, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0, 0, 0]);
    expect(numbers(memory)).toEqual([5 * 36]);
  });

  it("finds no sector beyond the track, on the wrong side, or of another size", async () => {
    dma.arm(new Uint8Array(4096));
    expect((await transfer(0x46, 0, 0, 0, 19, 2, 19, 27, 255)).slice(0, 3)).toEqual([0x40, 0x04, 0]);
    expect((await transfer(0x46, 0, 0, 0, 0, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x40, 0x04, 0]);
    expect((await transfer(0x46, 4, 0, 0, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x40, 0x04, 0]);
    expect((await transfer(0x46, 0, 0, 0, 1, 3, 18, 27, 255)).slice(0, 3)).toEqual([0x40, 0x04, 0]);
  });

  it("reads no disk at another data rate than its own, so that drivers find the format", () => {
    const atRate = (rate: number) => {
      fdc.digitalInput.write(0, rate, 1);
      return command(0x4a, 0)[1];
    };
    expect([0, 1, 2, 3].map(atRate)).toEqual([0, 1, 1, 1]);
    make(new MemoryMedium(numberedSectors(1440)));
    expect([0, 1, 2, 3].map(atRate)).toEqual([1, 0, 0, 1]);
    make(new MemoryMedium(numberedSectors(5760)));
    expect([0, 1, 2, 3].map(atRate)).toEqual([1, 1, 1, 0]);
  });

  it("sees one sector ID after the other pass", () => {
    const seen = upFrom(0, 19).map(() => command(0x4a, 0)[5]);
    expect(seen).toEqual([...upFrom(1, 18), 1]);
  });

  it("reads a whole track from its first sector", async () => {
    const memory = new Uint8Array(18 * 512);
    dma.arm(memory);
    expect((await transfer(0x42, 0, 0, 0, 9, 2, 18, 27, 255)).slice(0, 3)).toEqual([0, 0, 0]);
    expect(numbers(memory)).toEqual(upFrom(0, 18));
  });

  it("reads zeros where the image ends before the disk, and cannot write there", async () => {
    make(new MemoryMedium(numberedSectors(40)));
    const memory = new Uint8Array(18 * 512).fill(0xee);
    dma.arm(memory);
    // From the second cylinder's first sector, number 36: four are there.
    port(2, 0x1c);
    seek(1);
    expect((await transfer(0x46, 0, 1, 0, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0, 0, 0]);
    expect(numbers(memory)).toEqual([...upFrom(36, 4), ...Array(14).fill(0)]);
    expect(memory.subarray(4 * 512).every((byte) => byte === 0)).toBe(true);
    dma.arm(memory);
    expect((await transfer(0x46, 4, 1, 1, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x04, 0, 0]);
    expect(memory.every((byte) => byte === 0)).toBe(true);
    dma.arm(new Uint8Array(512));
    expect((await transfer(0x45, 0, 1, 0, 5, 2, 5, 27, 255)).slice(0, 3)).toEqual([0x40, 0x20, 0x20]);
  });

  it("refuses to write a protected disk and shows it in ST3", async () => {
    make(new MemoryMedium(numberedSectors(SECTORS_144), true));
    dma.arm(new Uint8Array(512));
    expect((await transfer(0x45, 0, 0, 0, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x40, 0x02, 0]);
    expect(command(0x04, 0)).toEqual([0x78]);
  });

  it("has its change line up until a step with a disk in", () => {
    expect(dir()).toBe(0x80);
    seek(1);
    expect(dir()).toBe(0);
    fdc.insert(0, null);
    expect(dir()).toBe(0x80);
    seek(0);
    expect(dir()).toBe(0x80);
    fdc.insert(0, new MemoryMedium(numberedSectors(SECTORS_144)));
    seek(0);
    expect(dir()).toBe(0x80);
    seek(3);
    expect(dir()).toBe(0);
    port(2, 0x1d);
    expect(dir()).toBe(0x80);
  });

  it("finds no address mark in an empty drive", async () => {
    make(null);
    expect((await transfer(0x46, 0, 0, 0, 1, 2, 18, 27, 255)).slice(0, 3)).toEqual([0x40, 0x01, 0]);
    expect(command(0x4a, 0).slice(0, 2)).toEqual([0x40, 0x01]);
  });

  it("has a second drive of its own", async () => {
    make(medium, new MemoryMedium(numberedSectors(SECTORS_144)));
    seek(7, 1);
    dma.arm(new Uint8Array(512));
    expect(await transfer(0x46, 1, 7, 0, 1, 2, 18, 27, 255)).toEqual([0x01, 0, 0, 7, 0, 2, 2]);
    expect(command(0x0e).slice(0, 2)).toEqual([0, 7]);
  });

  for (const kb of [160, 180, 320, 360, 720, 1200, 1440, 1600, 1680, 1722, 2880]) {
    it(`reads the last sector of a disk of ${kb} KB`, async () => {
      const sectors = kb * 2;
      make(new MemoryMedium(numberedSectors(sectors)));
      fdc.digitalInput.write(0, kb < 1000 ? 2 : kb === 2880 ? 3 : 0, 1);
      const tracks = kb < 320 ? 1 : 2;
      const cylinders = kb <= 360 ? 40 : kb === 1722 ? 82 : 80;
      const perTrack = sectors / tracks / cylinders;
      const [c, h] = [cylinders - 1, tracks - 1];
      seek(c);
      const memory = new Uint8Array(512);
      dma.arm(memory);
      const result = await transfer(0x46, h << 2, c, h, perTrack, 2, perTrack, 27, 255);
      expect([result[0]! & 0xc0, numbers(memory)]).toEqual([0, [sectors - 1]]);
    });
  }

  it("goes on from a snapshot in the middle of a transfer and of a seek", async () => {
    const memory = new Uint8Array(1024);
    dma.arm(memory);
    send(0x46, 0, 0, 0, 5, 2, 18, 27, 255);
    const saved = structuredClone(fdc.state);
    expect(fdc.busy).toBe(true);
    fdc.reset();
    expect(fdc.busy).toBe(false);
    fdc.state = saved;
    fdc.afterLoad();
    await settle();
    expect(results().slice(0, 3)).toEqual([0, 0, 0]);
    expect(numbers(memory)).toEqual([4, 5]);
    send(0x0f, 0, 9);
    const seeking = structuredClone(fdc.state);
    fdc.reset();
    fdc.state = seeking;
    fdc.afterLoad();
    clock.moveTo(1e9);
    expect(command(0x08)).toEqual([0x20, 9]);
  });
});
