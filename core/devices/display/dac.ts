import type { VgaState } from "./state.ts";

type Dac = VgaState["dac"];

/** Value of port 3C7: what the last index was for. */
const STATE_WRITE = 0;
const STATE_READ = 3;

export function selectForReading(dac: Dac, index: number): void {
  dac.readIndex = index;
  dac.component = 0;
  dac.reading = true;
}

export function selectForWriting(dac: Dac, index: number): void {
  dac.writeIndex = index;
  dac.component = 0;
  dac.reading = false;
}

export const dacState = (dac: Dac): number => (dac.reading ? STATE_READ : STATE_WRITE);

/** Port 3C9 read: the next component; after blue, the index moves on. */
export function readComponent(dac: Dac): number {
  const value = dac.palette[dac.readIndex * 3 + dac.component]!;
  if (++dac.component === 3) {
    dac.component = 0;
    dac.readIndex = (dac.readIndex + 1) & 0xff;
  }
  return value;
}

/** Port 3C9 write. Returns whether a colour has changed. */
export function writeComponent(dac: Dac, value: number): boolean {
  const at = dac.writeIndex * 3 + dac.component;
  const stored = dac.wide ? value : value & 0x3f;
  const changed = dac.palette[at] !== stored;
  dac.palette[at] = stored;
  if (++dac.component === 3) {
    dac.component = 0;
    dac.writeIndex = (dac.writeIndex + 1) & 0xff;
  }
  return changed;
}

/** Switches between components of 6 and 8 bits; colours stay what they are. */
export function setWidth(dac: Dac, wide: boolean): void {
  if (wide === dac.wide) return;
  dac.wide = wide;
  dac.palette = dac.palette.map((value) => (wide ? (value << 2) | (value >> 4) : value >> 2));
}
