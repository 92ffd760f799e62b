/**
 * What a snapshot can hold: numbers, strings, booleans, null, undefined, bigint, typed arrays, and arrays and
 * plain objects of those. No functions, class instances, maps or cycles.
 */
// biome-ignore lint/suspicious/noExplicitAny: a state's exact shape is its device's own business.
export type PlainState = Record<string, any>;

/**
 * A chip. Its whole changing state is the plain data in `state`, which the snapshot saves and loads as it is;
 * anything else an instance holds is wiring, given to its constructor.
 */
export interface Device {
  /** Unique on the board; the key of its state in a snapshot (`pit`, `uart0`). */
  readonly name: string;
  /** Version of the shape of `state`; raised when that shape changes. */
  readonly version: number;
  state: PlainState;
  /** The hardware reset line: everything a real chip loses at RESET# (not at power-on only) is set anew. */
  reset(): void;
  /**
   * Called once `state` has been replaced by a snapshot's: set alarms again from deadlines kept in `state`,
   * and drive output lines to the level that `state` implies.
   */
  afterLoad?(): void;
}

/** An output wire: an interrupt line, A20, a reset. Setting the same level twice has no further effect. */
export interface Line {
  set(high: boolean): void;
}

/** Several inputs driven by one output. */
export function fanOut(...inputs: Line[]): Line {
  return {
    set(high) {
      for (const input of inputs) input.set(high);
    },
  };
}

/** A wire that leads nowhere. */
export const unconnected: Line = { set() {} };

/** Access width in bytes. */
export type Width = 1 | 2 | 4;

/**
 * What answers reads and writes on a bus, by offset from where it is attached. It does not know at which
 * address it sits. Values are unsigned; a read returns at most `width` bytes.
 */
export interface BusTarget {
  read(offset: number, width: Width): number;
  write(offset: number, value: number, width: Width): void;
}
