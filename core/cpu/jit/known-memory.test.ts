// What compiled code knows of memory must be what is there, whatever else is stored, and wherever that may be.

import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../../assembler/assembler.ts";
import { PAGE_READ, PHYSICAL_MAP, RAM } from "../layout.ts";
import { userMachine } from "../testing/differential.ts";
import { DIRECTORY, enterPaged, entryAt, mapPages, runToHalt, TABLE } from "../testing/paged-loops.ts";

const CODE = 0x20000;
const STACK = 0x30000;
/** A page of memory, one that is the same memory, one that cannot be written, and a device's. */
const PLAIN = 0x80000;
const TWIN = 0x81000;
const ROM_PAGE = 0x82000;
const DEVICE = 0x83000;
/** Where RAM ends, beyond which the device is. */
const END_OF_RAM = 0x200000;
const IN_ROM = 0x12345678;
const ANSWER = 0x5a5a5a5a;
const ROUNDS = 60;

const machine = userMachine(32, 1);
const { cpu, view } = machine;
const map = new Uint32Array(view.buffer, PHYSICAL_MAP, END_OF_RAM >> 12);

/** Runs rounds in which code sets EAX, and gives the sum of these. ESI is `at`, EDI 64 less, EBP 0, and ECX counts down. */
function sumOf(code: (a: Assembler) => void, at = PLAIN): number {
  machine.set("ebx", 0);
  machine.set("edx", 0);
  machine.set("esi", at);
  machine.set("edi", at - 64);
  machine.set("ebp", 0);
  machine.set("esp", STACK);
  const halted = runToHalt(machine, CODE, (a) => {
    a.mov("ecx", ROUNDS);
    a.label("again");
    code(a);
    a.add("ebx", "eax");
    a.dec("ecx");
    a.jnz("again");
    a.hlt();
  });
  expect(halted).toBe(true);
  expect(cpu.compiler.regionsCompiled).toBeGreaterThan(0);
  return machine.get("ebx") >>> 0;
}

const times = (value: number): number => (value * ROUNDS) >>> 0;
const COUNTED = (ROUNDS * (ROUNDS + 1)) / 2;

beforeEach(() => {
  mapPages(machine, DIRECTORY, TABLE, [
    [TWIN, PLAIN],
    [DEVICE, END_OF_RAM],
  ]);
  for (let at = 0; at < 0x1000; at += 4) view.setUint32(PLAIN + at, 0, true);
  map[ROM_PAGE >> 12] = (RAM + ROM_PAGE) | PAGE_READ;
  view.setUint32(ROM_PAGE, IN_ROM, true);
  enterPaged(machine, DIRECTORY);
  machine.accesses.length = 0;
  machine.answers.set(END_OF_RAM, ANSWER);
  machine.onDevice = undefined;
});

describe("what was stored is loaded", () => {
  it("where nothing else was stored", () => {
    const sum = sumOf((a) => {
      a.mov("[esi]", "ecx");
      a.mov("dword [esi+4]", 5);
      a.mov("eax", "[esi]");
      a.add("eax", "[esi+4]");
    });
    expect(sum).toBe(COUNTED + times(5));
  });

  it("unless it was stored to by another register", () => {
    const sum = sumOf((a) => {
      a.mov("[esi]", "ecx");
      a.mov("dword [edi+64]", 7);
      a.mov("eax", "[esi]");
    });
    expect(sum).toBe(times(7));
  });

  it("unless it was stored to by an index", () => {
    const sum = sumOf((a) => {
      a.mov("[esi]", "ecx");
      a.mov("dword [edi+ebp*4+64]", 7);
      a.mov("eax", "[esi]");
    });
    expect(sum).toBe(times(7));
  });

  it.each([1, 3])("with byte %i changed", (at) => {
    const sum = sumOf((a) => {
      a.mov("dword [esi]", 0);
      a.mov(`byte [esi+${at}]`, 1);
      a.mov("eax", "[esi]");
    });
    expect(sum).toBe(times(2 ** (8 * at)));
  });

  it.each([-3, 3])("with what was stored %i bytes on", (distance) => {
    const sum = sumOf((a) => {
      a.mov("dword [esi+8]", 0);
      a.mov(`dword [esi+${8 + distance}]`, 0x01000001);
      a.mov("eax", "[esi+8]");
    });
    expect(sum).toBe(times(distance < 0 ? 1 : 0x01000000));
  });

  it("unless the same memory was stored to by another page", () => {
    const sum = sumOf((a) => {
      a.mov("[esi]", "ecx");
      a.mov(`dword [esi+${TWIN - PLAIN}]`, 7);
      a.mov("eax", "[esi]");
    });
    expect(sum).toBe(times(7));
  });

  it("by as many bits as are loaded", () => {
    const sum = sumOf((a) => {
      a.mov("eax", 0x01020304);
      a.mov("dword [esi]", 0);
      a.mov("[esi]", "al");
      a.movzx("edx", "byte [esi]");
      a.mov("[esi]", "ax");
      a.movzx("eax", "word [esi]");
      a.add("eax", "edx");
      a.add("eax", "[esi]");
      a.add("byte [esi]", 0xff);
      a.movzx("edx", "byte [esi]");
      a.add("eax", "edx");
    });
    expect(sum).toBe(times(0x304 + 4 + 0x304 + 3));
  });

  it("as one of 64 bits where it was stored as two of 32", () => {
    const sum = sumOf((a) => {
      a.mov("dword [esi]", 1);
      a.mov("dword [esi+4]", 2);
      // MOVQ XMM0, [ESI] and MOVQ [ESI + 8], XMM0.
      a.db(0xf3, 0x0f, 0x7e, 0x06);
      a.db(0x66, 0x0f, 0xd6, 0x46, 0x08);
      a.mov("eax", "[esi+12]");
      a.add("eax", "[esi+8]");
    });
    expect(sum).toBe(times(3));
  });

  it("changed by instructions that load, compute and store", () => {
    const sum = sumOf((a) => {
      a.mov("dword [esi]", 10);
      a.add("dword [esi]", 5);
      a.mov("edx", 3);
      a.xchg("[esi]", "edx");
      a.sub("[esi]", "edx");
      a.neg("dword [esi]");
      a.mov("eax", "[esi]");
    });
    expect(sum).toBe(times(12));
  });

  it("on the way that was taken", () => {
    const sum = sumOf((a) => {
      a.mov("dword [esi]", 1);
      a.test("ecx", 1);
      a.jz("even");
      a.mov("dword [esi]", 2);
      a.label("even");
      a.mov("eax", "[esi]");
    });
    expect(sum).toBe((ROUNDS / 2) * 3);
  });

  it("behind where two ways meet", () => {
    const sum = sumOf((a) => {
      a.mov("[esi]", "ecx");
      a.test("ecx", 1);
      a.jz("even");
      a.mov("eax", "[esi+4]");
      a.label("even");
      a.lea("eax", "[ebp+edx*2+77]");
      a.xor("edx", "eax");
      a.imul("edx", "eax");
      a.mov("eax", "[esi]");
    });
    expect(sum).toBe(COUNTED);
  });

  it("in each round of a loop", () => {
    const sum = sumOf((a) => {
      a.mov("dword [esi]", 1);
      a.mov("edx", 4);
      a.label("inner");
      a.mov("eax", "[esi]");
      a.add("eax", "eax");
      a.mov("[esi]", "eax");
      a.dec("edx");
      a.jnz("inner");
    });
    expect(sum).toBe(times(16));
  });

  it("unless the runtime stores there", () => {
    const sum = sumOf((a) => {
      a.push("ecx");
      a.push("edi");
      a.mov("[esi]", "ecx");
      a.mov("eax", 7);
      a.mov("ecx", 20);
      a.cld();
      a.rep();
      a.stosd();
      a.mov("eax", "[esi]");
      a.pop("edi");
      a.pop("ecx");
    });
    expect(sum).toBe(times(7));
  });

  it("as an address, which is that of the register that it was stored from", () => {
    const sum = sumOf((a) => {
      a.mov("[esi]", "esi");
      a.mov("edx", "[esi]");
      a.mov("[edx+8]", "ecx");
      a.mov("dword [esi+8]", 3);
      a.mov("eax", "[edx+8]");
    });
    expect(sum).toBe(times(3));
  });
});

describe("a device's register", () => {
  it("is read though it was written", () => {
    const sum = sumOf((a) => {
      a.mov("[esi]", "ecx");
      a.mov("eax", "[esi]");
    }, DEVICE);
    expect(sum).toBe(times(ANSWER));
    expect(machine.accesses.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 2 * ROUNDS }, (_, n) => (n % 2 ? "read" : "write")),
    );
  });

  it("is read as often as it is loaded", () => {
    sumOf((a) => {
      a.mov("eax", "[esi]");
      a.mov("edx", "[esi]");
    }, DEVICE);
    expect(machine.accesses).toHaveLength(2 * ROUNDS);
  });

  it("is modified as often as it is stored to", () => {
    sumOf((a) => {
      a.or("dword [esi]", 1);
      a.or("dword [esi]", 1);
    }, DEVICE);
    expect(machine.accesses).toHaveLength(4 * ROUNDS);
  });

  it.each(["loaded", "stored to", "stored to from the same register"])(
    "may change what is known of memory when it is %s",
    (how) => {
      machine.onDevice = () => view.setUint32(PLAIN, 9, true);
      const sum = sumOf((a) => {
        a.mov("edi", DEVICE);
        a.mov("[esi]", "ecx");
        if (how === "loaded") a.mov("edx", "[edi]");
        else if (how === "stored to") a.mov("[edi]", "ecx");
        else a.mov(`[esi+${DEVICE - PLAIN + 8}]`, "ecx");
        a.add("edx", "[esi+4]");
        a.mov("eax", "[esi]");
      });
      expect(sum).toBe(times(9));
    },
  );
});

it("memory that cannot be written has what it had", () => {
  const sum = sumOf((a) => {
    a.mov("[esi]", "ecx");
    a.mov("eax", "[esi]");
  }, ROM_PAGE);
  expect(sum).toBe(times(IN_ROM));
});

describe("a function returns", () => {
  /** Rounds that call a function, which returns to where EAX is made 1, or to the instruction after that. */
  const sumOfCalls = (body: (a: Assembler) => void): number => {
    return sumOf((a) => {
      a.mov("eax", 0);
      a.mov("edi", STACK - 4);
      a.call("function");
      a.inc("eax");
      a.jmp("over");
      a.label("function");
      body(a);
      a.label("over");
    });
  };

  it("to where it was called from", () => {
    expect(sumOfCalls((a) => a.ret())).toBe(times(1));
  });

  it("to where it was called from, by each of two calls", () => {
    const sum = sumOf((a) => {
      a.mov("eax", 0);
      a.call("function");
      a.inc("eax");
      a.call("function");
      a.add("eax", "eax");
      a.jmp("over");
      a.label("function");
      a.add("eax", 4);
      a.ret();
      a.label("over");
    });
    expect(sum).toBe(times(18));
  });

  it.each(["by the stack pointer", "by another register", "by what it pushes"])(
    "to where it was told to %s",
    (how) => {
      const sum = sumOfCalls((a) => {
        if (how === "by the stack pointer") a.inc("dword [esp]");
        else if (how === "by another register") a.inc("dword [edi]");
        else {
          a.pop("edx");
          a.inc("edx");
          a.push("edx");
        }
        a.ret();
      });
      expect(sum).toBe(0);
    },
  );
});

describe("a page of code is where it is mapped", () => {
  const FUNCTION = 0x90000;
  const OTHER = 0x91000;
  const entry = entryAt(TABLE, FUNCTION);

  /** Rounds that call a function in another page, which gives 1, and again after `change`, which maps it to one that gives 100 and back. */
  const sumOfRemapped = (change: (a: Assembler) => void): number => {
    for (const [page, value] of [
      [FUNCTION, 1],
      [OTHER, 100],
    ] as const) {
      machine.assemble(page, 32, (a) => {
        a.mov("eax", value);
        a.ret();
      });
    }
    return sumOf((a) => {
      a.equ("function", FUNCTION);
      a.call("function");
      a.mov("ebp", "eax");
      change(a);
      a.call("function");
      a.add("eax", "ebp");
    });
  };

  it("after a call of what has mapped it elsewhere", () => {
    const sum = sumOfRemapped((a) => {
      a.call("remap");
      a.jmp("on");
      // What calls something does not become part of what calls it.
      a.label("remap");
      a.xor(`dword [${entry}]`, FUNCTION ^ OTHER);
      a.invlpg(`[${FUNCTION}]`);
      a.call("nothing");
      a.label("nothing");
      a.ret();
      a.label("on");
    });
    expect(sum).toBe(times(101));
  });

  it("after the runtime has mapped it elsewhere", () => {
    machine.onOut = () => {
      view.setUint32(entry, view.getUint32(entry, true) ^ FUNCTION ^ OTHER, true);
      cpu.runtime.flushTlb();
    };
    const sum = sumOfRemapped((a) => a.out("dx", "al"));
    machine.onOut = undefined;
    expect(sum).toBe(times(101));
  });
});
