/**
 * Measures the interpreter alone on loops of 32-bit code: nanoseconds of user time an instruction, the least of some
 * rounds. `loops.ts [FOLDER]`: of the processor in another checkout, whose runtime is built, to compare two in turns.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Assembler } from "../../core/assembler/assembler.ts";

const CODE = 0x10000;
const DATA = 0x20000;
const STACK = 0x1f000;
const WARM_UP = 5e6;
const INSTRUCTIONS = 1e7;
const ROUNDS = 5;
const REP = 0xf3;
const REPNE = 0xf2;
/** Attributes of flat 32-bit code and data; PTE of 4 MiB from 0; CR4.PSE; CR0.PG, ET and PE. */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;
const PAGE_TABLE = 0x100000;
const LARGE_PAGE = 0x83;
const CR4_PSE = 0x10n;
const CR0_PAGED = 0x80000011n;

const LOOPS: Readonly<Record<string, (a: Assembler) => void>> = {
  alu: (a) => {
    a.mov("ecx", 0x7fffffff);
    a.label("again");
    a.add("eax", "ecx");
    a.xor("ebx", "eax");
    a.mov("edx", "ebx");
    a.shl("edx", 3);
    a.sub("esi", "edx");
    a.lea("edi", "[esi+edx*2+4]");
    a.and("edi", 0xffff);
    a.dec("ecx");
    a.jnz("again");
  },
  memory: (a) => {
    a.label("outer");
    a.mov("ecx", 0x400);
    a.mov("esi", DATA);
    a.label("again");
    a.mov("eax", "[esi]");
    a.add("eax", "[esi+4]");
    a.mov("[esi+0x4000]", "eax");
    a.movzx("edx", "byte [esi+3]");
    a.add("[esi+0x8000]", "edx");
    a.mov("[esi+0x6000]", "dl");
    a.add("esi", 4);
    a.dec("ecx");
    a.jnz("again");
    a.jmp("outer");
  },
  calls: (a) => {
    a.mov("esp", STACK);
    a.label("again");
    a.push("eax");
    a.push("ecx");
    a.call("routine");
    a.pop("ecx");
    a.pop("eax");
    a.inc("ecx");
    a.jmp("again");
    a.label("routine");
    a.push("ebp");
    a.mov("ebp", "esp");
    a.sub("esp", 16);
    a.mov("eax", "[ebp+8]");
    a.add("eax", "[ebp+12]");
    a.mov("[ebp-4]", "eax");
    a.leave();
    a.ret();
  },
  flags: (a) => {
    a.xor("ecx", "ecx");
    a.label("again");
    a.inc("ecx");
    a.cmp("ecx", 1000);
    a.jb("small");
    a.xor("ecx", "ecx");
    a.label("small");
    a.test("ecx", 7);
    a.jz("eighth");
    a.add("eax", 0x7fff1234);
    a.adc("edx", 0);
    a.label("eighth");
    a.cmp("edx", "eax");
    a.setg("bl");
    a.sbb("esi", "esi");
    a.jo("overflow");
    a.imul("edi", "ecx");
    a.label("overflow");
    a.jmp("again");
  },
  strings: (a) => {
    a.cld();
    a.label("again");
    a.mov("esi", DATA);
    a.mov("edi", DATA + 0x4000);
    a.mov("ecx", 64);
    a.db(REP);
    a.movsd();
    a.mov("edi", DATA + 0x4000);
    a.mov("ecx", 100);
    a.mov("al", 0xff);
    a.db(REPNE);
    a.scasb();
    a.mov("esi", DATA);
    a.mov("ecx", 32);
    a.label("bytes");
    a.lodsb();
    a.stosb();
    a.loop("bytes");
    a.jmp("again");
  },
};

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, "../.."));
if (!existsSync(join(folder, "core/generated/runtime-wasm.ts"))) {
  process.stderr.write(
    `loops.ts [FOLDER]: ${folder} has no runtime that was built (npm run build:runtime).\n`,
  );
  process.exit(1);
}
const { Machine } = (await import(
  join(folder, "core/cpu/testing/machine.ts")
)) as typeof import("../../core/cpu/testing/machine.ts");
const { CR0, CR3, CR4, SEGMENT_ATTRIBUTES, SEGMENT_BASE, SEGMENT_LIMIT, SEGMENT_SIZE, SEGMENTS } =
  (await import(join(folder, "core/cpu/layout.ts"))) as typeof import("../../core/cpu/layout.ts");

function nanoseconds(code: (a: Assembler) => void): number {
  const machine = new Machine(0x200000, Number.POSITIVE_INFINITY);
  const { cpu } = machine;
  const a = new Assembler({ bits: 32, origin: CODE });
  code(a);
  machine.write(CODE, a.assemble());
  for (let number = 0; number < 6; number++) {
    const place = SEGMENTS + number * SEGMENT_SIZE;
    cpu.set64(place + SEGMENT_BASE, 0n);
    cpu.set32(place + SEGMENT_LIMIT, -1);
    cpu.set32(place + SEGMENT_ATTRIBUTES, number === 1 ? FLAT_CODE : FLAT_DATA);
  }
  machine.view.setUint32(PAGE_TABLE, LARGE_PAGE, true);
  cpu.set64(CR3, BigInt(PAGE_TABLE));
  cpu.set64(CR4, CR4_PSE);
  cpu.set64(CR0, CR0_PAGED);
  machine.ip = CODE;
  cpu.runtime.updateMode();
  cpu.runtime.flushTlb();
  machine.run(WARM_UP);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage().user;
    machine.run(INSTRUCTIONS);
    return ((process.cpuUsage().user - before) * 1000) / INSTRUCTIONS;
  });
  return Math.min(...rounds);
}

for (const [name, code] of Object.entries(LOOPS))
  console.log(`${name.padEnd(8)} ${nanoseconds(code).toFixed(2)}`);
