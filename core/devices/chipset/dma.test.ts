import { describe, expect, test } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FlatMemory } from "../../board/testing/flat-memory.ts";
import { Dma } from "./dma.ts";

describeDeviceContract("dma", () => {
  const dma = new Dma(new FlatMemory(1 << 20));
  return {
    device: dma,
    targets: [
      { target: dma.ports1, length: 16, width: 1 },
      { target: dma.ports2, length: 32, width: 1 },
      { target: dma.pagePorts, length: 15, width: 1 },
    ],
    exercise: () => dma.channel(2).write(new Uint8Array(8)),
  };
});

const pagePort = [0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a];
const WRITE = 0x44;
const READ = 0x48;
const VERIFY = 0x40;

function makeRig() {
  const memory = new FlatMemory(1 << 20);
  const dma = new Dma(memory);
  /** Programs a channel the usual way and unmasks it; address and count in its own units, count less one. */
  const program = (n: number, mode: number, page: number, address: number, count: number) => {
    const [ports, scale] = n < 4 ? [dma.ports1, 1] : [dma.ports2, 2];
    const out = (register: number, value: number) => ports.write(register * scale, value, 1);
    const c = n & 3;
    out(0xa, 4 | c);
    out(0xc, 0);
    out(0xb, mode | c);
    out(2 * c, address & 0xff);
    out(2 * c, address >> 8);
    out(2 * c + 1, count & 0xff);
    out(2 * c + 1, count >> 8);
    dma.pagePorts.write(pagePort[n]! - 0x81, page, 1);
    out(0xa, c);
  };
  const countOf = (n: number) => {
    dma.ports1.write(0xc, 0, 1);
    return dma.ports1.read(2 * n + 1, 1) | (dma.ports1.read(2 * n + 1, 1) << 8);
  };
  return { memory, dma, program, countOf };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("transfers", () => {
  test("write to memory up to the terminal count, which masks the channel", () => {
    const { memory, dma, program, countOf } = makeRig();
    program(2, WRITE, 0x01, 0x2000, 5);
    const channel = dma.channel(2);
    expect(channel.write(bytes(1, 2, 3, 4))).toBe(4);
    expect(channel.terminalCount).toBe(false);
    expect(countOf(2)).toBe(1);
    expect(channel.write(bytes(5, 6, 7, 8))).toBe(2);
    expect(channel.terminalCount).toBe(true);
    expect([...memory.bytes.subarray(0x12000, 0x12008)]).toEqual([1, 2, 3, 4, 5, 6, 0, 0]);
    expect(dma.ports1.read(8, 1) & 0x0f).toBe(0x04);
    expect(dma.ports1.read(8, 1) & 0x0f).toBe(0);
    expect(channel.write(bytes(9))).toBe(0);
  });

  test("read from memory", () => {
    const { memory, dma, program } = makeRig();
    memory.bytes.set([7, 8, 9], 0x31234);
    program(1, READ, 0x03, 0x1234, 2);
    const into = new Uint8Array(3);
    expect(dma.channel(1).read(into)).toBe(3);
    expect([...into]).toEqual([7, 8, 9]);
  });

  test("the address wraps within its page", () => {
    const { memory, dma, program } = makeRig();
    program(3, WRITE, 0x02, 0xfffe, 3);
    dma.channel(3).write(bytes(1, 2, 3, 4));
    expect([...memory.bytes.subarray(0x2fffe, 0x30001)]).toEqual([1, 2, 0]);
    expect([...memory.bytes.subarray(0x20000, 0x20002)]).toEqual([3, 4]);
  });

  test("decrement goes down through memory", () => {
    const { memory, dma, program } = makeRig();
    program(2, WRITE | 0x20, 0, 0x1002, 2);
    dma.channel(2).write(bytes(1, 2, 3));
    expect([...memory.bytes.subarray(0x1000, 0x1003)]).toEqual([3, 2, 1]);
  });

  test("auto-initialize starts over at the terminal count", () => {
    const { memory, dma, program, countOf } = makeRig();
    program(1, WRITE | 0x10, 0, 0x3000, 1);
    const channel = dma.channel(1);
    expect(channel.write(bytes(1, 2))).toBe(2);
    expect(channel.terminalCount).toBe(true);
    expect(countOf(1)).toBe(1);
    expect(channel.write(bytes(3))).toBe(1);
    expect(channel.terminalCount).toBe(false);
    expect([...memory.bytes.subarray(0x3000, 0x3002)]).toEqual([3, 2]);
  });

  test("verify counts and moves nothing", () => {
    const { memory, dma, program } = makeRig();
    program(2, VERIFY, 0, 0x1000, 1);
    expect(dma.channel(2).write(bytes(5, 6))).toBe(2);
    expect(dma.channel(2).terminalCount).toBe(true);
    expect(memory.read16(0x1000)).toBe(0);
  });

  test("channels 5 to 7 move words within pages of 128 KiB", () => {
    const { memory, dma, program } = makeRig();
    program(5, WRITE, 0x05, 0x8001, 1);
    expect(dma.channel(5).write(bytes(1, 2, 3, 4, 5, 6))).toBe(4);
    expect(dma.channel(5).terminalCount).toBe(true);
    expect([...memory.bytes.subarray(0x50002, 0x50008)]).toEqual([1, 2, 3, 4, 0, 0]);
  });
});

describe("a channel is not ready", () => {
  test("while masked: its device is told when that changes", () => {
    const { dma, program } = makeRig();
    program(2, WRITE, 0, 0x1000, 9);
    dma.ports1.write(0xa, 6, 1);
    const channel = dma.channel(2);
    let calls = 0;
    channel.onReady = () => calls++;
    expect(channel.write(bytes(1))).toBe(0);
    expect(dma.ports1.read(8, 1)).toBe(0x40);
    dma.ports1.write(0xa, 2, 1);
    expect(calls).toBe(1);
    expect(channel.write(bytes(1))).toBe(1);
    expect(dma.ports1.read(8, 1)).toBe(0);
  });

  test("while the controller is disabled, in cascade mode, or in the other direction", () => {
    const { dma, program } = makeRig();
    program(2, WRITE, 0, 0x1000, 9);
    dma.ports1.write(8, 4, 1);
    expect(dma.channel(2).write(bytes(1))).toBe(0);
    dma.ports1.write(8, 0, 1);
    expect(dma.channel(2).read(bytes(1))).toBe(0);
    program(2, 0xc0, 0, 0x1000, 9);
    expect(dma.channel(2).write(bytes(1))).toBe(0);
  });

  test("after a master clear", () => {
    const { dma, program } = makeRig();
    program(2, WRITE, 0, 0x1000, 9);
    dma.ports1.write(0xd, 0, 1);
    expect(dma.ports1.read(0xf, 1)).toBe(0xff);
    expect(dma.channel(2).write(bytes(1))).toBe(0);
    dma.ports1.write(0xe, 0, 1);
    expect(dma.channel(2).write(bytes(1))).toBe(1);
  });
});

test("the flip-flop chooses low and high byte, of reads and writes alike", () => {
  const { dma } = makeRig();
  dma.ports1.write(0xc, 0, 1);
  dma.ports1.write(4, 0x34, 1);
  dma.ports1.write(4, 0x12, 1);
  expect([dma.ports1.read(4, 1), dma.ports1.read(4, 1)]).toEqual([0x34, 0x12]);
  dma.ports1.read(4, 1);
  dma.ports1.write(0xc, 0, 1);
  expect(dma.ports1.read(4, 1)).toBe(0x34);
});
