import { describe, expect, test } from "vitest";
import { Bus } from "../../board/bus.ts";
import { PciSpace } from "../../board/pci.ts";
import { configTarget } from "../../board/testing/config-target.ts";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { FakeLine } from "../../board/testing/fake-line.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { PM_TIMER_HERTZ, PowerManagement } from "./acpi-pm.ts";
import { Smbus } from "./smbus.ts";

const PM1_STATUS = 0x600;
const PM1_ENABLE = 0x602;
const PM1_CONTROL = 0x604;
const TIMER = 0x608;
const GPE0 = 0x60c;

function makeRig(timerBits: 24 | 32 = 24) {
  const clock = new VirtualClock();
  const io = new Bus("io");
  const sci = new FakeLine();
  let offs = 0;
  const pm = new PowerManagement(
    { sci, clock, powerOff: () => offs++, io: new PciSpace(io), smbus: new Smbus() },
    timerBits,
  );
  pm.writeConfig(0x40, 0x601, 4);
  pm.writeConfig(0x80, 1, 1);
  /** Moves the clock into the middle of a tick of the PM timer. */
  const toTick = (tick: number) => clock.moveTo(((tick + 0.5) * 1e9) / PM_TIMER_HERTZ);
  return { clock, io, sci, pm, toTick, offs: () => offs };
}

describeDeviceContract("power management", () => {
  const { pm, clock } = makeRig();
  return {
    device: pm,
    clock,
    targets: [
      configTarget(pm),
      { target: pm.ports, length: 0x40, width: 4 },
      { target: pm.gpePorts, length: 4, width: 4 },
      { target: pm.smiPorts, length: 2, width: 1 },
    ],
    exercise: () => pm.pressPowerButton(),
  };
});

describe("the I/O blocks", () => {
  test("answer where their base registers say, while enabled", () => {
    const { io, pm } = makeRig();
    expect(pm.readConfig(0x40, 4)).toBe(0x601);
    expect(io.read(PM1_CONTROL, 2)).toBe(0);
    pm.writeConfig(0x40, 0xb001, 4);
    expect(io.read(PM1_CONTROL, 2)).toBe(0xffff);
    expect(io.read(0xb004, 2)).toBe(0);
    pm.writeConfig(0x80, 0, 1);
    expect(io.read(0xb004, 2)).toBe(0xffff);
  });

  test("the SMBus controller has a base of its own", () => {
    const { io, pm } = makeRig();
    pm.writeConfig(0x90, 0x701, 4);
    expect(io.read(0x700, 1)).toBe(0xff);
    pm.writeConfig(0xd2, 9, 1);
    expect(io.read(0x700, 1)).toBe(0);
    pm.reset();
    expect(io.mappings).toHaveLength(0);
  });
});

describe("the timer", () => {
  test("runs at 3.579545 MHz and wraps at 24 bits", () => {
    const { io, toTick } = makeRig();
    toTick(12345);
    expect(io.read(TIMER, 4)).toBe(12345);
    toTick(2 ** 24 + 7);
    expect(io.read(TIMER, 4)).toBe(7);
    io.write(TIMER, 99, 4);
    expect(io.read(TIMER, 4)).toBe(7);
  });

  test("may have 32 bits", () => {
    const { io, toTick } = makeRig(32);
    toTick(2 ** 24 + 7);
    expect(io.read(TIMER, 4)).toBe(2 ** 24 + 7);
  });

  test("interrupts when its uppermost bit changes", () => {
    const { clock, io, sci, toTick } = makeRig();
    io.write(PM1_ENABLE, 1, 2);
    io.write(PM1_CONTROL, 1, 2);
    toTick(2 ** 23 - 1);
    expect(sci.level).toBe(false);
    toTick(2 ** 23);
    expect(clock.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    expect(sci.level).toBe(true);
    expect(io.read(PM1_STATUS, 2)).toBe(1);
    io.write(PM1_STATUS, 1, 2);
    expect(sci.level).toBe(false);
    toTick(2 ** 24);
    expect(sci).toMatchObject({ level: true, rises: 2 });
  });
});

describe("the power button", () => {
  test("interrupts when enabled and the system has taken over", () => {
    const { io, sci, pm } = makeRig();
    io.write(PM1_ENABLE, 0x100, 2);
    pm.pressPowerButton();
    expect(sci.level).toBe(false);
    pm.smiPorts.write(0, 0xf1, 1);
    expect(io.read(PM1_CONTROL, 2)).toBe(1);
    expect(sci.level).toBe(true);
    expect(io.read(PM1_STATUS, 2)).toBe(0x100);
    io.write(PM1_STATUS, 0x100, 2);
    expect(sci.level).toBe(false);
    pm.smiPorts.write(0, 0xf0, 1);
    expect(io.read(PM1_CONTROL, 2)).toBe(0);
    expect(pm.smiPorts.read(0, 1)).toBe(0xf0);
  });
});

describe("sleeping", () => {
  test("soft off switches the machine off", () => {
    const { io, offs } = makeRig();
    io.write(PM1_CONTROL, 0x0001, 2);
    expect(offs()).toBe(0);
    io.write(PM1_CONTROL, 0x2001, 2);
    expect(offs()).toBe(1);
    expect(io.read(PM1_CONTROL, 2)).toBe(0x0001);
  });

  test("other states wake at once", () => {
    const { io, offs } = makeRig();
    io.write(PM1_CONTROL, 0x2401, 2);
    expect(offs()).toBe(0);
    expect(io.read(PM1_STATUS, 2)).toBe(0x8000);
  });
});

describe("general purpose events", () => {
  test("have status and enable, also at ports of their own", () => {
    const { io, pm } = makeRig();
    io.write(GPE0 + 2, 0x0301, 2);
    expect(io.read(GPE0, 4)).toBe(0x0301_0000);
    expect(pm.gpePorts.read(2, 2)).toBe(0x0301);
    pm.gpePorts.write(3, 0, 1);
    expect(io.read(GPE0 + 2, 2)).toBe(0x0001);
  });
});

test("a loaded timer interrupts when it would have", () => {
  const one = makeRig();
  one.io.write(PM1_ENABLE, 1, 2);
  one.io.write(PM1_CONTROL, 1, 2);
  const other = makeRig();
  other.pm.state = structuredClone(one.pm.state);
  other.pm.afterLoad();
  other.toTick(2 ** 23);
  expect(other.sci.level).toBe(true);
});
