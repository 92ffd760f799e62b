import { Assembler } from "../../core/assembler/assembler.ts";
import { graphicsScreen } from "./graphics.ts";
import { inputRoutines } from "./input.ts";
import { textScreen } from "./text.ts";

/** A floppy of 160 KB: 40 cylinders, 1 head, 8 sectors of 512 bytes. */
export const IMAGE_SIZE = 40 * 8 * 512;
const SECTOR = 512;
const ORIGIN = 0x7c00;
/** The rest of the first track is the program. */
const PROGRAM_SECTORS = 7;

/** Loads the rest of the program behind itself and goes on there. */
function bootSector(a: Assembler): void {
  a.cli();
  a.xor("ax", "ax");
  a.mov("ds", "ax");
  a.mov("es", "ax");
  a.mov("ss", "ax");
  a.mov("sp", ORIGIN);
  a.sti();
  a.cld();
  a.mov("[drive]", "dl");
  a.mov("di", 3);
  a.label("load");
  a.mov("ax", 0x0200 + PROGRAM_SECTORS);
  a.mov("bx", "program");
  a.mov("cx", 2);
  a.mov("dh", 0);
  a.mov("dl", "[drive]");
  a.int(0x13);
  a.jnc("program");
  a.dec("di");
  a.jnz("load");
  a.mov("si", "unreadable");
  a.label("say");
  a.lodsb();
  a.test("al", "al");
  a.jz("stop");
  a.mov("ah", 0x0e);
  a.mov("bx", 7);
  a.int(0x10);
  a.jmp("say");
  a.label("stop");
  a.hlt();
  a.jmp("stop");
  a.label("unreadable");
  a.db("The demo's disk cannot be read.", 0);
  a.label("drive");
  a.db(0);
}

/**
 * The demo machine's floppy: text, then a graphics screen that moves, with keyboard, mouse and the first serial port.
 * Esc goes from one screen to the other.
 */
export function demoImage(): Uint8Array {
  const a = new Assembler({ bits: 16, origin: ORIGIN });
  bootSector(a);
  a.org(ORIGIN + SECTOR - 2);
  a.dw(0xaa55);
  a.label("program");
  a.call("startSerial");
  a.call("startMouse");
  a.label("again");
  a.call("showText");
  a.call("showGraphics");
  a.jmp("again");
  textScreen(a);
  graphicsScreen(a);
  inputRoutines(a);
  a.label("end");
  const program = a.assemble();
  if (program.length > (1 + PROGRAM_SECTORS) * SECTOR)
    throw new RangeError("the demo is longer than its track");
  const image = new Uint8Array(IMAGE_SIZE);
  image.set(program);
  return image;
}
