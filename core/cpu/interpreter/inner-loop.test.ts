// Where the inner loop goes by what the record of a branch, a return or a block's end remembers of the last time.

import { beforeEach, describe, expect, it } from "vitest";
import type { Assembler } from "../../assembler/assembler.ts";
import { CR2, MODE, REC_NEXT, REC_NEXT_PLACE, RECORD_SIZE, RECORDS, RECORDS_AGE } from "../layout.ts";
import { userMachine } from "../testing/differential.ts";
import type { Machine } from "../testing/machine.ts";
import {
  DIRECTORY,
  enterPaged,
  mapPages,
  OTHER_DIRECTORY,
  OTHER_TABLE,
  runToHalt,
  TABLE,
} from "../testing/paged-loops.ts";

const CODE = 0x20000;
const STACK = 0x30000;
const FUNCTION = 0x80000;
const OTHER_FUNCTION = 0x90000;
const ROUNDS = 60;
/** INC EBX · RET, and INC ESI · RET. */
const COUNTS_EBX = Uint8Array.of(0x43, 0xc3);
const COUNTS_ESI = Uint8Array.of(0x46, 0xc3);
const INC_ESI = 0x46;
/** Records that these programs have at most. */
const MOST_RECORDS = 100;

let machine: Machine;
/** All of the memory that the processor's state and its records lie in. */
let memory: DataView;

/** What the functions have counted. */
const counts = (): number[] => [machine.get("ebx"), machine.get("esi")];

/** Runs a program with the functions at `first` and `second`. */
function run(program: (a: Assembler) => void): void {
  machine.set("ecx", ROUNDS);
  const halted = runToHalt(machine, CODE, (a) => {
    a.equ("first", FUNCTION);
    a.equ("second", OTHER_FUNCTION);
    program(a);
  });
  expect(halted).toBe(true);
}

/** Address of a record that remembers to have led to a page. */
function rememberingPage(page: number): number | undefined {
  const place = page | machine.cpu.get32(MODE);
  for (let n = 0; n < MOST_RECORDS; n++) {
    const at = RECORDS + n * RECORD_SIZE;
    if (memory.getUint32(at + REC_NEXT_PLACE, true) === place) return at;
  }
  return undefined;
}

beforeEach(() => {
  // Nothing is compiled but the loop itself.
  machine = userMachine(32, 1_000_000, undefined, undefined, 1);
  memory = new DataView(machine.view.buffer);
  mapPages(machine, DIRECTORY, TABLE, []);
  mapPages(machine, OTHER_DIRECTORY, OTHER_TABLE, [[FUNCTION, OTHER_FUNCTION]]);
  enterPaged(machine, DIRECTORY);
  machine.write(FUNCTION, COUNTS_EBX);
  machine.write(OTHER_FUNCTION, COUNTS_ESI);
  for (const register of ["ebx", "esi"] as const) machine.set(register, 0);
  machine.set("esp", STACK);
  // The loop is there from the second time on.
  for (let n = 0; n < 2; n++) run((a) => a.hlt());
});

describe("a branch that remembers where it led", () => {
  it("leads to what has been written there since", () => {
    run((a) => {
      a.label("again");
      a.call("first");
      a.cmp("ecx", ROUNDS / 2);
      a.jnz("unchanged");
      a.mov(`byte [${FUNCTION}]`, INC_ESI);
      a.label("unchanged");
      a.dec("ecx");
      a.jnz("again");
      a.hlt();
    });
    expect(counts()).toEqual([ROUNDS / 2 + 1, ROUNDS / 2 - 1]);
  });

  it("leads to the page that is mapped there now", () => {
    run((a) => {
      a.label("again");
      for (const directory of [DIRECTORY, OTHER_DIRECTORY]) {
        a.mov("eax", directory);
        a.mov("cr3", "eax");
        a.call("call");
      }
      a.dec("ecx");
      a.jnz("again");
      a.hlt();
      // The same branch in both address spaces.
      a.label("call");
      a.call("first");
      a.ret();
    });
    expect(counts()).toEqual([ROUNDS, ROUNDS]);
  });

  it("does so while records are where they were", () => {
    run((a) => {
      a.label("again");
      a.call("first");
      a.call("second");
      a.dec("ecx");
      a.jnz("again");
      a.hlt();
    });
    const runAgain = (): void => {
      machine.set("ecx", ROUNDS);
      machine.ip = CODE;
      machine.cpu.unhalt();
      while (!machine.cpu.halted) machine.run(50);
    };
    expect(counts()).toEqual([ROUNDS, ROUNDS]);
    const call = rememberingPage(FUNCTION)!;
    memory.setUint32(
      call + REC_NEXT,
      memory.getUint32(rememberingPage(OTHER_FUNCTION)! + REC_NEXT, true),
      true,
    );
    runAgain();
    expect(counts()).toEqual([ROUNDS, 3 * ROUNDS]);
    // Others may be where they were.
    memory.setUint32(RECORDS_AGE, memory.getUint32(RECORDS_AGE, true) + 1, true);
    runAgain();
    expect(counts()).toEqual([2 * ROUNDS, 4 * ROUNDS]);
  });
});

it("a return leads to each of those that have called", () => {
  run((a) => {
    a.label("again");
    a.call("first");
    a.inc("esi");
    a.call("first");
    a.call("first");
    a.dec("ecx");
    a.jnz("again");
    a.hlt();
  });
  expect(counts()).toEqual([3 * ROUNDS, ROUNDS]);
});

describe("two instructions that are run as one", () => {
  /** MOV ECX, EAX as it comes behind another MOV. */
  const MOV_ECX_EAX = [0x89, 0xc1];

  it("are two where the first writes over the second", () => {
    run((a) => {
      a.mov("ebx", "next");
      // INC ESI · NOP · HLT, and one more.
      a.mov("eax", 0xf4f49046);
      a.mov("[ebx]", "eax");
      a.label("next");
      a.db(...MOV_ECX_EAX);
      a.hlt();
      a.hlt();
    });
    expect(machine.get("esi")).toBe(1);
    expect(machine.get("ecx")).toBe(ROUNDS);
  });

  it("are two where the second meets an exception", () => {
    machine.set("esi", 0);
    machine.view.setUint32(TABLE + 4 * (OTHER_FUNCTION >> 12), 0, true);
    machine.cpu.runtime.flushTlb();
    machine.assemble(CODE, 32, (a) => {
      a.mov("ebx", `dword [${FUNCTION}]`);
      a.mov("eax", FUNCTION);
      a.mov("edx", OTHER_FUNCTION);
      a.label("pair");
      a.mov("ecx", "[eax]");
      a.mov("esi", "[edx]");
    });
    machine.ip = CODE;
    machine.cpu.unhalt();
    // There is no descriptor of a handler: it shuts down.
    machine.run(50);
    expect(machine.cpu.halted).not.toBe(0);
    expect(machine.cpu.get64(CR2)).toBe(BigInt(OTHER_FUNCTION));
    expect(machine.get("ecx")).toBe(machine.get("ebx"));
    expect(machine.get("esi")).toBe(0);
  });
});
