import type { Assembler } from "../../core/assembler/assembler.ts";

const WIDTH = 52;
const LEFT = 14;
const TITLE = "Twinbox";
const LINES = [
  "This is the demo machine: a small guest that runs",
  "on the emulated PC from its own floppy disk.",
  "",
  "Type, and the characters appear below and on the",
  "serial port; what comes in there appears as well.",
  "",
  "Esc switches to graphics, where the mouse moves.",
];

/** Text at a column and row in one colour, as data for `showText`. */
function placed(
  a: Assembler,
  column: number,
  row: number,
  attribute: number,
  text: string | Uint8Array,
): void {
  a.db(column, row, attribute, text, 0);
}

const framed = (left: number, fill: number, right: number): Uint8Array =>
  Uint8Array.from([left, ...Array<number>(WIDTH).fill(fill), right]);

/** The text screen: a frame with what there is to try, and a place to type. */
export function textScreen(a: Assembler): void {
  a.label("showText");
  a.mov("ax", 3);
  a.int(0x10);
  a.mov("ax", 0xb800);
  a.mov("es", "ax");
  a.mov("si", "textParts");
  a.label("showText.part");
  a.lodsw();
  a.cmp("al", 0xff);
  a.jz("showText.type");
  // AL column, AH row: the cell's offset is 160 times the row and twice the column.
  a.movzx("bx", "al");
  a.mov("al", 80);
  a.mul("ah");
  a.add("bx", "ax");
  a.add("bx", "bx");
  a.mov("di", "bx");
  a.lodsb();
  a.mov("ah", "al");
  a.label("showText.character");
  a.lodsb();
  a.test("al", "al");
  a.jz("showText.part");
  a.stosw();
  a.jmp("showText.character");

  a.label("showText.type");
  a.mov("ah", 2);
  a.mov("bh", 0);
  a.mov("dx", (17 << 8) | LEFT);
  a.int(0x10);
  a.label("showText.wait");
  a.call("nextCharacter");
  a.jnz("showText.got");
  a.hlt();
  a.jmp("showText.wait");
  a.label("showText.got");
  a.cmp("al", 27);
  a.jz("showText.done");
  a.push("ax");
  a.call("typed");
  a.pop("ax");
  a.mov("bx", 7);
  a.mov("ah", 0x0e);
  a.int(0x10);
  a.cmp("al", 13);
  a.jnz("showText.wait");
  a.mov("ax", 0x0e0a);
  a.int(0x10);
  a.jmp("showText.wait");
  a.label("showText.done");
  a.ret();

  a.label("textParts");
  const frame = 0x1b;
  placed(a, LEFT - 1, 3, frame, framed(0xc9, 0xcd, 0xbb));
  const rows = ["", TITLE, "", ...LINES, ""];
  rows.forEach((text, i) => {
    const padded = ` ${text}`.padEnd(WIDTH);
    placed(a, LEFT - 1, 4 + i, frame, Uint8Array.of(0xba));
    placed(a, LEFT, 4 + i, text === TITLE ? 0x1f : 0x17, padded);
    placed(a, LEFT + WIDTH, 4 + i, frame, Uint8Array.of(0xba));
  });
  placed(a, LEFT - 1, 4 + rows.length, frame, framed(0xc8, 0xcd, 0xbc));
  a.dw(0xffff);
}
