import { describe, expect, test } from "vitest";
import { unconnected } from "../../board/device.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { Pic, PicPair } from "./pic.ts";

describeDeviceContract("pic", () => {
  const pic = new Pic("pic1", unconnected, 0xf8);
  return {
    device: pic,
    targets: [{ target: pic, length: 2, width: 1 }],
    exercise: () => {
      for (const input of [1, 4, 5]) pic.lines[input]!.set(true);
    },
  };
});

/** Both chips as a BIOS leaves them, but with nothing masked: vectors 8 and 0x70. */
function makePair({ icw1 = 0x11, icw4 = 0x01, slaveIcw4 = 0x01 } = {}) {
  const intr = new FakeLine();
  const pair = new PicPair(intr);
  for (const [pic, base, cascade, last] of [
    [pair.master, 0x08, 0x04, icw4],
    [pair.slave, 0x70, 0x02, slaveIcw4],
  ] as const) {
    pic.write(0, icw1);
    pic.write(1, base);
    pic.write(1, cascade);
    if (icw1 & 1) pic.write(1, last);
    pic.write(1, 0);
  }
  const raise = (...irqs: number[]) => {
    for (const irq of irqs) pair.lines[irq]!.set(true);
  };
  const lower = (...irqs: number[]) => {
    for (const irq of irqs) pair.lines[irq]!.set(false);
  };
  const pulse = (irq: number) => {
    lower(irq);
    raise(irq);
  };
  const isr = (pic: Pic) => {
    pic.write(0, 0x0b);
    return pic.read(0);
  };
  const irr = (pic: Pic) => {
    pic.write(0, 0x0a);
    return pic.read(0);
  };
  return { intr, pair, raise, lower, pulse, isr, irr, master: pair.master, slave: pair.slave };
}

describe("priority", () => {
  test("an edge makes one interrupt, with the vector of its input", () => {
    const { intr, pair, raise, master, isr, irr } = makePair();
    raise(4);
    expect(intr.level).toBe(true);
    expect(irr(master)).toBe(0x10);
    expect(pair.acknowledge()).toBe(0x0c);
    expect(intr.level).toBe(false);
    expect(irr(master)).toBe(0);
    expect(isr(master)).toBe(0x10);
    master.write(0, 0x20);
    expect(isr(master)).toBe(0);
    expect(intr.level).toBe(false);
  });

  test("the lowest number is served first, and only a lower one interrupts it", () => {
    const { pair, raise, master } = makePair();
    raise(5, 3);
    expect(pair.acknowledge()).toBe(0x0b);
    expect(pair.hasInterrupt()).toBe(false);
    raise(1);
    expect(pair.acknowledge()).toBe(0x09);
    master.write(0, 0x20);
    expect(pair.hasInterrupt()).toBe(false);
    master.write(0, 0x20);
    expect(pair.acknowledge()).toBe(0x0d);
  });

  test("a masked request waits until it is unmasked", () => {
    const { pair, raise, master } = makePair();
    master.write(1, 0x10);
    raise(4);
    expect(pair.hasInterrupt()).toBe(false);
    expect(master.read(1)).toBe(0x10);
    master.write(1, 0);
    expect(pair.acknowledge()).toBe(0x0c);
  });

  test("a specific end of interrupt ends that one", () => {
    const { pair, raise, master, isr } = makePair();
    raise(5);
    pair.acknowledge();
    raise(3);
    pair.acknowledge();
    master.write(0, 0x65);
    expect(isr(master)).toBe(0x08);
  });

  test("special mask lets lower priorities through a masked one in service", () => {
    const { pair, raise, master } = makePair();
    raise(3);
    pair.acknowledge();
    raise(6);
    expect(pair.hasInterrupt()).toBe(false);
    master.write(1, 0x08);
    expect(pair.hasInterrupt()).toBe(false);
    master.write(0, 0x68);
    expect(pair.acknowledge()).toBe(0x0e);
    master.write(0, 0x48);
    expect(pair.hasInterrupt()).toBe(false);
  });
});

describe("rotation", () => {
  test("set priority makes an input the lowest", () => {
    const { pair, raise, master } = makePair();
    master.write(0, 0xc3);
    raise(3, 4);
    expect(pair.acknowledge()).toBe(0x0c);
  });

  test("rotate on end of interrupt puts the served input last", () => {
    const { pair, raise, pulse, master } = makePair();
    raise(4);
    pair.acknowledge();
    pulse(4);
    raise(6);
    master.write(0, 0xa0);
    expect(pair.acknowledge()).toBe(0x0e);
  });

  test("rotate on specific end of interrupt puts the named input last", () => {
    const { pair, raise, master } = makePair();
    raise(5);
    pair.acknowledge();
    master.write(0, 0xe5);
    raise(0, 6);
    expect(pair.acknowledge()).toBe(0x0e);
  });

  test("rotate on automatic end of interrupt", () => {
    const { pair, raise, pulse, master, isr } = makePair({ icw4: 0x03 });
    master.write(0, 0x80);
    raise(4, 5);
    expect(pair.acknowledge()).toBe(0x0c);
    expect(isr(master)).toBe(0);
    pulse(4);
    expect(pair.acknowledge()).toBe(0x0d);
    expect(pair.acknowledge()).toBe(0x0c);
  });
});

describe("cascade", () => {
  test("a request of the slave is served by both", () => {
    const { pair, raise, master, slave, isr } = makePair();
    raise(14);
    expect(pair.acknowledge()).toBe(0x76);
    expect([isr(master), isr(slave)]).toEqual([0x04, 0x40]);
    slave.write(0, 0x20);
    master.write(0, 0x20);
    expect([isr(master), isr(slave)]).toEqual([0, 0]);
  });

  test("two requests of the slave come one after the other", () => {
    const { pair, raise, master, slave } = makePair();
    raise(14, 12);
    expect(pair.acknowledge()).toBe(0x74);
    slave.write(0, 0x20);
    master.write(0, 0x20);
    expect(pair.acknowledge()).toBe(0x76);
  });

  test("automatic end of interrupt at the slave loses no request", () => {
    const { pair, raise, master } = makePair({ slaveIcw4: 0x03 });
    raise(9, 10);
    expect(pair.acknowledge()).toBe(0x71);
    master.write(0, 0x20);
    expect(pair.acknowledge()).toBe(0x72);
  });

  test("special fully nested mode lets the slave interrupt its own service", () => {
    const nested = makePair({ icw4: 0x11 });
    nested.raise(14);
    nested.pair.acknowledge();
    nested.raise(8);
    expect(nested.pair.acknowledge()).toBe(0x70);
    const plain = makePair();
    plain.raise(14);
    plain.pair.acknowledge();
    plain.raise(8);
    expect(plain.pair.hasInterrupt()).toBe(false);
  });
});

describe("spurious interrupts", () => {
  test("a request that vanishes before its acknowledge is reported as 7, not in service", () => {
    const { pair, raise, lower, master, isr } = makePair();
    raise(4);
    lower(4);
    expect(pair.hasInterrupt()).toBe(false);
    expect(pair.acknowledge()).toBe(0x0f);
    expect(isr(master)).toBe(0);
  });

  test("at the slave it is 15, with the master's cascade in service", () => {
    const { pair, raise, slave, master, isr } = makePair();
    slave.state.imr = 0xff;
    raise(14);
    master.lines[2]!.set(true);
    expect(pair.acknowledge()).toBe(0x77);
    expect([isr(master), isr(slave)]).toEqual([0x04, 0]);
  });
});

describe("level triggering", () => {
  test("ELCR makes a request last as long as its line", () => {
    const { pair, raise, lower, slave, master } = makePair();
    pair.elcrPorts.write(1, 0x0c, 1);
    raise(11);
    for (let i = 0; i < 2; i++) {
      expect(pair.acknowledge()).toBe(0x73);
      slave.write(0, 0x20);
      master.write(0, 0x20);
    }
    lower(11);
    expect(pair.hasInterrupt()).toBe(false);
  });

  test("ELCR leaves the timer, keyboard, cascade, clock and coprocessor edge triggered", () => {
    const { pair } = makePair();
    pair.elcrPorts.write(0, 0xff, 1);
    pair.elcrPorts.write(1, 0xff, 1);
    expect([pair.elcrPorts.read(0, 1), pair.elcrPorts.read(1, 1)]).toEqual([0xf8, 0xde]);
  });

  test("ELCR survives initialization and not a reset", () => {
    const { pair, slave } = makePair();
    pair.elcrPorts.write(1, 0x0c, 1);
    slave.write(0, 0x11);
    expect(slave.elcr).toBe(0x0c);
    slave.reset();
    expect(slave.elcr).toBe(0);
  });
});

test("initialization clears the mask and forgets edges seen before", () => {
  const { pair, raise, master, irr } = makePair();
  raise(3);
  master.write(1, 0xff);
  master.write(0, 0x11);
  master.write(1, 0x20);
  master.write(1, 0x04);
  master.write(1, 0x01);
  expect(master.read(1)).toBe(0);
  expect(irr(master)).toBe(0);
  expect(pair.hasInterrupt()).toBe(false);
});

test("a poll acknowledges like the processor and tells the input", () => {
  const { raise, master, isr } = makePair();
  raise(6);
  master.write(0, 0x0c);
  expect(master.read(0)).toBe(0x86);
  expect(isr(master)).toBe(0x40);
  master.write(0, 0x0c);
  expect(master.read(0) & 0x80).toBe(0);
});
