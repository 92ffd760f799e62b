import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Manager } from "./manager.ts";

/** At the first start, makes the demo machine from its floppy image, if that has been built. */
export async function addDemo<ConsoleEnd>(manager: Manager<ConsoleEnd>, image: string): Promise<void> {
  const size = await stat(image).then(
    (stats) => stats.size,
    () => null,
  );
  if (!manager.isNew || size === null) return;
  const medium = await manager.media.receive("twinbox-demo.img", createReadStream(image), size);
  await manager.createMachine({
    name: "Twinbox demo",
    memoryMib: 16,
    drives: [{ slot: "fda", kind: "floppy", medium: medium.id, format: "raw", mode: "disposable" }],
    bootOrder: ["floppy"],
    system: medium.system,
  });
}
