// A process that runs v86 with COM1 on its standard output, until it is killed. Its one argument is JSON.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { V86 } from "v86";
import type { Machine } from "./engine.ts";

interface Argument {
  machine: Machine;
  /** Folder of SeaBIOS's images. */
  firmware: string;
}

const WASM = join(import.meta.dirname, "../../node_modules/v86/build/v86.wasm");

const { machine, firmware }: Argument = JSON.parse(process.argv[2] ?? "");

/** A file as v86 wants it: a buffer of its own. */
const image = (path: string): { buffer: ArrayBuffer } => ({
  buffer: Uint8Array.from(readFileSync(path)).buffer,
});

const emulator = new V86({
  wasm_path: WASM,
  memory_size: machine.memoryMib << 20,
  bios: image(join(firmware, "bios-256k.bin")),
  vga_bios: image(join(firmware, "vgabios-stdvga.bin")),
  bzimage: image(machine.kernel),
  initrd: image(machine.initrd),
  cmdline: machine.append,
  disable_keyboard: true,
  disable_mouse: true,
  disable_speaker: true,
  autostart: true,
});
emulator.add_listener("serial0-output-byte", (byte: number) => {
  process.stdout.write(Uint8Array.of(byte));
});
