import type { Assembler } from "../../core/assembler/assembler.ts";

const WIDTH = 320;
const HEIGHT = 200;
/** The picture is drawn here and copied to the screen whole. */
const BUFFER_SEGMENT = 0x2000;
const SCREEN_SEGMENT = 0xa000;
/** Free memory behind the program: a byte a column. */
const COLUMNS = 0xa000;
const INPUT_STATUS = 0x3da;
const RETRACE = 8;
const WHITE = 255;
const BLACK = 254;
/** Colours of the waves: 0 to 253. */
const PALETTE_COLORS = 254;
/** Left edge, pixels from the most significant bit: outline and inside of the pointer. */
const POINTER_OUTLINE = [0xc0, 0xa0, 0x90, 0x88, 0x84, 0x82, 0x81, 0x8f, 0xa8, 0xc4, 0x04];
const POINTER_INSIDE = [0x00, 0x40, 0x60, 0x70, 0x78, 0x7c, 0x7e, 0x70, 0x50, 0x00, 0x00];
const TITLE = "Twinbox: type, move the mouse, or Esc";

/** 0 to 63 and back, a period in 256 steps. */
const sine = Uint8Array.from({ length: 256 }, (_, i) =>
  Math.round(31.5 + 31.5 * Math.sin((i * Math.PI) / 128)),
);

/** Red, green and blue of each colour, 6 bits each. */
const palette = Uint8Array.from({ length: 3 * PALETTE_COLORS }, (_, i) => {
  const turn = (Math.floor(i / 3) / PALETTE_COLORS) * 2 * Math.PI;
  const phase = [0, 1.4, 2.6][i % 3]!;
  return Math.round(28 + 27 * Math.sin(turn + phase));
});

/** The graphics screen in mode 13h: waves of colour that move, a pointer, and what is typed. */
export function graphicsScreen(a: Assembler): void {
  a.label("showGraphics");
  a.mov("ax", 0x13);
  a.int(0x10);
  setPalette(a);
  a.label("frame");
  a.call("drawWaves");
  a.mov("si", "title");
  a.mov("di", WIDTH * 4 + 4);
  a.call("drawText");
  a.mov("si", "line");
  a.mov("di", WIDTH * (HEIGHT - 12) + 8);
  a.call("drawText");
  a.call("drawPointer");
  a.call("copyToScreen");
  a.add("word [time]", 2);
  a.call("nextCharacter");
  a.jz("frame");
  a.cmp("al", 27);
  a.jz("frame.done");
  a.call("typed");
  a.jmp("frame");
  a.label("frame.done");
  a.ret();
  drawWaves(a);
  drawText(a);
  drawPointer(a);
  copyToScreen(a);
  a.align(2);
  a.label("time");
  a.dw(0);
  a.label("title");
  a.db(TITLE, 0);
  a.label("sine");
  a.db(sine);
  a.label("palette");
  a.db(palette);
  a.label("pointer");
  POINTER_OUTLINE.forEach((outline, i) => {
    a.db(outline, POINTER_INSIDE[i]!);
  });
}

function setPalette(a: Assembler): void {
  a.mov("dx", 0x3c8);
  a.xor("al", "al");
  a.out("dx", "al");
  a.inc("dx");
  a.mov("si", "palette");
  a.mov("cx", 3 * PALETTE_COLORS);
  a.rep();
  a.outsb();
  a.mov("cx", 6);
  a.mov("al", 0);
  a.label("setPalette.last");
  a.cmp("cx", 3);
  a.jnz("setPalette.out");
  a.mov("al", 63);
  a.label("setPalette.out");
  a.out("dx", "al");
  a.loop("setPalette.last");
}

/** Each pixel is the sum of four sines: two of its column, two of its row. */
function drawWaves(a: Assembler): void {
  a.label("drawWaves");
  a.push("ds");
  a.pop("es");
  a.mov("di", COLUMNS);
  a.mov("bx", "sine");
  a.xor("cx", "cx");
  a.mov("dx", "[time]");
  a.label("drawWaves.column");
  a.mov("al", "cl");
  a.add("al", "dl");
  a.xlatb();
  a.mov("ah", "al");
  a.mov("al", "cl");
  a.add("al", "al");
  a.sub("al", "dl");
  a.xlatb();
  a.add("al", "ah");
  a.stosb();
  a.inc("cx");
  a.cmp("cx", WIDTH);
  a.jb("drawWaves.column");
  a.mov("ax", BUFFER_SEGMENT);
  a.mov("es", "ax");
  a.xor("di", "di");
  a.xor("cx", "cx");
  a.label("drawWaves.row");
  a.mov("al", "cl");
  a.sub("al", "dl");
  a.xlatb();
  a.mov("ah", "al");
  a.mov("al", "cl");
  a.add("al", "cl");
  a.add("al", "cl");
  a.add("al", "dl");
  a.xlatb();
  a.add("al", "ah");
  // The row's value in each byte of EBP; no sum of two is above 253, so none carries.
  a.movzx("ebp", "al");
  a.imul("ebp", "ebp", 0x01010101);
  a.mov("si", COLUMNS);
  a.push("cx");
  a.mov("cx", WIDTH / 4);
  a.label("drawWaves.pixels");
  a.lodsd();
  a.add("eax", "ebp");
  a.stosd();
  a.loop("drawWaves.pixels");
  a.pop("cx");
  a.inc("cx");
  a.cmp("cx", HEIGHT);
  a.jb("drawWaves.row");
  a.ret();
}

/** The string at SI into the buffer at DI, in the ROM's 8×8 characters, white on a black shadow. */
function drawText(a: Assembler): void {
  a.label("drawText");
  a.mov("ax", BUFFER_SEGMENT);
  a.mov("es", "ax");
  a.mov("ax", 0xf000);
  a.mov("fs", "ax");
  a.label("drawText.next");
  a.lodsb();
  a.test("al", "al");
  a.jz("drawText.done");
  a.and("ax", 0x7f);
  a.shl("ax", 3);
  a.add("ax", 0xfa6e);
  a.mov("bx", "ax");
  a.push("di");
  a.mov("cx", 8);
  a.label("drawText.row");
  a.mov("dl", "[fs:bx]");
  a.inc("bx");
  a.mov("dh", 8);
  a.label("drawText.pixel");
  a.shl("dl", 1);
  a.jnc("drawText.clear");
  a.mov("byte [es:di]", WHITE);
  a.mov(`byte [es:di+${WIDTH + 1}]`, BLACK);
  a.label("drawText.clear");
  a.inc("di");
  a.dec("dh");
  a.jnz("drawText.pixel");
  a.add("di", WIDTH - 8);
  a.loop("drawText.row");
  a.pop("di");
  a.add("di", 8);
  a.jmp("drawText.next");
  a.label("drawText.done");
  a.ret();
}

/** The pointer with its tip at the mouse's place; its inside is dark while a button is held. */
function drawPointer(a: Assembler): void {
  a.label("drawPointer");
  a.mov("ax", BUFFER_SEGMENT);
  a.mov("es", "ax");
  a.mov("si", "pointer");
  a.mov("bh", WHITE);
  a.cmp("byte [buttons]", 0);
  a.jz("drawPointer.color");
  a.mov("bh", 60);
  a.label("drawPointer.color");
  a.mov("dx", "[mouseY]");
  a.mov("cx", POINTER_OUTLINE.length);
  a.label("drawPointer.row");
  a.cmp("dx", HEIGHT);
  a.jae("drawPointer.done");
  a.push("cx");
  a.push("dx");
  a.mov("ax", WIDTH);
  a.mul("dx");
  a.mov("cx", "[mouseX]");
  a.add("ax", "cx");
  a.mov("di", "ax");
  a.lodsw();
  a.label("drawPointer.pixel");
  a.cmp("cx", WIDTH);
  a.jae("drawPointer.next");
  a.shl("al", 1);
  a.jnc("drawPointer.inside");
  a.mov("byte [es:di]", BLACK);
  a.label("drawPointer.inside");
  a.shl("ah", 1);
  a.jnc("drawPointer.step");
  a.mov("[es:di]", "bh");
  a.label("drawPointer.step");
  a.inc("di");
  a.inc("cx");
  a.test("ax", "ax");
  a.jnz("drawPointer.pixel");
  a.label("drawPointer.next");
  a.pop("dx");
  a.pop("cx");
  a.inc("dx");
  a.loop("drawPointer.row");
  a.label("drawPointer.done");
  a.ret();
}

/** At the next vertical retrace. */
function copyToScreen(a: Assembler): void {
  a.label("copyToScreen");
  a.mov("dx", INPUT_STATUS);
  a.label("copyToScreen.before");
  a.in("al", "dx");
  a.test("al", RETRACE);
  a.jnz("copyToScreen.before");
  a.label("copyToScreen.until");
  a.in("al", "dx");
  a.test("al", RETRACE);
  a.jz("copyToScreen.until");
  a.push("ds");
  a.mov("ax", SCREEN_SEGMENT);
  a.mov("es", "ax");
  a.mov("ax", BUFFER_SEGMENT);
  a.mov("ds", "ax");
  a.xor("si", "si");
  a.xor("di", "di");
  a.mov("cx", (WIDTH * HEIGHT) / 4);
  a.rep();
  a.movsd();
  a.pop("ds");
  a.ret();
}
