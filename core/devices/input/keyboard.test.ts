import { beforeEach, describe, expect, it } from "vitest";
import { describeDeviceContract } from "../../board/testing/device-contract.ts";
import { VirtualClock } from "../../board/virtual-clock.ts";
import { Keyboard } from "./keyboard.ts";

describeDeviceContract("keyboard", () => {
  const clock = new VirtualClock();
  const keyboard = new Keyboard(clock);
  const target = {
    read: () => keyboard.take() ?? 0,
    write: (_offset: number, value: number) => keyboard.receive(value),
  };
  return {
    device: keyboard,
    targets: [{ target, length: 1, width: 1 }],
    clock,
    exercise: () => {
      keyboard.receive(0xf4);
      keyboard.key("KeyA", true);
      keyboard.key("PrintScreen", true);
    },
  };
});

describe("keyboard", () => {
  let clock: VirtualClock;
  let keyboard: Keyboard;

  beforeEach(() => {
    clock = new VirtualClock();
    keyboard = new Keyboard(clock);
  });

  const drain = () => {
    const bytes: number[] = [];
    for (let byte = keyboard.take(); byte !== undefined; byte = keyboard.take()) bytes.push(byte);
    return bytes;
  };
  const send = (...bytes: number[]) => {
    for (const byte of bytes) keyboard.receive(byte);
    return drain();
  };

  it("acknowledges a reset and passes its self test", () => {
    expect(send(0xff)).toEqual([0xfa, 0xaa]);
  });

  it("identifies itself, echoes, and repeats its last byte", () => {
    expect(send(0xf2)).toEqual([0xfa, 0xab, 0x83]);
    expect(send(0xfe)).toEqual([0x83]);
    expect(send(0xee)).toEqual([0xee]);
  });

  it("sets its lights, and takes a command in place of the parameter", () => {
    const seen: number[] = [];
    keyboard.onLeds = (leds) => seen.push(leds);
    expect(send(0xed, 0x05)).toEqual([0xfa, 0xfa]);
    expect(send(0xed, 0xf4)).toEqual([0xfa, 0xfa]);
    expect(send(0x02)).toEqual([0xfe]);
    expect(send(0xed, 0x08, 0x02)).toEqual([0xfa, 0xfe, 0xfa]);
    expect(seen).toEqual([5, 2]);
  });

  it("speaks the scan set it is told, and tells which", () => {
    expect(send(0xf0, 0)).toEqual([0xfa, 0xfa, 2]);
    expect(send(0xf0, 1)).toEqual([0xfa, 0xfa]);
    keyboard.key("ArrowUp", true);
    keyboard.key("ArrowUp", false);
    expect(drain()).toEqual([0xe0, 0x48, 0xe0, 0xc8]);
    send(0xf0, 3);
    keyboard.key("ArrowUp", true);
    keyboard.key("ArrowUp", false);
    expect(drain()).toEqual([0x63, 0xf0, 0x63]);
    send(0xf9);
    keyboard.key("ArrowUp", true);
    keyboard.key("ArrowUp", false);
    expect(drain()).toEqual([0x63]);
    expect(send(0xf0, 4)).toEqual([0xfa, 0xfe]);
  });

  it("sends nothing of the keys while disabled, and forgets no held key", () => {
    keyboard.key("ShiftLeft", true);
    expect(send(0xf5)).toEqual([0xfa]);
    keyboard.key("KeyA", true);
    expect(drain()).toEqual([]);
    expect(send(0xf4)).toEqual([0xfa]);
    keyboard.key("KeyA", false);
    keyboard.key("ShiftLeft", false);
    expect(drain()).toEqual([0xf0, 0x1c, 0xf0, 0x12]);
  });

  it("repeats the last key after its delay at its rate until it is released", () => {
    send(0xf3, 0x00);
    keyboard.key("KeyA", true);
    keyboard.key("KeyA", true);
    keyboard.key("KeyB", true);
    expect(drain()).toEqual([0x1c, 0x32]);
    clock.moveTo(249_000_000);
    expect(drain()).toEqual([]);
    let repeats = 0;
    for (let ms = 250; ms <= 1250; ms++) {
      clock.moveTo(ms * 1e6);
      const bytes = drain();
      if (bytes.length > 0) expect(bytes).toEqual([0x32]);
      repeats += bytes.length;
    }
    expect(repeats).toBeGreaterThanOrEqual(29);
    expect(repeats).toBeLessThanOrEqual(31);
    keyboard.key("KeyB", false);
    drain();
    clock.moveTo(3e9);
    expect(drain()).toEqual([]);
  });

  it("releases Print Screen as it was pressed, though the modifiers have changed", () => {
    keyboard.key("AltLeft", true);
    keyboard.key("PrintScreen", true);
    keyboard.key("AltLeft", false);
    keyboard.key("PrintScreen", false);
    expect(drain()).toEqual([0x11, 0x84, 0xf0, 0x11, 0xf0, 0x84]);
  });

  it("keeps sixteen bytes and loses no key beyond them", () => {
    for (let i = 0; i < 100; i++) {
      keyboard.key("KeyA", true);
      keyboard.key("KeyA", false);
    }
    expect(keyboard.state.buffer.length).toBeLessThanOrEqual(16);
    const bytes = drain();
    expect(bytes).toEqual(Array.from({ length: 100 }, () => [0x1c, 0xf0, 0x1c]).flat());
  });

  it("says so when even the waiting line is full", () => {
    for (let i = 0; i < 5000; i++) {
      keyboard.key("KeyA", true);
      keyboard.key("KeyA", false);
    }
    expect(drain().filter((byte) => byte === 0x00).length).toBe(1);
  });

  it("answers before it sends keys that were typed earlier", () => {
    keyboard.key("KeyA", true);
    keyboard.receive(0xed);
    expect(keyboard.take()).toBe(0xfa);
    expect(keyboard.take()).toBe(0x1c);
  });
});
