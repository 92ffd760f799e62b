import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FirmwareBoard } from "../core/firmware/testing/board.ts";
import { memoryDisk } from "../core/firmware/testing/memory-disk.ts";
import { demoImage } from "../resources/demo/demo.ts";
import { DEMO_IMAGE } from "./build-demo.ts";

function start(): FirmwareBoard {
  const drives = [{ slot: "fda", kind: "floppy", device: memoryDisk("demo.img", demoImage()) }] as const;
  return new FirmwareBoard({ memoryMib: 2, bootOrder: ["floppy"], menuTicks: 0 }, [...drives]);
}

const shows = (board: FirmwareBoard, text: string) => () => board.text().some((line) => line.includes(text));

test("the image that is kept is the one that its source makes", () => {
  expect(Buffer.compare(readFileSync(DEMO_IMAGE), demoImage())).toBe(0);
});

test("greets on screen and serial port and echoes keys on both", async () => {
  const board = start();
  expect(await board.run(shows(board, "This is the demo machine"))).toBe(true);
  expect(board.serial).toContain("Hello from the Twinbox demo");
  board.keyboard.key("KeyQ", true);
  board.keyboard.key("KeyQ", false);
  expect(await board.run(shows(board, "q"))).toBe(true);
  expect(board.serial.endsWith("q")).toBe(true);
});

test("shows what comes in on the serial port", async () => {
  const board = start();
  await board.run(shows(board, "Esc switches"));
  board.uart.receive(Uint8Array.from("serial!", (c) => c.charCodeAt(0)));
  expect(await board.run(shows(board, "serial!"))).toBe(true);
});

test("Esc starts a graphics screen on which the mouse moves", async () => {
  const board = start();
  await board.run(shows(board, "Esc switches"));
  board.keyboard.key("Escape", true);
  board.keyboard.key("Escape", false);
  expect(await board.run(() => board.memory.read8(0x449) === 0x13)).toBe(true);
  const pixel = (x: number, y: number) => board.memory.read8(0xa0000 + y * 320 + x);
  const black = 254;
  await board.run(() => pixel(160, 100) === black);
  expect(pixel(160, 100)).toBe(black);
  board.mouse.move(20, 10, 0, 0);
  expect(await board.run(() => pixel(180, 110) === black)).toBe(true);
});
