import {
  CLOCKING_8_DOTS,
  CLOCKING_HALF_DOT_CLOCK,
  Crtc,
  Dispi,
  Gfx,
  MISCELLANEOUS_GRAPHICS,
  Seq,
} from "./registers.ts";
import { type VgaState, vbeEnabled } from "./state.ts";

/** The path of the beam over one frame; times in nanoseconds from the top left dot. */
export interface FrameTiming {
  frameNs: number;
  lineNs: number;
  /** The displayed part of a line. */
  displayedNs: number;
  /** Displayed lines. */
  displayedLines: number;
  /** First line of the vertical retrace and the one after its last. */
  retraceStart: number;
  retraceEnd: number;
}

/** Dots a second by the clock select bits of the miscellaneous output; the external clocks are not there. */
const DOT_CLOCKS = [25_175_000, 28_322_000, 25_175_000, 25_175_000];

/** 720 × 400 at 70 Hz: what a monitor shows while the registers make no sense. */
const TEXT_TIMING = timing(31_778, 449, 0.8, 400, 412, 414);
/** Frames that monitors sync to, in nanoseconds. */
const SHORTEST_FRAME = 5_000_000;
const LONGEST_FRAME = 50_000_000;
const VBE_FRAME_NS = 1e9 / 60;
/** Lines outside the picture of a VBE mode, as VESA's timings have them, about. */
const VBE_BLANK_LINES = 30;

/** Ten bits of a vertical register: eight of its own, two in the overflow register. */
function verticalBits(crtc: Uint8Array, index: number, bit8: number, bit9: number): number {
  const overflow = crtc[Crtc.OVERFLOW]!;
  return crtc[index]! | (((overflow >> bit8) & 1) << 8) | (((overflow >> bit9) & 1) << 9);
}

/** Lines of the displayed part of a frame, before double scanning. */
export const displayedLines = (crtc: Uint8Array): number =>
  verticalBits(crtc, Crtc.VERTICAL_DISPLAY_END, 1, 6) + 1;

/** The frame as the CRT controller's registers make it. */
export function frameTiming(state: VgaState): FrameTiming {
  if (vbeEnabled(state)) {
    const height = state.dispi.registers[Dispi.YRES]!;
    const lines = height + VBE_BLANK_LINES;
    return timing(VBE_FRAME_NS / lines, lines, 0.8, height, height + 3, height + 9);
  }
  const crtc = state.crtc.registers;
  const clocking = state.sequencer.registers[Seq.CLOCKING_MODE]!;
  const nineDots =
    !(clocking & CLOCKING_8_DOTS) && !(state.graphics.registers[Gfx.MISCELLANEOUS]! & MISCELLANEOUS_GRAPHICS);
  const dots = (nineDots ? 9 : 8) * (clocking & CLOCKING_HALF_DOT_CLOCK ? 2 : 1);
  const characterNs = (dots * 1e9) / DOT_CLOCKS[(state.miscellaneousOutput >> 2) & 3]!;
  const total = crtc[Crtc.HORIZONTAL_TOTAL]! + 5;
  const lines = verticalBits(crtc, Crtc.VERTICAL_TOTAL, 0, 5) + 2;
  const start = verticalBits(crtc, Crtc.VERTICAL_RETRACE_START, 2, 7);
  // The end is the low four bits of the line at which retrace ends.
  const length = ((crtc[Crtc.VERTICAL_RETRACE_END]! - start - 1) & 15) + 1;
  const made = timing(
    total * characterNs,
    lines,
    (crtc[Crtc.HORIZONTAL_DISPLAY_END]! + 1) / total,
    displayedLines(crtc),
    start,
    start + length,
  );
  const plausible =
    made.frameNs >= SHORTEST_FRAME &&
    made.frameNs <= LONGEST_FRAME &&
    made.displayedNs < made.lineNs &&
    made.displayedLines < lines &&
    start < lines;
  return plausible ? made : TEXT_TIMING;
}

function timing(
  lineNs: number,
  lines: number,
  displayedPart: number,
  displayed: number,
  retraceStart: number,
  retraceEnd: number,
): FrameTiming {
  return {
    frameNs: lineNs * lines,
    lineNs,
    displayedNs: lineNs * displayedPart,
    displayedLines: displayed,
    retraceStart,
    retraceEnd,
  };
}

/** Whether the beam is at a dot of the picture at time `ns`. */
export function inPicture(frame: FrameTiming, ns: number): boolean {
  const into = ns % frame.frameNs;
  return into < frame.displayedLines * frame.lineNs && into % frame.lineNs < frame.displayedNs;
}

/** Whether the beam is on its way back up at time `ns`. */
export function inVerticalRetrace(frame: FrameTiming, ns: number): boolean {
  const line = (ns % frame.frameNs) / frame.lineNs;
  return line >= frame.retraceStart && line < frame.retraceEnd;
}

/** Number of vertical retraces begun from time 0 to `ns`. */
export const retracesBy = (frame: FrameTiming, ns: number): number =>
  Math.floor((ns - frame.retraceStart * frame.lineNs) / frame.frameNs) + 1;
