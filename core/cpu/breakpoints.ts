// Instruction breakpoints of a debugger, which the guest cannot see. Where one may be, a block of decoded code ends
// and a record stands that leaves the run loop with BREAKPOINT_MET.
//
// Blocks are known by physical address, and a linear page may be mapped anew without the processor being told. But no
// page is executed that was not translated before: each translation for execution is noted here, which gives the
// physical addresses where a linear breakpoint may be. One that was noted for an old mapping is taken back when met.

const PAGE = 0x1000;

export interface BreakpointsHost {
  /** Decoded code that holds the byte at a physical address must be decoded again. */
  forget(physical: number): void;
  /** Every page must be translated, and noted, again before it is executed. */
  flush(): void;
  /** Whether translations must be noted. */
  noteAll(on: boolean): void;
}

export class Breakpoints {
  readonly #host: BreakpointsHost;
  readonly #linear = new Set<bigint>();
  readonly #physical = new Set<number>();
  /** Physical addresses where a linear breakpoint was seen mapped. */
  readonly #noted = new Set<number>();
  /** Offset in pages where none counts now. */
  #ignored: number | undefined;

  constructor(host: BreakpointsHost) {
    this.#host = host;
  }

  /** Physical addresses are below 4 GiB. */
  addPhysical(address: number): void {
    this.#physical.add(address);
    this.#host.forget(address);
  }

  removePhysical(address: number): void {
    this.#physical.delete(address);
    this.#host.forget(address);
  }

  addLinear(address: bigint): void {
    this.#linear.add(address);
    this.#host.noteAll(true);
    this.#host.flush();
  }

  removeLinear(address: bigint): void {
    this.#linear.delete(address);
    this.#host.noteAll(this.#linear.size > 0);
    for (const physical of this.#noted) this.#host.forget(physical);
    this.#noted.clear();
    this.#host.flush();
  }

  /** A linear page was translated for execution. */
  noteTranslation(linear: bigint, physical: number): void {
    if (this.#linear.size === 0) return;
    const page = linear & ~0xfffn;
    for (const address of this.#linear) {
      if ((address & ~0xfffn) !== page) continue;
      const place = physical - (physical % PAGE) + Number(address & 0xfffn);
      if (this.#noted.has(place)) continue;
      this.#noted.add(place);
      this.#host.forget(place);
    }
  }

  /** Whether the code at a physical address must not be run without a look at {@link holds}. */
  mayHold(physical: number): boolean {
    if (physical % PAGE === this.#ignored) return false;
    return this.#physical.has(physical) || this.#noted.has(physical);
  }

  /** Whether there is a breakpoint at an instruction. If not, a translation that is no longer so is forgotten. */
  holds(linear: bigint, physical: number): boolean {
    if (this.#linear.has(linear) || this.#physical.has(physical)) return true;
    this.#noted.delete(physical);
    this.#host.forget(physical);
    this.#host.flush();
    return false;
  }

  /** Runs something with no breakpoint at a linear address, whatever it is mapped to. */
  without(linear: bigint, run: () => void): void {
    const offset = Number(linear & 0xfffn);
    this.#ignored = offset;
    this.#forgetAt(offset);
    run();
    this.#ignored = undefined;
    this.#forgetAt(offset);
  }

  #forgetAt(offset: number): void {
    for (const set of [this.#physical, this.#noted]) {
      for (const place of set) if (place % PAGE === offset) this.#host.forget(place);
    }
  }
}
