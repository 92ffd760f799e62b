// Which translation table an access of compiled code looks into, and accesses whose two pages are found there.

import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../../assembler/assembler.ts";
import { P, PAGE, PAGE_ENTRY, PagedWorld, SMAP, TABLE, U, W } from "../testing/paged-world.ts";

/** Turns of a loop until it ends, or something happens: it was compiled long before. */
const TURNS = 40;
/** Where the page after PAGE is mapped to, and a page of the supervisor's. */
const OTHER = 0x90000;
const OWN = 0x91000;

const clac = (a: Assembler): void => a.db(0x0f, 0x01, 0xca);
const stac = (a: Assembler): void => a.db(0x0f, 0x01, 0xcb);

describe.each([
  ["interpreted", Number.POSITIVE_INFINITY],
  ["compiled", 1],
] as const)("%s code", (_, compileAfter) => {
  const world = new PagedWorld(undefined, compileAfter);
  const { machine } = world;
  const { cpu } = machine;
  let turns = 0;

  beforeEach(() => {
    world.reset(["smap"]);
    turns = 0;
  });

  const isCompiled = (): boolean => cpu.compiler.regionsCompiled > 0;

  it("may not reach after CLAC what it has reached between STAC and CLAC by the same register", () => {
    for (let n = 0; n < 512; n++) {
      const place = TABLE + n * 8;
      if (place !== PAGE_ENTRY) world.setEntry(place, world.entry(place) & ~U);
    }
    machine.view.setUint32(PAGE, 7, true);
    machine.onOut = () => {
      if (++turns === TURNS) machine.set("esi", PAGE);
      // Between two runs what has become hot is compiled.
      cpu.stopSoon();
    };
    world.run64(
      (a) => {
        a.mov("esi", OWN);
        a.label("again");
        a.out(0x80, "al");
        stac(a);
        a.mov("ebx", "[rsi]");
        clac(a);
        a.mov("ecx", "[rsi+8]");
        a.jmp("again");
      },
      0,
      SMAP,
    );
    expect(isCompiled()).toBe(compileAfter === 1);
    expect(turns).toBe(TURNS);
    expect(world.fault64).toEqual({ vector: 14, error: 1, cr2: BigInt(PAGE + 8) });
    expect(world.register(3)).toBe(7n);
  });

  it("reads, changes and writes what lies in two pages that are apart in memory", () => {
    world.setEntry(PAGE_ENTRY + 8, BigInt(OTHER) | P | W | U);
    machine.onOut = () => cpu.stopSoon();
    world.run64((a) => {
      a.mov("esi", PAGE + 0xffd);
      a.mov("ecx", TURNS);
      a.label("again");
      a.out(0x80, "al");
      a.add("dword [rsi]", 0x01020304);
      a.mov("rax", "[rsi-3]");
      a.mov("[rsi+0x1000]", "rax");
      a.dec("ecx");
      a.jnz("again");
    });
    expect(isCompiled()).toBe(compileAfter === 1);
    expect(world.fault64).toBeUndefined();
    const sum = TURNS * 0x01020304;
    expect(machine.view.getUint16(PAGE + 0xffd, true) | (machine.u8(PAGE + 0xfff) << 16)).toBe(
      sum & 0xffffff,
    );
    expect(machine.u8(OTHER)).toBe(sum >>> 24);
    expect(machine.u8(PAGE + 0x1000)).toBe(0);
    const read = world.register(0);
    expect(read >> 24n).toBe(BigInt(sum));
    let written = 0n;
    for (let n = 0; n < 8; n++) {
      const at = n < 3 ? OTHER + 0xffd + n : PAGE + 0x2000 + n - 3;
      written |= BigInt(machine.u8(at)) << BigInt(8 * n);
    }
    expect(written).toBe(read);
  });
});
