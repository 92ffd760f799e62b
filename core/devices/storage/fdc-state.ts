import type { Transfer } from "./floppy-transfer.ts";

const DRIVES = 4;
/** CONFIGURE after power-on: the FIFO is disabled. [82077AA] */
export const CONFIGURE_DEFAULT = 0x20;

export interface DriveState {
  cylinder: number;
  /** DSKCHG: the disk has been out since the last step. */
  changed: boolean;
  /** The sector that READ ID last saw pass. */
  passing: number;
  /** ST0 that SENSE INTERRUPT STATUS will tell of this drive. */
  sense: number | null;
  /** Where a seek ends, and when, in nanoseconds. */
  seek: { cylinder: number; at: number; st0: number } | null;
}

export const newDrive = (): DriveState => ({
  cylinder: 0,
  changed: true,
  passing: 0,
  sense: null,
  seek: null,
});

export const powerOn = () => ({
  dor: 0,
  tdr: 0,
  /** Bits 0 and 1: index to the data rates. */
  rate: 2,
  phase: "command" as "command" | "execution" | "result",
  /** Bytes of the command so far. */
  command: [] as number[],
  result: [] as number[],
  interrupt: false,
  specify: [0, 0] as [number, number],
  configure: CONFIGURE_DEFAULT,
  pretrack: 0,
  locked: false,
  perpendicular: 0,
  /** SC or EOT of the last command, for DUMPREG. */
  lastEndOfTrack: 0,
  transfer: null as Transfer | null,
  drives: Array.from({ length: DRIVES }, newDrive),
});

export type FdcState = ReturnType<typeof powerOn>;
