import { beforeEach, describe, expect, it } from "vitest";
import { unconnected } from "../../board/device.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { Uart16550 } from "./uart16550.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const text = (value: string) => Uint8Array.from(value, (c) => c.charCodeAt(0));

describeDeviceContract("16550A", () => {
  const clock = new VirtualClock();
  const uart = new Uart16550("uart0", unconnected, clock);
  return {
    device: uart,
    targets: [{ target: uart, length: 8, width: 1 }],
    clock,
    exercise: () => uart.receive(text("some input from the other end")),
  };
});

/** 115200 8N1: ten bits of 8.68 µs. */
const CHARACTER_NS = 86_806;

describe("16550A", () => {
  let irq: boolean;
  let edges: number;
  let sent: number[];
  let clock: VirtualClock;
  let uart: Uart16550;

  beforeEach(() => {
    irq = false;
    edges = 0;
    sent = [];
    clock = new VirtualClock();
    const line = {
      set(high: boolean) {
        if (high && !irq) edges++;
        irq = high;
      },
    };
    uart = new Uart16550("uart0", line, clock);
    uart.onTransmit = (byte) => sent.push(byte);
    uart.write(3, 0x83);
    uart.write(0, 1);
    uart.write(1, 0);
    uart.write(3, 0x03);
    uart.write(4, 0x0b);
  });

  const enableFifos = (trigger: number) => uart.write(2, 0x07 | (trigger << 6));

  it("keeps the divisor latch apart from the data registers", () => {
    uart.write(3, 0x80);
    uart.write(0, 0x34);
    uart.write(1, 0x12);
    expect([uart.read(0), uart.read(1)]).toEqual([0x34, 0x12]);
    uart.write(3, 0x03);
    expect([uart.read(0), uart.read(1)]).toEqual([0, 0]);
    expect(sent).toEqual([]);
  });

  it("is told a 16550A by drivers: IIR shows FIFOs, IER and MCR have no upper bits, scratch keeps", () => {
    expect(uart.read(2)).toBe(0x01);
    enableFifos(0);
    expect(uart.read(2)).toBe(0xc1);
    uart.write(1, 0xff);
    expect(uart.read(1)).toBe(0x0f);
    uart.write(4, 0xff);
    expect(uart.read(4)).toBe(0x1f);
    uart.write(7, 0xa5);
    expect(uart.read(7)).toBe(0xa5);
  });

  it("sends at once and shows an empty transmitter", () => {
    uart.write(0, 0x41);
    expect(sent).toEqual([0x41]);
    expect(uart.read(5)).toBe(0x60);
  });

  it("raises THRE when enabled, drops it on reading IIR, and raises it again after each write", () => {
    uart.write(1, 0x02);
    expect(irq).toBe(true);
    expect(uart.read(2)).toBe(0x02);
    expect(irq).toBe(false);
    expect(uart.read(2)).toBe(0x01);
    uart.write(0, 0x41);
    expect(irq).toBe(true);
    const before = edges;
    uart.write(0, 0x42);
    expect(edges).toBe(before + 1);
    uart.write(1, 0);
    expect(irq).toBe(false);
    uart.write(1, 0x02);
    expect(uart.read(2)).toBe(0x02);
  });

  it("delivers character by character without FIFOs, losing none", () => {
    uart.write(1, 0x01);
    uart.receive(text("abc"));
    let got = "";
    while (uart.read(5) & 1) {
      expect(uart.read(2)).toBe(0x04);
      got += String.fromCharCode(uart.read(0));
    }
    expect(got).toBe("abc");
    expect(irq).toBe(false);
  });

  it("waits for the trigger level, then for the character time-out", () => {
    enableFifos(1);
    uart.write(1, 0x01);
    uart.receive(text("abc"));
    expect(irq).toBe(false);
    clock.moveTo(4 * CHARACTER_NS - 1000);
    expect(irq).toBe(false);
    clock.moveTo(4 * CHARACTER_NS + 1000);
    expect(irq).toBe(true);
    expect(uart.read(2)).toBe(0xcc);
    uart.read(0);
    expect(irq).toBe(false);
    uart.receive(text("de"));
    expect(uart.read(2)).toBe(0xc4);
  });

  it("holds back what the FIFO has no room for and never overruns", () => {
    enableFifos(3);
    uart.write(1, 0x05);
    const sentByHost = Uint8Array.from({ length: 100 }, (_, i) => i);
    uart.receive(sentByHost);
    expect(uart.state.fifo.length).toBe(16);
    const got: number[] = [];
    while (uart.read(5) & 1) got.push(uart.read(0));
    expect(got).toEqual([...sentByHost]);
    expect(uart.read(5) & 0x02).toBe(0);
  });

  it("reports line status before data, data before THRE, THRE before modem status", () => {
    uart.write(4, 0x1b);
    uart.write(4, 0x1a);
    uart.write(1, 0x0f);
    uart.write(0, 1);
    uart.write(0, 2);
    expect(uart.read(2)).toBe(0x06);
    expect(uart.read(5)).toBe(0x63);
    expect(uart.read(2)).toBe(0x04);
    expect(uart.read(0)).toBe(2);
    expect(uart.read(2)).toBe(0x02);
    expect(uart.read(2)).toBe(0x00);
    expect(uart.read(6) & 0x0f).not.toBe(0);
    expect(uart.read(2)).toBe(0x01);
  });

  it("connects its modem outputs to its inputs in loopback, and sends nothing outside", () => {
    uart.write(4, 0x1a);
    expect(uart.read(6) & 0xf0).toBe(0x90);
    uart.write(4, 0x15);
    expect(uart.read(6) & 0xf0).toBe(0x60);
    uart.write(4, 0x11);
    expect(uart.read(6)).toBe(0x20 | 0x04);
    uart.write(0, 0x55);
    expect(uart.read(0)).toBe(0x55);
    expect(sent).toEqual([]);
    uart.write(4, 0x0b);
    expect(uart.read(6) & 0xf0).toBe(0xb0);
  });

  it("overruns a 16-entry FIFO in loopback, keeping the first sixteen", () => {
    enableFifos(0);
    uart.write(4, 0x10);
    for (let i = 0; i < 20; i++) uart.write(0, i);
    expect(uart.read(5) & 0x02).toBe(0x02);
    const got: number[] = [];
    while (uart.read(5) & 1) got.push(uart.read(0));
    expect(got).toEqual(Array.from({ length: 16 }, (_, i) => i));
  });

  it("receives its own break in loopback as a null character with BI", () => {
    enableFifos(0);
    uart.write(4, 0x10);
    uart.write(3, 0x43);
    expect(uart.read(5)).toBe(0xf1);
    expect(uart.read(5) & 0x10).toBe(0);
    expect(uart.read(0)).toBe(0);
    expect(uart.read(5)).toBe(0x60);
  });

  it("interrupts with OUT2 off as well, and is silent on the board's line in loopback", () => {
    uart.write(4, 0x00);
    uart.write(1, 0x01);
    uart.receive(bytes(1));
    expect(irq).toBe(true);
    uart.write(4, 0x18);
    expect(irq).toBe(false);
    expect(uart.read(2)).toBe(0x04);
    uart.write(4, 0x0b);
    expect(irq).toBe(true);
  });

  it("clears the receiver FIFO on FCR's order and when FIFOs are switched", () => {
    enableFifos(0);
    uart.receive(text("abc"));
    uart.write(2, 0x03);
    expect(uart.read(5) & 1).toBe(0);
    uart.receive(text("abc"));
    uart.write(2, 0x00);
    expect(uart.read(5) & 1).toBe(0);
    expect(uart.read(2)).toBe(0x01);
  });

  it("goes on from a snapshot in the middle of a time-out", () => {
    enableFifos(3);
    uart.write(1, 0x01);
    uart.receive(text("a"));
    const saved = structuredClone(uart.state);
    uart.reset();
    expect(irq).toBe(false);
    uart.state = saved;
    uart.afterLoad();
    clock.moveTo(1e9);
    expect(irq).toBe(true);
    expect(uart.read(2)).toBe(0xcc);
  });
});
