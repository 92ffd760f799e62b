/**
 * The instruction forms, as the manual's pages of each instruction list them [SDM] vol. 2: operands, colon,
 * opcode bytes, where the ModRM byte comes, flags. The first form that fits is taken.
 *
 * Operands: `r8 rm8` a byte; `rv rmv` 16, 32 or 64 bits; `r16 rm16 r32 rm32 r64 rm64` just that; `rm16s` memory must
 * say its size; `m` memory of any size; `moffs8 moffsv` an address alone; `imm8 imm16` as they are, `imm8s`
 * extended with its sign, `immz` 16 or 32 bits, `immv` up to 64 bits; `rel8 relz` a branch; `ptr` and `mfar` far
 * pointers; `sreg creg dreg`; `av` the accumulator; other names are registers, `1` the number.
 *
 * Flags: `/r` or `/digit` in the ModRM byte; `B8+r` the register in the opcode; `o16 o32 o64` a fixed operand
 * size; `d64` 64 bits by default in 64-bit code; `no64`, `only64`.
 */
type Forms = readonly string[];

const alu = (n: number): Forms => {
  const op = (offset: number) => (n * 8 + offset).toString(16).padStart(2, "0");
  return [
    `al,imm8: ${op(4)}`,
    `rm8,imm8: 80 /${n}`,
    `rmv,imm8s: 83 /${n}`,
    `av,immz: ${op(5)}`,
    `rmv,immz: 81 /${n}`,
    `rm8,r8: ${op(0)} /r`,
    `rmv,rv: ${op(1)} /r`,
    `r8,rm8: ${op(2)} /r`,
    `rv,rmv: ${op(3)} /r`,
  ];
};

const shift = (n: number): Forms => [
  `rm8,1: d0 /${n}`,
  `rmv,1: d1 /${n}`,
  `rm8,cl: d2 /${n}`,
  `rmv,cl: d3 /${n}`,
  `rm8,imm8: c0 /${n}`,
  `rmv,imm8: c1 /${n}`,
];

const bitTest = (n: number): Forms => [
  `rmv,rv: 0f ${(0x83 + n * 8).toString(16)} /r`,
  `rmv,imm8: 0f ba /${n}`,
];

const group3 = (n: number): Forms => [`rm8: f6 /${n}`, `rmv: f7 /${n}`];

/** A string instruction's four sizes: `movsb`, `movsw`, `movsd`, `movsq`. */
const strings = <N extends string>(name: N, op: number, quad = true) =>
  ({
    [`${name}b`]: [`: ${op.toString(16)}`],
    [`${name}w`]: [`: ${(op + 1).toString(16)} o16`],
    [`${name}d`]: [`: ${(op + 1).toString(16)} o32`],
    [`${name}q`]: quad ? [`: ${(op + 1).toString(16)} o64`] : [],
  }) as unknown as Record<`${N}${"b" | "w" | "d" | "q"}`, Forms>;

const conditions = {
  o: 0,
  no: 1,
  b: 2,
  c: 2,
  nae: 2,
  ae: 3,
  nb: 3,
  nc: 3,
  e: 4,
  z: 4,
  ne: 5,
  nz: 5,
  be: 6,
  na: 6,
  a: 7,
  nbe: 7,
  s: 8,
  ns: 9,
  p: 10,
  pe: 10,
  np: 11,
  po: 11,
  l: 12,
  nge: 12,
  ge: 13,
  nl: 13,
  le: 14,
  ng: 14,
  g: 15,
  nle: 15,
} as const;
type Condition = keyof typeof conditions;

function conditional<P extends string>(
  prefix: P,
  forms: (code: string) => Forms,
): Record<`${P}${Condition}`, Forms> {
  return Object.fromEntries(
    Object.entries(conditions).map(([name, code]) => [`${prefix}${name}`, forms(code.toString(16))]),
  ) as Record<`${P}${Condition}`, Forms>;
}

const loadFar = (opcode: string): Forms => [`rv,m: ${opcode} /r`];

export const instructions = {
  // Data transfer
  mov: [
    "al,moffs8: a0",
    "av,moffsv: a1",
    "moffs8,al: a2",
    "moffsv,av: a3",
    "rm8,r8: 88 /r",
    "rmv,rv: 89 /r",
    "r8,rm8: 8a /r",
    "rv,rmv: 8b /r",
    "rv,sreg: 8c /r",
    "m,sreg: 8c /r",
    "sreg,rm16: 8e /r",
    "sreg,r32: 8e /r",
    "r8,imm8: b0+r",
    "r64,imm32s: c7 /0 o64",
    "rv,immv: b8+r",
    "rm8,imm8: c6 /0",
    "rmv,immz: c7 /0",
    "creg,r32: 0f 22 /r no64",
    "r32,creg: 0f 20 /r no64",
    "creg,r64: 0f 22 /r d64",
    "r64,creg: 0f 20 /r d64",
    "dreg,r32: 0f 23 /r no64",
    "r32,dreg: 0f 21 /r no64",
    "dreg,r64: 0f 23 /r d64",
    "r64,dreg: 0f 21 /r d64",
  ],
  xchg: ["rv,av: 90+r", "av,rv: 90+r", "rm8,r8: 86 /r", "rmv,rv: 87 /r", "r8,rm8: 86 /r", "rv,rmv: 87 /r"],
  movzx: ["rv,rm8: 0f b6 /r", "rv,rm16s: 0f b7 /r"],
  movsx: ["rv,rm8: 0f be /r", "rv,rm16s: 0f bf /r"],
  movsxd: ["rv,rm32: 63 /r only64"],
  lea: ["rv,m: 8d /r"],
  lds: loadFar("c5"),
  les: loadFar("c4"),
  lss: loadFar("0f b2"),
  lfs: loadFar("0f b4"),
  lgs: loadFar("0f b5"),
  xlatb: [": d7"],
  bswap: ["rv: 0f c8+r"],
  ...conditional("cmov", (code) => [`rv,rmv: 0f 4${code} /r`]),
  push: [
    "es: 06 no64",
    "cs: 0e no64",
    "ss: 16 no64",
    "ds: 1e no64",
    "fs: 0f a0 d64",
    "gs: 0f a8 d64",
    "rv: 50+r d64",
    "imm8s: 6a d64",
    "immz: 68 d64",
    "rmv: ff /6 d64",
  ],
  pop: [
    "es: 07 no64",
    "ss: 17 no64",
    "ds: 1f no64",
    "fs: 0f a1 d64",
    "gs: 0f a9 d64",
    "rv: 58+r d64",
    "rmv: 8f /0 d64",
  ],
  pusha: [": 60 no64"],
  popa: [": 61 no64"],
  pushaw: [": 60 o16 no64"],
  popaw: [": 61 o16 no64"],
  pushad: [": 60 o32 no64"],
  popad: [": 61 o32 no64"],
  pushf: [": 9c d64"],
  popf: [": 9d d64"],
  pushfw: [": 9c o16"],
  popfw: [": 9d o16"],
  pushfd: [": 9c o32 no64"],
  popfd: [": 9d o32 no64"],
  lahf: [": 9f"],
  sahf: [": 9e"],
  in: ["al,imm8: e4", "av,imm8: e5", "al,dx: ec", "av,dx: ed"],
  out: ["imm8,al: e6", "imm8,av: e7", "dx,al: ee", "dx,av: ef"],

  // Arithmetic and logic
  add: alu(0),
  or: alu(1),
  adc: alu(2),
  sbb: alu(3),
  and: alu(4),
  sub: alu(5),
  xor: alu(6),
  cmp: alu(7),
  test: [
    "al,imm8: a8",
    "av,immz: a9",
    "rm8,imm8: f6 /0",
    "rmv,immz: f7 /0",
    "rm8,r8: 84 /r",
    "rmv,rv: 85 /r",
  ],
  inc: ["rv: 40+r no64", "rm8: fe /0", "rmv: ff /0"],
  dec: ["rv: 48+r no64", "rm8: fe /1", "rmv: ff /1"],
  not: group3(2),
  neg: group3(3),
  mul: group3(4),
  imul: [...group3(5), "rv,rmv: 0f af /r", "rv,rmv,imm8s: 6b /r", "rv,rmv,immz: 69 /r"],
  div: group3(6),
  idiv: group3(7),
  rol: shift(0),
  ror: shift(1),
  rcl: shift(2),
  rcr: shift(3),
  shl: shift(4),
  sal: shift(4),
  shr: shift(5),
  sar: shift(7),
  shld: ["rmv,rv,imm8: 0f a4 /r", "rmv,rv,cl: 0f a5 /r"],
  shrd: ["rmv,rv,imm8: 0f ac /r", "rmv,rv,cl: 0f ad /r"],
  bt: bitTest(4),
  bts: bitTest(5),
  btr: bitTest(6),
  btc: bitTest(7),
  bsf: ["rv,rmv: 0f bc /r"],
  bsr: ["rv,rmv: 0f bd /r"],
  popcnt: ["rv,rmv: f3 0f b8 /r"],
  ...conditional("set", (code) => [`rm8: 0f 9${code} /0 any`]),
  xadd: ["rm8,r8: 0f c0 /r", "rmv,rv: 0f c1 /r"],
  cmpxchg: ["rm8,r8: 0f b0 /r", "rmv,rv: 0f b1 /r"],
  cmpxchg8b: ["m: 0f c7 /1"],
  cmpxchg16b: ["m: 0f c7 /1 o64"],
  daa: [": 27 no64"],
  das: [": 2f no64"],
  aaa: [": 37 no64"],
  aas: [": 3f no64"],
  aam: [": d4 0a no64", "imm8: d4 no64"],
  aad: [": d5 0a no64", "imm8: d5 no64"],
  cbw: [": 98 o16"],
  cwde: [": 98 o32"],
  cdqe: [": 98 o64"],
  cwd: [": 99 o16"],
  cdq: [": 99 o32"],
  cqo: [": 99 o64"],
  salc: [": d6 no64"],
  bound: ["rv,m: 62 /r no64"],

  // Control transfer
  jmp: ["rel8: eb", "relz: e9", "ptr: ea no64", "rmv: ff /4 d64", "mfar: ff /5"],
  call: ["relz: e8", "ptr: 9a no64", "rmv: ff /2 d64", "mfar: ff /3"],
  ret: [": c3", "imm16: c2"],
  retf: [": cb", "imm16: ca"],
  retfd: [": cb o32", "imm16: ca o32"],
  retfq: [": cb o64"],
  iret: [": cf"],
  iretw: [": cf o16"],
  iretd: [": cf o32"],
  iretq: [": cf o64"],
  ...conditional("j", (code) => [`rel8: 7${code}`, `relz: 0f 8${code}`]),
  loop: ["rel8: e2"],
  loope: ["rel8: e1"],
  loopne: ["rel8: e0"],
  jcxz: ["rel8: e3 a16"],
  jecxz: ["rel8: e3 a32"],
  jrcxz: ["rel8: e3 only64"],
  int: ["imm8: cd"],
  int3: [": cc"],
  into: [": ce no64"],
  int1: [": f1"],
  enter: ["imm16,imm8: c8"],
  leave: [": c9"],

  // Strings
  ...strings("movs", 0xa4),
  ...strings("cmps", 0xa6),
  ...strings("stos", 0xaa),
  ...strings("lods", 0xac),
  ...strings("scas", 0xae),
  ...strings("ins", 0x6c, false),
  ...strings("outs", 0x6e, false),
  rep: [": f3"],
  repe: [": f3"],
  repne: [": f2"],
  lock: [": f0"],

  // Flags and the processor itself
  clc: [": f8"],
  stc: [": f9"],
  cli: [": fa"],
  sti: [": fb"],
  cld: [": fc"],
  std: [": fd"],
  cmc: [": f5"],
  nop: [": 90"],
  pause: [": f3 90"],
  hlt: [": f4"],
  ud2: [": 0f 0b"],
  cpuid: [": 0f a2"],
  rdtsc: [": 0f 31"],
  rdpmc: [": 0f 33"],
  rdmsr: [": 0f 32"],
  wrmsr: [": 0f 30"],
  sysenter: [": 0f 34"],
  sysexit: [": 0f 35"],
  syscall: [": 0f 05 only64"],
  sysret: [": 0f 07 only64"],
  swapgs: [": 0f 01 f8 only64"],
  lgdt: ["m: 0f 01 /2"],
  lidt: ["m: 0f 01 /3"],
  sgdt: ["m: 0f 01 /0"],
  sidt: ["m: 0f 01 /1"],
  lgdtd: ["m: 0f 01 /2 o32 no64"],
  lidtd: ["m: 0f 01 /3 o32 no64"],
  lldt: ["rm16: 0f 00 /2"],
  sldt: ["m: 0f 00 /0", "rv: 0f 00 /0"],
  ltr: ["rm16: 0f 00 /3"],
  str: ["m: 0f 00 /1", "rv: 0f 00 /1"],
  verr: ["rm16: 0f 00 /4"],
  verw: ["rm16: 0f 00 /5"],
  lmsw: ["rm16: 0f 01 /6"],
  smsw: ["m: 0f 01 /4", "rv: 0f 01 /4"],
  lar: ["rv,rv: 0f 02 /r", "rv,m: 0f 02 /r"],
  lsl: ["rv,rv: 0f 03 /r", "rv,m: 0f 03 /r"],
  arpl: ["rm16,r16: 63 /r no64"],
  clts: [": 0f 06"],
  invd: [": 0f 08"],
  wbinvd: [": 0f 09"],
  invlpg: ["m: 0f 01 /7"],
  fwait: [": 9b"],
  fninit: [": db e3"],
  fnstcw: ["m: d9 /7"],
  fldcw: ["m: d9 /5"],
  fnstsw: ["ax: df e0", "m: dd /7"],
} as const satisfies Record<string, Forms>;

export type Mnemonic = keyof typeof instructions;

/** One parsed form. */
export interface Form {
  operands: string[];
  opcode: number[];
  /** The register number is added to the last opcode byte. */
  plusRegister: boolean;
  /** ModRM: `r` a register operand in the reg field, a number that digit there. */
  modrm: "r" | number | undefined;
  operandSize: 16 | 32 | 64 | undefined;
  addressSize: 16 | 32 | undefined;
  default64: boolean;
  code64: "only" | "never" | undefined;
  /** A byte operand in memory needs no size in the source. */
  anySize: boolean;
}

function parseForm(text: string): Form {
  const [operands, encoding] = text.split(":") as [string, string];
  const form: Form = {
    operands: operands === "" ? [] : operands.split(","),
    opcode: [],
    plusRegister: false,
    modrm: undefined,
    operandSize: undefined,
    addressSize: undefined,
    default64: false,
    code64: undefined,
    anySize: false,
  };
  for (const token of encoding.trim().split(" ")) {
    if (/^[0-9a-f]{2}$/.test(token)) form.opcode.push(Number.parseInt(token, 16));
    else if (token.endsWith("+r")) {
      form.opcode.push(Number.parseInt(token, 16));
      form.plusRegister = true;
    } else if (token === "/r") form.modrm = "r";
    else if (token.startsWith("/")) form.modrm = Number(token.slice(1));
    else if (token === "d64") form.default64 = true;
    else if (token === "no64") form.code64 = "never";
    else if (token === "only64") form.code64 = "only";
    else if (token === "any") form.anySize = true;
    else if (token.startsWith("o")) form.operandSize = Number(token.slice(1)) as 16 | 32 | 64;
    else if (token.startsWith("a")) form.addressSize = Number(token.slice(1)) as 16 | 32;
    else throw new SyntaxError(`unknown token "${token}" in form "${text}"`);
  }
  return form;
}

const parsed = new Map<string, Form[]>();

/** The forms of one instruction, in order of preference. */
export function formsOf(mnemonic: Mnemonic): Form[] {
  let forms = parsed.get(mnemonic);
  if (!forms) {
    forms = instructions[mnemonic].map(parseForm);
    parsed.set(mnemonic, forms);
  }
  return forms;
}
