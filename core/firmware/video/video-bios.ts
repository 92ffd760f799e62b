import { bda } from "../bda.ts";
import type { Call } from "../call.ts";
import type { Ports } from "../hardware.ts";
import type { FontPointers } from "./font-functions.ts";
import { fontFunctions } from "./font-functions.ts";
import { readPixel, writePixel } from "./graphics.ts";
import { setVideoMode } from "./mode-set.ts";
import { paletteFunctions } from "./palette-functions.ts";
import { alternateSelect, displayCombination, functionality, saveState } from "./state-functions.ts";
import { TextScreen } from "./text.ts";
import { Vbe } from "./vbe.ts";
import { Vga } from "./vga.ts";

/** What the video services need of the ROM: far pointers, segment in the upper half. */
export interface VideoRom extends FontPointers {
  /** Static functionality table of AH=1Bh. */
  capabilities: number;
  /** Protected-mode interface of the VBE: far pointer and length. */
  vbeInterface: number;
  vbeInterfaceLength: number;
  /** The name of the product, ended by a zero byte. */
  vbeName: number;
  /** Set window (AX=4F05h) as a far procedure. */
  vbeWindow: number;
}

/** INT 10h. [VGA] [VBE3] */
export class VideoBios {
  readonly vga: Vga;
  readonly vbe: Vbe;
  readonly rom: VideoRom;

  constructor(io: Ports, rom: VideoRom) {
    this.vga = new Vga(io);
    this.rom = rom;
    this.vbe = new Vbe(this.vga, rom);
  }

  screen(call: Call): TextScreen {
    return new TextScreen(call.memory, this.vga);
  }

  call(call: Call): void {
    const screen = this.screen(call);
    const { memory } = call;
    switch (call.ah) {
      case 0x00:
        this.vbe.leave();
        call.al = setVideoMode(memory, this.vga, this.rom, call.al);
        return;
      case 0x01:
        this.#cursorShape(screen, call.ch, call.cl);
        return;
      case 0x02:
        screen.setCursor(call.bh, call.dl, call.dh);
        return;
      case 0x03: {
        const { column, row } = screen.cursor(call.bh);
        call.dl = column;
        call.dh = row;
        call.cx = memory.read16(bda.cursorShape);
        return;
      }
      case 0x04:
        call.ah = 0;
        return;
      case 0x05:
        screen.selectPage(call.al);
        return;
      case 0x06:
      case 0x07: {
        const area = { left: call.cl, top: call.ch, right: call.dl, bottom: call.dh };
        screen.scroll(screen.activePage, area, call.al, call.ah === 6, call.bh);
        return;
      }
      case 0x08: {
        const { column, row } = screen.cursor(call.bh);
        const { character, attribute } = screen.read(call.bh, column, row);
        call.al = character;
        call.ah = attribute;
        return;
      }
      case 0x09:
      case 0x0a:
        this.#writeCharacters(screen, call);
        return;
      case 0x0b:
        this.#cgaPalette(call);
        return;
      case 0x0c:
        if (screen.mode && screen.mode.kind !== "text")
          writePixel(screen, call.bh, call.cx, call.dx, call.al);
        return;
      case 0x0d:
        if (screen.mode && screen.mode.kind !== "text")
          call.al = readPixel(screen, call.bh, call.cx, call.dx);
        return;
      case 0x0e:
        screen.teletype(screen.activePage, call.al, screen.mode?.kind === "text" ? undefined : call.bl);
        return;
      case 0x0f:
        call.al = memory.read8(bda.videoMode) | (memory.read8(bda.videoControl) & 0x80);
        call.ah = screen.columns;
        call.bh = screen.activePage;
        return;
      case 0x10:
        paletteFunctions(call, this.vga);
        return;
      case 0x11:
        fontFunctions(call, this.vga, this.rom);
        return;
      case 0x12:
        alternateSelect(call, this.vga);
        return;
      case 0x13:
        this.#writeString(screen, call);
        return;
      case 0x1a:
        displayCombination(call);
        return;
      case 0x1b:
        functionality(call, screen, this.rom.capabilities);
        return;
      case 0x1c:
        saveState(call, this.vga);
        return;
      case 0x4f:
        this.vbe.call(call);
        return;
      default:
    }
  }

  /** Lines are the CGA's, 8 a character, unless the caller has switched cursor emulation off. */
  #cursorShape(screen: TextScreen, start: number, end: number): void {
    const { memory } = screen;
    memory.write8(bda.cursorShape, end);
    memory.write8(bda.cursorShape + 1, start);
    let first = start & 0x3f;
    let last = end & 0x1f;
    const height = screen.characterHeight;
    const emulated = (memory.read8(bda.videoControl) & 1) === 0;
    if (emulated && height > 8 && last < 8 && first < 0x20) {
      const scaled = (line: number) => (((line + 1) * height) >> 3) - 1;
      const underline = last === first + 1;
      last = scaled(last);
      first = underline ? last - 1 : scaled(first);
    }
    const { crtc, io } = this.vga;
    io.indexed(crtc, 0x0a, first);
    io.indexed(crtc, 0x0b, last);
  }

  #writeCharacters(screen: TextScreen, call: Call): void {
    let { column, row } = screen.cursor(call.bh);
    const attribute = call.ah === 9 || screen.mode?.kind !== "text" ? call.bl : undefined;
    for (let i = 0; i < call.cx; i++) {
      screen.write(call.bh, column, row, call.al, attribute);
      column++;
      if (column < screen.columns) continue;
      column = 0;
      row++;
      if (row >= screen.rows) return;
    }
  }

  #writeString(screen: TextScreen, call: Call): void {
    const before = screen.cursor(call.bh);
    const withAttributes = (call.al & 2) !== 0;
    let at = call.address("es", call.bp);
    screen.setCursor(call.bh, call.dl, call.dh);
    for (let i = 0; i < call.cx; i++) {
      const character = call.memory.read8(at++);
      const attribute = withAttributes ? call.memory.read8(at++) : call.bl;
      screen.teletype(call.bh, character, attribute);
    }
    if ((call.al & 1) === 0) screen.setCursor(call.bh, before.column, before.row);
  }

  /** AH=0Bh: border and background colour (BH 0), palette of the 320×200 modes (BH 1). */
  #cgaPalette(call: Call): void {
    const { memory } = call;
    const select = memory.read8(bda.videoColorSelect);
    const { vga } = this;
    if (call.bh === 0) {
      memory.write8(bda.videoColorSelect, (select & 0x20) | (call.bl & 0x1f));
      const color = (call.bl & 0x07) | ((call.bl & 0x08) << 1);
      vga.setAttribute(0x11, color);
      if ((memory.read8(bda.videoMode) & 0x7f) > 3) vga.setAttribute(0, color);
      for (let i = 1; i < 4; i++) {
        if (memory.read8(bda.videoMode) > 5) break;
        vga.setAttribute(i, (vga.attribute(i) & 0x0f) | (call.bl & 0x10));
      }
    } else {
      memory.write8(bda.videoColorSelect, (select & 0x1f) | ((call.bl & 1) << 5));
      for (let i = 1; i < 4; i++) vga.setAttribute(i, (vga.attribute(i) & 0xfe) | (call.bl & 1));
    }
  }
}
