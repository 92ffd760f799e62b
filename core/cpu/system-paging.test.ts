import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../assembler/assembler.ts";
import { CR4, EFLAGS } from "./layout.ts";
import {
  A,
  D,
  DIRECTORY,
  DIRECTORY_32,
  G,
  P,
  PAE,
  PAGE,
  PAGE_ENTRY,
  PagedWorld,
  PCIDE,
  PDPT,
  PGE,
  PML4,
  PS,
  PSE,
  SMAP,
  SMEP,
  TABLE,
  U,
  UMIP,
  W,
  XD,
} from "./testing/paged-world.ts";
import { CODE, DATA_RW, descriptor, FLAT, FREE, HANDLERS } from "./testing/protected-world.ts";

const world = new PagedWorld();
const { machine } = world;
const { cpu } = machine;

const PRESENT_ERROR = 1;
const WRITE_ERROR = 2;
const USER_ERROR = 4;
const RESERVED_ERROR = 8;
const FETCH_ERROR = 16;
const NX = 0x800;

/** Another page of memory, to tell a translation from the identity. */
const OTHER = 0x90000;

beforeEach(() => world.reset());

const pageFault = (error: number, address: number | bigint) => ({
  vector: 14,
  error,
  cr2: BigInt(address),
});

const clac = (a: Assembler): void => a.db(0x0f, 0x01, 0xca);
const stac = (a: Assembler): void => a.db(0x0f, 0x01, 0xcb);
/** INVPCID with the type in RAX and the descriptor at [RBX]. */
const invpcid = (a: Assembler): void => a.db(0x66, 0x0f, 0x38, 0x82, 0x03);

/** Loads EAX from the page, where `value` lies. */
function reads(value: number): (a: Assembler) => void {
  machine.view.setUint32(PAGE, value, true);
  return (a) => a.mov("eax", `[${PAGE}]`);
}

describe("4-level paging", () => {
  it("takes an address apart into four indexes and an offset", () => {
    world.setEntry(PML4 + 0x1ff * 8, BigInt(PDPT) | P | W);
    world.setEntry(PDPT + 0x1fe * 8, BigInt(DIRECTORY) | P | W);
    world.setEntry(DIRECTORY + 0x123 * 8, BigInt(TABLE) | P | W);
    world.setEntry(TABLE + 0x1ab * 8, BigInt(OTHER) | P | W);
    machine.view.setUint32(OTHER + 0x678, 0x12345678, true);
    const address = (0xffffn << 48n) | (0x1ffn << 39n) | (0x1fen << 30n) | (0x123n << 21n) | 0x1ab678n;
    world.run64((a) => {
      a.mov("rbx", address);
      a.mov("eax", "[rbx]");
    });
    expect(world.fault64).toBeUndefined();
    expect(world.register(0)).toBe(0x12345678n);
  });

  it.each([
    ["PML4E", PML4, 0x4000_0000_0000n],
    ["PDPTE", PDPT, 0x4000_0000n],
    ["PDE", DIRECTORY, 0x20_0000n],
    ["PTE", TABLE, 0n],
  ])("a %s that is not present is a fault, and CR2 tells the address", (_name, _place, address) => {
    world.setEntry(PAGE_ENTRY, 0n);
    world.run64((a) => {
      a.mov("rbx", address | BigInt(PAGE));
      a.mov("[rbx]", "eax");
    });
    expect(world.fault64).toEqual(pageFault(WRITE_ERROR, address | BigInt(PAGE)));
  });

  it("sets accessed bits in every entry on the way, the dirty bit by a store, and only in the last", () => {
    world.run64((a) => a.mov("eax", `[${PAGE}]`));
    expect(world.entry(PAGE_ENTRY) & (A | D)).toBe(A);
    for (const place of [PML4, PDPT, DIRECTORY]) expect(world.entry(place) & (A | D)).toBe(A);
    world.run64((a) => {
      a.mov("eax", `[${PAGE}]`);
      a.mov(`[${PAGE}]`, "eax");
    });
    expect(world.entry(PAGE_ENTRY) & (A | D)).toBe(A | D);
    for (const place of [PML4, PDPT, DIRECTORY]) expect(world.entry(place) & D).toBe(0n);
  });

  it("has pages of 2 MiB", () => {
    world.setEntry(DIRECTORY + 8, P | W | PS | (1n << 12n));
    machine.view.setUint32(PAGE + 4, 77, true);
    world.run64((a) => a.mov("eax", `[${0x200000 + PAGE + 4}]`));
    expect(world.register(0)).toBe(77n);
    expect(world.entry(DIRECTORY + 8) & A).toBe(A);
  });

  it("has pages of 1 GiB on a model with them; without, their bit is reserved", () => {
    const code = (a: Assembler) => a.mov("eax", `[${0x40000000 + PAGE + 4}]`);
    world.reset(["pdpe1gb"]);
    world.setEntry(PDPT + 8, P | W | PS);
    machine.view.setUint32(PAGE + 4, 78, true);
    world.run64(code);
    expect(world.register(0)).toBe(78n);
    world.reset();
    world.setEntry(PDPT + 8, P | W | PS);
    world.run64(code);
    expect(world.fault64).toEqual(pageFault(RESERVED_ERROR | PRESENT_ERROR, 0x40000000 + PAGE + 4));
  });

  it.each([
    ["bit 7 of a PML4E", PML4, PS],
    ["address bits from 40 on", PAGE_ENTRY, 1n << 40n],
    ["address bits up to 51", DIRECTORY, 1n << 51n],
    ["bits below the address of a page of 2 MiB", DIRECTORY, PS | (1n << 13n)],
  ])("%s must be 0", (_name, place, bits) => {
    // The code itself lies behind these entries: another PML4E, PDPTE and PDE map it twice.
    const high = 1n << 39n;
    world.setEntry(PML4 + 8, BigInt(0x106000) | P | W);
    world.setEntry(0x106000, BigInt(0x107000) | P | W);
    world.setEntry(0x107000, BigInt(0x108000) | P | W);
    world.setEntry(0x108000 + (PAGE >> 12) * 8, BigInt(PAGE) | P | W);
    const copy = new Map([
      [PML4, PML4 + 8],
      [PDPT, 0x106000],
      [DIRECTORY, 0x107000],
      [PAGE_ENTRY, 0x108000 + (PAGE >> 12) * 8],
    ]).get(place)!;
    world.setEntry(copy, world.entry(copy) | bits);
    world.run64((a) => {
      a.mov("rbx", high + BigInt(PAGE));
      a.mov("eax", "[rbx]");
    });
    expect(world.fault64).toEqual(pageFault(RESERVED_ERROR | PRESENT_ERROR, high + BigInt(PAGE)));
  });

  it("ignores bits 52 to 62 of an entry, and PAT", () => {
    world.setEntry(PAGE_ENTRY, BigInt(PAGE) | P | W | (0x7ffn << 52n) | 0x98n);
    world.run64(reads(5));
    expect(world.register(0)).toBe(5n);
  });

  it("what lies beyond 4 GiB reads as ones and takes no store", () => {
    world.setEntry(PAGE_ENTRY, (1n << 35n) | P | W);
    world.run64((a) => {
      a.mov(`[${PAGE}]`, "ebx");
      a.mov("eax", `[${PAGE}]`);
    });
    expect(world.register(0)).toBe(0xffffffffn);
  });

  it("NX forbids to execute, in whichever entry it is", () => {
    for (const place of [PAGE_ENTRY, DIRECTORY + 8]) {
      world.reset();
      world.setEntry(DIRECTORY + 8, BigInt(TABLE) | P | W | U);
      world.setEntry(place, world.entry(place) | XD);
      world.run64((a) => {
        a.mov("eax", 0x200000 + PAGE);
        a.mov("ebx", "[rax]");
        a.jmp("rax");
      });
      expect(world.fault64).toEqual(pageFault(FETCH_ERROR | PRESENT_ERROR, 0x200000 + PAGE));
    }
  });

  it("the user reaches what every entry gives to the user, and writes where every entry lets him", () => {
    world.setEntry(DIRECTORY + 8, BigInt(TABLE) | P | W);
    world.setEntry(DIRECTORY + 16, BigInt(TABLE) | P | U);
    world.run64((a) => a.mov("eax", `[${0x200000 + PAGE}]`), 3);
    expect(world.fault64).toEqual(pageFault(USER_ERROR | PRESENT_ERROR, 0x200000 + PAGE));
    world.run64((a) => {
      a.mov("eax", `[${0x400000 + PAGE}]`);
      a.mov(`[${0x400000 + PAGE}]`, "eax");
    }, 3);
    expect(world.fault64).toEqual(pageFault(USER_ERROR | WRITE_ERROR | PRESENT_ERROR, 0x400000 + PAGE));
  });
});

describe("an address that is not canonical", () => {
  const BAD = 0x8000_0000_0000n;
  const meets = (code: (a: Assembler) => void): [number, number | undefined] => {
    world.run64(code, 3);
    const { vector, error } = world.fault64!;
    return [vector, error];
  };

  it("is #GP(0) for data, and #SS(0) through RSP and RBP", () => {
    const load = (base: "rbx" | "rbp" | "rsp") => (a: Assembler) => {
      a.mov(base, BAD);
      a.mov("rax", `[${base}+16]`);
    };
    expect(meets(load("rbx"))).toEqual([13, 0]);
    expect(meets(load("rbp"))).toEqual([12, 0]);
    expect(meets(load("rsp"))).toEqual([12, 0]);
  });

  it("is #SS(0) for PUSH, POP and CALL", () => {
    for (const instruction of [
      (a: Assembler) => a.push("rax"),
      (a: Assembler) => a.pop("rax"),
      (a: Assembler) => a.call("rbx"),
    ]) {
      const code = (a: Assembler) => {
        a.mov("rbx", CODE);
        a.mov("rsp", BAD + 0x100n);
        instruction(a);
      };
      expect(meets(code)).toEqual([12, 0]);
    }
  });

  it("is #GP(0) for the operand of a PUSH", () => {
    expect(
      meets((a) => {
        a.mov("rbx", BAD);
        a.push("qword [rbx]");
      }),
    ).toEqual([13, 0]);
  });

  it("is #GP(0) for a string, and at the byte where it begins", () => {
    expect(
      meets((a) => {
        a.mov("rdi", BAD);
        a.mov("ecx", 16);
        a.rep();
        a.stosb();
      }),
    ).toEqual([13, 0]);
    world.setEntry(PML4 + 255 * 8, BigInt(PDPT) | P | W | U);
    world.setEntry(PDPT + 511 * 8, BigInt(DIRECTORY) | P | W | U);
    world.setEntry(DIRECTORY + 511 * 8, BigInt(TABLE) | P | W | U);
    expect(
      meets((a) => {
        a.mov("rbx", BAD - 4n);
        a.mov("eax", "[rbx]");
        a.mov("rax", "[rbx]");
      }),
    ).toEqual([13, 0]);
  });
});

describe("PAE and 32-bit paging", () => {
  it("PAE reserves bits 52 to 62, and NX without EFER.NXE", () => {
    for (const bit of [40n, 52n, 62n, 63n]) {
      world.reset();
      world.setEntry(PAGE_ENTRY, BigInt(PAGE) | P | W | (1n << bit));
      world.runPaged(reads(1), 0, PAE);
      expect([bit, world.frame.vector, world.frame.error]).toEqual([bit, 14, RESERVED_ERROR | PRESENT_ERROR]);
    }
    world.reset();
    world.setEntry(PAGE_ENTRY, BigInt(PAGE) | P | W | XD);
    world.runPaged(reads(3), 0, PAE, NX);
    expect(machine.get("eax")).toBe(3);
  });

  it("a fetch from a page with NX says so in the error code", () => {
    world.setEntry(PAGE_ENTRY, BigInt(PAGE) | P | W | XD);
    const code = (a: Assembler) => {
      a.mov("eax", PAGE);
      a.jmp("eax");
    };
    world.runPaged(code, 0, PAE, NX);
    expect([world.frame.vector, world.frame.error]).toEqual([14, FETCH_ERROR | PRESENT_ERROR]);
  });

  it("PSE gives pages of 4 MiB, whose bit 21 is reserved and whose bits 13 to 20 lead beyond 4 GiB", () => {
    const set = (value: number) => machine.view.setUint32(DIRECTORY_32 + 4, value, true);
    const code = (a: Assembler) => a.mov("eax", `[${0x400000 + PAGE}]`);
    machine.view.setUint32(PAGE, 9, true);
    set(0x83);
    world.runPaged(code, 0, PSE);
    expect(machine.get("eax")).toBe(9);
    set(0x200083);
    world.runPaged(code, 0, PSE);
    expect([world.frame.vector, world.frame.error]).toEqual([14, RESERVED_ERROR | PRESENT_ERROR]);
    set(0x2083);
    world.runPaged(code, 0, PSE);
    expect(machine.get("eax")).toBe(0xffffffff);
  });
});

describe("what is kept of a translation", () => {
  /** Maps the page elsewhere while it is known, then does something, and tells which page is seen. */
  const seenAfter = (act: (a: Assembler) => void, flags: bigint, cr4 = 0): bigint => {
    machine.view.setUint32(PAGE, 1, true);
    machine.view.setUint32(OTHER, 2, true);
    world.setEntry(PAGE_ENTRY, BigInt(PAGE) | P | W | flags);
    world.run64(
      (a) => {
        a.mov("eax", `[${PAGE}]`);
        a.mov(`dword [${PAGE_ENTRY}]`, OTHER | Number(P | W | flags));
        act(a);
        a.mov("eax", `[${PAGE}]`);
      },
      0,
      cr4,
    );
    expect(world.fault64).toBeUndefined();
    return world.register(0);
  };
  const reload = (a: Assembler): void => {
    a.mov("rax", "cr3");
    a.mov("cr3", "rax");
  };

  it("is all until something empties it", () => {
    expect(seenAfter(() => {}, 0n)).toBe(1n);
  });

  it("is what the page tables said when a page beside it was used, until something empties it", () => {
    // The directory leads to another table meanwhile, in which both pages are elsewhere.
    const other = 0x106000;
    const neighbour = PAGE + 0x1000;
    for (const [act, seen] of [
      [() => {}, [1n, 3n]],
      [reload, [2n, 4n]],
      [(a: Assembler) => a.invlpg("[0x1000]"), [1n, 4n]],
    ] as const) {
      world.reset();
      [PAGE, OTHER, neighbour, OTHER + 0x1000].forEach((place, n) => {
        machine.view.setUint32(place, n + 1, true);
      });
      for (let n = 0; n < 512; n++) world.setEntry(other + n * 8, world.entry(TABLE + n * 8));
      world.setEntry(other + (PAGE >> 12) * 8, BigInt(OTHER) | P | W);
      world.setEntry(other + (neighbour >> 12) * 8, BigInt(OTHER + 0x1000) | P | W);
      world.run64((a) => {
        a.mov("eax", `[${PAGE}]`);
        a.mov(`dword [${DIRECTORY}]`, other | Number(P | W | U));
        act(a);
        a.mov("ecx", `[${PAGE}]`);
        a.mov("edx", `[${neighbour}]`);
      });
      expect([world.register(1), world.register(2)]).toEqual(seen);
    }
  });

  it.each([
    ["its entry", PAGE_ENTRY, BigInt(PAGE), 0n],
    ["the directory", DIRECTORY + 8, 0x20_0000n + BigInt(PAGE), BigInt(TABLE)],
    ["the PDPT", PDPT + 8, 0x4000_0000n + BigInt(PAGE), BigInt(DIRECTORY)],
    ["the PML4", PML4 + 8, 0x80_0000_0000n + BigInt(PAGE), BigInt(PDPT)],
  ])("a page fault forgets it: a right given in %s holds at once", (_name, place, address, next) => {
    world.setEntry(place, (next || BigInt(PAGE)) | P);
    machine.assemble(HANDLERS + 14 * 16, 64, (a) => {
      a.or(`dword [${place}]`, Number(W));
      a.add("rsp", 8);
      a.iretq();
    });
    world.run64((a) => {
      a.mov("rbx", address);
      a.mov("eax", "[rbx]");
      a.mov("dword [rbx]", 5);
    });
    expect(world.fault64).toBeUndefined();
    expect(machine.u32(PAGE)).toBe(5);
  });

  it("MOV to CR3 empties it but for global pages", () => {
    expect(seenAfter(reload, 0n)).toBe(2n);
    expect(seenAfter(reload, G, PGE)).toBe(1n);
    expect(seenAfter(reload, G)).toBe(2n);
    expect(seenAfter(reload, 0n, PGE)).toBe(2n);
  });

  it("a change of CR4.PGE empties all of it", () => {
    const toggle = (a: Assembler): void => {
      a.mov("rax", "cr4");
      a.mov("rbx", "rax");
      a.xor("rbx", PGE);
      a.mov("cr4", "rbx");
      a.mov("cr4", "rax");
    };
    expect(seenAfter(toggle, G, PGE)).toBe(2n);
  });

  it("INVLPG forgets one page, a global one too", () => {
    expect(seenAfter((a) => a.invlpg(`[${PAGE}]`), G, PGE)).toBe(2n);
    expect(seenAfter((a) => a.invlpg(`[${PAGE + 0x1000}]`), 0n)).toBe(1n);
  });

  it("INVLPG of any address in a large page forgets all of it", () => {
    const address = 0x200000 + PAGE;
    machine.view.setUint32(PAGE, 1, true);
    world.setEntry(DIRECTORY + 8, P | W | PS);
    for (const [where, seen] of [
      [0x3ff000, 2n],
      [0x800000, 1n],
    ] as const) {
      world.setEntry(DIRECTORY + 8, P | W | PS);
      machine.view.setUint32(OTHER, 2, true);
      world.setEntry(PAGE_ENTRY, BigInt(OTHER) | P | W);
      world.run64((a) => {
        a.mov("eax", `[${address}]`);
        a.mov(`dword [${DIRECTORY + 8}]`, TABLE | Number(P | W));
        a.invlpg(`[${where}]`);
        a.mov("eax", `[${address}]`);
      });
      expect(world.register(0)).toBe(seen);
    }
  });

  it("a code segment of 32 bits sees its own page where 64-bit code has used one 4 GiB above", () => {
    // As a process that changes between the two does: nothing is emptied on the way.
    world.setEntry(PDPT + 4 * 8, BigInt(0x106000) | P | W | U);
    world.setEntry(0x106000, BigInt(0x107000) | P | W | U);
    world.setEntry(0x107000 + (PAGE >> 12) * 8, BigInt(OTHER) | P | W | U);
    machine.view.setUint32(PAGE, 1, true);
    machine.view.setUint32(OTHER, 2, true);
    machine.assemble(CODE + 0x1000, 32, (a) => {
      a.mov("ebx", `[${PAGE}]`);
      a.ud2();
    });
    world.setDescriptor(FREE + 24, descriptor(0, 0xfffff, 0xfb, FLAT));
    world.run64((a) => {
      a.mov("rbx", 0x1_0000_0000n + BigInt(PAGE));
      a.mov("eax", "[rbx]");
      a.push((FREE + 24) | 3);
      a.push(CODE + 0x1000);
      a.db(0x48);
      a.retf();
    }, 3);
    expect(world.fault64?.vector).toBe(6);
    expect([world.register(0), world.register(3)]).toEqual([2n, 1n]);
  });
});

describe("PCID", () => {
  const features = ["pcid", "invpcid"] as const;
  beforeEach(() => world.reset(features));

  const setCr4 = (a: Assembler, bits: number): void => {
    a.mov("rax", "cr4");
    a.or("rax", bits);
    a.mov("cr4", "rax");
  };

  it("CR4.PCIDE can be set in long mode only, while CR3 has PCID 0", () => {
    world.run64((a) => setCr4(a, PCIDE));
    expect(cpu.get32(CR4) & PCIDE).toBe(PCIDE);
    world.run64((a) => {
      a.mov("rax", PML4 | 5);
      a.mov("cr3", "rax");
      setCr4(a, PCIDE);
    });
    expect(world.fault64).toMatchObject({ vector: 13, error: 0 });
    world.reset(features);
    world.runPaged(
      (a) => {
        a.mov("eax", PAE | PCIDE);
        a.mov("cr4", "eax");
      },
      0,
      PAE,
    );
    expect(world.frame.vector).toBe(13);
  });

  it("bit 63 of CR3 is reserved without it, and not kept with it", () => {
    const code = (a: Assembler): void => {
      a.mov("rax", (1n << 63n) | BigInt(PML4 | 5));
      a.mov("cr3", "rax");
      a.mov("rbx", "cr3");
    };
    world.run64(code);
    expect(world.fault64).toMatchObject({ vector: 13, error: 0 });
    world.run64(code, 0, PCIDE);
    expect(world.register(3)).toBe(BigInt(PML4 | 5));
  });

  it("keeps paging on", () => {
    world.run64(
      (a) => {
        a.mov("rax", "cr0");
        a.btr("rax", 31);
        a.mov("cr0", "rax");
      },
      0,
      PCIDE,
    );
    expect(world.fault64).toMatchObject({ vector: 13, error: 0 });
  });

  /** What is seen of a page mapped elsewhere, after an INVPCID. */
  const seenAfter = (type: number, pcid: number, address: number | bigint, global: boolean): bigint => {
    const flags = P | W | (global ? G : 0n);
    machine.view.setUint32(PAGE, 1, true);
    machine.view.setUint32(OTHER, 2, true);
    machine.view.setBigUint64(0x70000, BigInt(pcid), true);
    machine.view.setBigUint64(0x70008, BigInt(address), true);
    world.setEntry(PAGE_ENTRY, BigInt(PAGE) | flags);
    world.run64(
      (a) => {
        a.mov("eax", PML4 | 5);
        a.mov("cr3", "rax");
        a.mov("eax", `[${PAGE}]`);
        a.mov(`dword [${PAGE_ENTRY}]`, OTHER | Number(flags));
        a.mov("eax", type);
        a.mov("ebx", 0x70000);
        invpcid(a);
        a.mov("eax", `[${PAGE}]`);
      },
      0,
      PCIDE | PGE,
    );
    return world.fault64 ? -BigInt(world.fault64.vector) : world.register(0);
  };

  it.each([
    ["0: one address of a PCID", 0, 5, PAGE, false, 2n],
    ["0: of another", 0, 6, PAGE, false, 1n],
    ["0: another address", 0, 5, PAGE + 0x5000, false, 1n],
    ["1: a PCID but for global pages", 1, 5, 0, false, 2n],
    ["1: a PCID but for global pages", 1, 5, 0, true, 1n],
    ["1: another PCID", 1, 6, 0, false, 1n],
    ["2: all", 2, 0, 0, true, 2n],
    ["3: all but global pages", 3, 0, 0, true, 1n],
    ["3: all but global pages", 3, 0, 0, false, 2n],
    ["there is no type 4", 4, 0, 0, false, -13n],
    ["a PCID has 12 bits", 1, 0x1000, 0, false, -13n],
    ["an address must be canonical", 0, 5, 1n << 47n, false, -13n],
  ])("INVPCID %s", (_name, type, pcid, address, global, seen) => {
    expect(seenAfter(type, pcid, address, global)).toBe(seen);
  });

  it("INVPCID of a PCID but 0 is #GP without CR4.PCIDE, and for the user always", () => {
    machine.view.setBigUint64(0x70000, 5n, true);
    const code = (a: Assembler): void => {
      a.mov("eax", 1);
      a.mov("ebx", 0x70000);
      invpcid(a);
    };
    world.run64(code);
    expect(world.fault64).toMatchObject({ vector: 13, error: 0 });
    world.run64(code, 3, PCIDE);
    expect(world.fault64).toMatchObject({ vector: 13, error: 0 });
  });
});

describe("SMEP, SMAP and UMIP", () => {
  beforeEach(() => world.reset(["smep", "smap", "umip"]));

  /** The supervisor's half: what the user may not reach. All pages are that but PAGE. */
  const giveOnlyOnePage = (): void => {
    for (let n = 0; n < 512; n++) {
      const place = TABLE + n * 8;
      if (place !== PAGE_ENTRY) world.setEntry(place, world.entry(place) & ~U);
    }
  };

  it("SMEP keeps the supervisor from executing the user's pages", () => {
    giveOnlyOnePage();
    machine.write(PAGE, Uint8Array.of(0xf4));
    const code = (a: Assembler): void => {
      a.mov("eax", PAGE);
      a.jmp("rax");
    };
    world.run64(code);
    expect(machine.ip).toBe(PAGE + 1);
    world.run64(code, 0, SMEP);
    expect(world.fault64).toEqual(pageFault(FETCH_ERROR | PRESENT_ERROR, PAGE));
  });

  it("SMAP keeps it from their data but between STAC and CLAC", () => {
    giveOnlyOnePage();
    world.run64(
      (a) => {
        stac(a);
        reads(6)(a);
        a.mov(`[${PAGE}]`, "eax");
        clac(a);
        a.mov("ebx", `[${PAGE}]`);
      },
      0,
      SMAP,
    );
    expect(world.fault64).toEqual(pageFault(PRESENT_ERROR, PAGE));
    expect(world.register(0)).toBe(6n);
  });

  it("AC set by POPF excuses it too, and is no right once IRET has taken it away", () => {
    giveOnlyOnePage();
    world.run64(
      (a) => {
        a.push(0x40002);
        a.popf();
        a.mov("eax", `[${PAGE}]`);
        a.push(2);
        a.popf();
        a.mov("eax", `[${PAGE}]`);
        a.label("end");
      },
      0,
      SMAP,
    );
    expect(world.fault64).toEqual(pageFault(PRESENT_ERROR, PAGE));
    expect(cpu.get32(EFLAGS) & 0x40000).toBe(0);
  });

  it("AC does not excuse a look into a descriptor table", () => {
    giveOnlyOnePage();
    world.run64(
      (a) => {
        stac(a);
        a.mov(`word [${PAGE + 0x100}]`, 0xff);
        a.mov(`dword [${PAGE + 0x102}]`, PAGE);
        a.mov(`dword [${PAGE + 0x106}]`, 0);
        a.lgdt(`[${PAGE + 0x100}]`);
        a.mov("eax", 8);
        a.mov("ds", "eax");
      },
      0,
      SMAP,
    );
    // The #PF is delivered through the same table, and so is the #DF.
    expect(cpu.halted).toBe(2);
  });

  it("SMAP is no concern of the user's", () => {
    giveOnlyOnePage();
    world.setEntry(TABLE + (CODE >> 12) * 8, world.entry(TABLE + (CODE >> 12) * 8) | U);
    world.run64(
      (a) => {
        reads(8)(a);
        a.ud2();
      },
      3,
      SMAP,
    );
    expect(world.fault64?.vector).toBe(6);
    expect(world.register(0)).toBe(8n);
  });

  it("STAC and CLAC are #UD for the user", () => {
    for (const instruction of [stac, clac]) {
      world.run64(instruction, 3);
      expect(world.fault64?.vector).toBe(6);
    }
  });

  it("UMIP keeps SGDT, SIDT, SLDT, SMSW and STR from the user", () => {
    for (const instruction of [
      (a: Assembler) => a.sgdt(`[${PAGE}]`),
      (a: Assembler) => a.sidt(`[${PAGE}]`),
      (a: Assembler) => a.sldt("eax"),
      (a: Assembler) => a.smsw("eax"),
      (a: Assembler) => a.str("eax"),
    ]) {
      const code = (a: Assembler): void => {
        instruction(a);
        a.ud2();
      };
      world.run64(code, 3, UMIP);
      expect(world.fault64).toMatchObject({ vector: 13, error: 0 });
      world.run64(code, 3);
      expect(world.fault64?.vector).toBe(6);
      world.run64(code, 0, UMIP);
      expect(world.fault64?.vector).toBe(6);
    }
  });
});

describe("alignment check", () => {
  const AM = 0x40000;
  const AC = 0x40000;

  /** Vector that code of a level meets with EFLAGS.AC and CR0.AM set. */
  const meets = (code: (a: Assembler) => void, level: 0 | 3, am = AM): number | undefined => {
    world.run64((a) => {
      if (level === 0 && am) {
        a.mov("rax", "cr0");
        a.or("rax", am);
        a.mov("cr0", "rax");
      }
      a.push(AC | 2);
      a.popf();
      a.mov("ebx", PAGE);
      code(a);
      a.ud2();
    }, level);
    return world.fault64?.vector;
  };
  const withAm = (code: (a: Assembler) => void): number | undefined => {
    world.alignmentMask = true;
    const vector = meets(code, 3);
    if (vector === 17) expect(world.fault64?.error).toBe(0);
    world.alignmentMask = false;
    return vector;
  };

  it.each([
    ["a word at an odd address", (a: Assembler) => a.mov("ax", "[rbx+1]"), 17],
    ["a double word at half of one", (a: Assembler) => a.mov("[rbx+2]", "eax"), 17],
    ["a quad word at a double word's", (a: Assembler) => a.add("[rbx+4]", "rax"), 17],
    ["a string", (a: Assembler) => [a.lea("rdi", "[rbx+1]"), a.mov("ecx", 8), a.rep(), a.stosd()], 17],
    ["a push", (a: Assembler) => [a.sub("rsp", 4), a.push("rax")], 17],
    ["a byte anywhere", (a: Assembler) => a.mov("al", "[rbx+1]"), 6],
    ["what is aligned", (a: Assembler) => [a.mov("eax", "[rbx+4]"), a.mov("[rbx+8]", "rax")], 6],
  ])("%s", (_name, code, vector) => {
    expect(withAm(code as (a: Assembler) => void)).toBe(vector);
  });

  it("is for level 3 alone, and with CR0.AM", () => {
    const code = (a: Assembler) => a.mov("eax", "[rbx+1]");
    expect(meets(code, 0)).toBe(6);
    expect(meets(code, 3)).toBe(6);
  });
});

describe("32-bit data segments under paging", () => {
  it("wrap around at 4 GiB within an access", () => {
    world.setEntry(PDPT + 3 * 8, BigInt(0x106000) | P);
    world.setDescriptor(FREE + 24, descriptor(0xfffffffe, 0xfffff, DATA_RW, FLAT));
    machine.view.setUint32(DIRECTORY_32 + 0x3ff * 4, 0x107007, true);
    machine.view.setUint32(0x107000 + 0x3ff * 4, PAGE | 7, true);
    machine.view.setUint16(PAGE + 0xffe, 0x1122, true);
    machine.view.setUint16(0, 0x3344, true);
    world.runPaged((a) => {
      a.mov("eax", FREE + 24);
      a.mov("ds", "eax");
      a.mov("ebx", "[0]");
    });
    expect(machine.get("ebx")).toBe(0x33441122);
  });
});
