// From bytes to a decoded instruction, by the tables. [SDM] vol. 2A, chapter 2.

import type { OpcodeMaps } from "./opcodes.ts";
import {
  BRANCH,
  type Choice,
  D64,
  type Entry,
  F64,
  I64,
  LOCK,
  MEMORY,
  NO_66,
  O64,
  PREFIX_66,
  PREFIX_F2,
  PREFIX_F3,
  PREFIX_NONE,
  REGISTER,
  type Row,
  type Table,
  VSIB,
} from "./row.ts";

export type CodeSize = 16 | 32 | 64;

/** Where what depends on the operand size stands in a row's operands. */
export const sizeIndex = (size: CodeSize): 0 | 1 | 2 => (size === 16 ? 0 : size === 32 ? 1 : 2);

/** ES CS SS DS FS GS, by number. */
export const SEGMENT_NAMES = ["es", "cs", "ss", "ds", "fs", "gs"] as const;
export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;

/** No base or index register. */
export const NO_REGISTER = -1;
/** Base register number that stands for the instruction pointer. */
export const RIP_RELATIVE = 16;

/** The longest legal instruction, in bytes. */
export const MAXIMUM_LENGTH = 15;

export interface Decoded {
  row: Row;
  /** In bytes. */
  length: number;
  /** 16, 32 or 64. */
  operandSize: CodeSize;
  addressSize: CodeSize;
  /** 0, 0xF2 or 0xF3. */
  rep: number;
  lock: boolean;
  /** Whether ModRM.rm (or moffs) is memory. */
  memory: boolean;
  /** The segment of the memory operand, overrides applied. */
  segment: number;
  /** Whether a segment prefix was there. */
  segmentOverride: boolean;
  /** Register numbers, extended by REX or VEX. */
  reg: number;
  rm: number;
  /** Low three bits of the opcode, extended by REX. */
  opcodeRegister: number;
  /** The register that VEX names beside those of ModRM; 0 without VEX. */
  vvvv: number;
  /** Any REX prefix: SPL BPL SIL DIL rather than AH CH DH BH. */
  rex: boolean;
  base: number;
  index: number;
  /** Shift count, 0 to 3. */
  scale: number;
  /** Signed 32 bits. */
  displacement: number;
  /** Sign-extended immediate, or moffs, or a far pointer's offset: its two halves, signed 32 bits each. */
  immediateLow: number;
  immediateHigh: number;
  /** Second immediate (ENTER, far pointer's selector); FOP of an x87 instruction. */
  immediate2: number;
}

/** What a row without operands, of one byte, decodes to. */
export const withoutOperands = (row: Row, codeSize: CodeSize): Decoded => ({
  row,
  length: 1,
  operandSize: codeSize,
  addressSize: codeSize,
  rep: 0,
  lock: false,
  memory: false,
  segment: DS,
  segmentOverride: false,
  reg: 0,
  rm: 0,
  opcodeRegister: 0,
  vvvv: 0,
  rex: false,
  base: NO_REGISTER,
  index: NO_REGISTER,
  scale: 0,
  displacement: 0,
  immediateLow: 0,
  immediateHigh: 0,
  immediate2: 0,
});

/** The immediate as one signed number of 64 bits. */
export const immediateOf = ({ immediateLow, immediateHigh }: Decoded): bigint =>
  (BigInt(immediateHigh) << 32n) | BigInt(immediateLow >>> 0);

/**
 * A string where the bytes are no instruction: `invalid` is `#UD`, `too-long` (more than 15 bytes) is `#GP`,
 * `incomplete` goes on beyond the bytes that were given.
 */
export type DecodeResult = Decoded | "invalid" | "too-long" | "incomplete";

const NO_MODRM = -1;

/** Base and index registers of 16-bit addresses, by ModRM.rm. */
const BASES_16 = [3, 3, 5, 5, 6, 7, 5, 3] as const;
const INDEXES_16 = [6, 7, 6, 7, NO_REGISTER, NO_REGISTER, NO_REGISTER, NO_REGISTER] as const;

export class Decoder {
  readonly #maps: OpcodeMaps;
  readonly #vexMaps: readonly Table[];
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #modrm = NO_MODRM;
  #long = false;
  /** REX, or what VEX has of it: W R X B. */
  #rex = 0;
  /** Of VEX: L, pp and vvvv. */
  #length = 0;
  #pp = 0;
  #vvvv = 0;
  /** CPUID features of the model; undefined: every row counts. */
  readonly #features: ReadonlySet<string> | undefined;
  /** In 64-bit code, 66 makes near branches those of 16 bits, as on AMD's; Intel's ignore it. [APM] vol. 1, 2.5.9 */
  readonly #branches16: boolean;

  /** Rows whose feature is not among `features` are no instructions; without it, all are. */
  constructor(maps: OpcodeMaps, features?: ReadonlySet<string>) {
    this.#features = features;
    this.#branches16 = features?.has("branch16") ?? false;
    this.#maps = maps;
    this.#vexMaps = [maps.vex0F, maps.vex0F38, maps.vex0F3A];
  }

  /**
   * Decodes the instruction at `bytes[at]`, which may use bytes below `end`. `into`: what to answer with, for those who
   * keep none.
   */
  decode(bytes: Uint8Array, at: number, end: number, codeSize: CodeSize, into?: Decoded): DecodeResult {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = Math.min(end, at + MAXIMUM_LENGTH);
    this.#modrm = NO_MODRM;
    const result = this.#decode(codeSize, into);
    if (this.#at > this.#end) return this.#end - at === MAXIMUM_LENGTH ? "too-long" : "incomplete";
    if (typeof result !== "string") result.length = this.#at - at;
    return result;
  }

  #decode(codeSize: CodeSize, into: Decoded | undefined): DecodeResult {
    const long = codeSize === 64;
    this.#long = long;
    let operandPrefix = false;
    let addressPrefix = false;
    let lock = false;
    let rep = 0;
    let segment = -1;
    let rex = 0;
    let opcode: number;
    for (;;) {
      opcode = this.#next();
      if (opcode === 0x66) operandPrefix = true;
      else if (opcode === 0x67) addressPrefix = true;
      else if (opcode === 0xf0) lock = true;
      else if (opcode === 0xf2 || opcode === 0xf3) rep = opcode;
      else if (opcode === 0x26 || opcode === 0x2e || opcode === 0x36 || opcode === 0x3e) {
        // In 64-bit code these four are ignored, and do not undo FS or GS.
        if (!long) segment = (opcode >> 3) & 3;
      } else if (opcode === 0x64 || opcode === 0x65) segment = opcode - 0x60;
      else if (long && (opcode & 0xf0) === 0x40) {
        rex = opcode;
        continue;
      } else break;
      // A REX prefix counts only right before the opcode.
      rex = 0;
    }

    const maps = this.#maps;
    let table = maps.oneByte;
    let vex = false;
    this.#rex = rex;
    this.#vvvv = 0;
    if (opcode === 0x0f) {
      opcode = this.#next();
      table = maps.twoByte;
      if (opcode === 0x38 || opcode === 0x3a) {
        table = opcode === 0x38 ? maps.threeByte38 : maps.threeByte3A;
        opcode = this.#next();
      }
    } else if ((opcode === 0xc4 || opcode === 0xc5) && (long || this.#peek() >= 0xc0)) {
      if (operandPrefix || rep || lock || rex) return "invalid";
      const map = this.#readVex(opcode);
      if (!map) return "invalid";
      vex = true;
      table = map;
      rex = this.#rex;
      opcode = this.#next();
    }

    let mandatory = 0;
    let entry: Entry = table[opcode];
    while (entry && entry.kind !== "row") {
      const { kind, entries }: Choice = entry;
      if (kind === "group") entry = entries[(this.#readModrm() >> 3) & 7];
      else if (kind === "mod") entry = entries[this.#readModrm() >= 0xc0 ? 1 : 0];
      else if (kind === "rm") entry = entries[this.#readModrm() & 7];
      else if (kind === "rexB") entry = entries[rex & 1];
      else if (kind === "mode") entry = entries[long ? 1 : 0];
      else if (kind === "length") entry = entries[this.#length];
      else if (kind === "wide") entry = entries[rex & 8 ? 1 : 0];
      else if (vex) entry = entries[this.#pp];
      else {
        const none: Entry = entries[PREFIX_NONE];
        const chosen: Entry = rep ? entries[rep === 0xf3 ? PREFIX_F3 : PREFIX_F2] : undefined;
        if (chosen && !this.#isIgnored(chosen, none)) {
          mandatory = rep;
          entry = chosen;
        } else if (rep && !none) return "invalid";
        else if (operandPrefix && entries[PREFIX_66]) {
          mandatory = 0x66;
          entry = entries[PREFIX_66];
        } else entry = none;
      }
    }
    if (!entry || !this.#has(entry)) return "invalid";
    const row: Row = entry;
    if (long ? row.flags & I64 : row.flags & O64) return "invalid";
    if (vex && this.#vvvv && !row.vvvv) return "invalid";

    let operandSize: CodeSize = codeSize === 16 && !vex ? (operandPrefix ? 32 : 16) : operandPrefix ? 16 : 32;
    if (row.flags & NO_66 || mandatory === 0x66) operandSize = codeSize === 16 ? 16 : 32;
    if (long && vex) operandSize = rex & 8 ? 64 : 32;
    else if (long) {
      const short = this.#branches16 && operandPrefix && row.flags & BRANCH;
      if (rex & 8 || (row.flags & F64 && !short)) operandSize = 64;
      else if (row.flags & D64 && operandSize === 32) operandSize = 64;
    }
    let addressSize: CodeSize = codeSize;
    if (addressPrefix) addressSize = codeSize === 32 ? 16 : 32;

    const decoded = into ?? withoutOperands(row, codeSize);
    decoded.row = row;
    decoded.operandSize = operandSize;
    decoded.addressSize = addressSize;
    decoded.rep = mandatory ? 0 : rep;
    decoded.lock = lock;
    decoded.memory = false;
    decoded.segment = DS;
    decoded.segmentOverride = segment >= 0;
    decoded.reg = decoded.rm = 0;
    decoded.opcodeRegister = (opcode & 7) | ((rex & 1) << 3);
    decoded.vvvv = this.#vvvv;
    decoded.rex = rex !== 0;
    decoded.base = decoded.index = NO_REGISTER;
    decoded.scale = decoded.displacement = 0;
    decoded.immediateLow = decoded.immediateHigh = decoded.immediate2 = 0;

    if (row.modrm) this.#readModrm();
    const modrm = this.#modrm;
    if (modrm !== NO_MODRM) {
      decoded.reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
      if (modrm >= 0xc0 || row.registersOnly) decoded.rm = (modrm & 7) | ((rex & 1) << 3);
      else {
        decoded.memory = true;
        if (row.flags & VSIB && (decoded.addressSize === 16 || (modrm & 7) !== 4)) return "invalid";
        this.#decodeAddress(decoded, modrm, rex);
      }
      if (decoded.memory ? row.flags & REGISTER : row.flags & MEMORY) return "invalid";
    }
    if (row.trailing.length > 0) this.#decodeTrailing(decoded);
    // The coprocessor keeps the opcode of its last instruction: FOP.
    if (table === maps.oneByte && (opcode & 0xf8) === 0xd8) decoded.immediate2 = ((opcode & 7) << 8) | modrm;
    if (segment >= 0) decoded.segment = segment;
    return lock && !(row.flags & LOCK && decoded.memory) ? "invalid" : decoded;
  }

  /** Reads what follows C4 or C5 up to the opcode; the map, if there is such. [SDM] vol. 2A, 2.3.5 */
  #readVex(first: number): Table | undefined {
    let byte = this.#next();
    // R, X, B and vvvv are stored inverted.
    let map = 1;
    let rex = (~byte >> 5) & 4;
    if (first === 0xc4) {
      map = byte & 0x1f;
      rex = (~byte >> 5) & 7;
      byte = this.#next();
      rex |= (byte >> 4) & 8;
    }
    // Outside 64-bit code there are eight registers only.
    this.#rex = this.#long ? rex : rex & 8;
    this.#vvvv = (~byte >> 3) & (this.#long ? 15 : 7);
    this.#length = (byte >> 2) & 1;
    this.#pp = byte & 3;
    return this.#vexMaps[map - 1];
  }

  #has(row: Row): boolean {
    return row.feature === "" || this.#features === undefined || this.#features.has(row.feature);
  }

  /** Where a model lacks what F2 or F3 makes of an older instruction (TZCNT of BSF), they are ignored as ever. */
  #isIgnored(chosen: Entry, none: Entry): boolean {
    return chosen?.kind === "row" && !this.#has(chosen) && none?.kind === "row" && none.feature === "";
  }

  #decodeAddress(decoded: Decoded, modrm: number, rex: number): void {
    const mod = modrm >> 6;
    const rm = modrm & 7;
    if (decoded.addressSize === 16) {
      if (mod === 0 && rm === 6) {
        decoded.displacement = this.#signed(2);
        return;
      }
      decoded.base = BASES_16[rm]!;
      decoded.index = INDEXES_16[rm]!;
      if (decoded.base === 5) decoded.segment = SS;
      if (mod === 1) decoded.displacement = this.#signed(1);
      else if (mod === 2) decoded.displacement = this.#signed(2);
      return;
    }
    if (rm === 4) {
      const sib = this.#next();
      decoded.scale = sib >> 6;
      const index = ((sib >> 3) & 7) | ((rex & 2) << 2);
      if (index !== 4 || decoded.row.flags & VSIB) decoded.index = index;
      decoded.base = (sib & 7) | ((rex & 1) << 3);
      if ((sib & 7) === 5 && mod === 0) {
        decoded.base = NO_REGISTER;
        decoded.displacement = this.#signed(4);
        return;
      }
    } else if (rm === 5 && mod === 0) {
      if (this.#long) decoded.base = RIP_RELATIVE;
      decoded.displacement = this.#signed(4);
      return;
    } else decoded.base = rm | ((rex & 1) << 3);
    if (decoded.base === 4 || decoded.base === 5) decoded.segment = SS;
    if (mod === 1) decoded.displacement = this.#signed(1);
    else if (mod === 2) decoded.displacement = this.#signed(4);
  }

  #decodeTrailing(decoded: Decoded): void {
    const { row, operandSize, addressSize } = decoded;
    for (let n = 0; n < row.trailing.length; n++) {
      const { place, bytes } = row.trailing[n]!;
      const size = bytes[sizeIndex(operandSize)];
      if (place === "far") {
        decoded.immediateLow = this.#unsigned(operandSize === 16 ? 2 : 4);
        decoded.immediate2 = this.#unsigned(2);
      } else if (place === "moffs") {
        decoded.memory = true;
        decoded.displacement = decoded.immediateLow = this.#unsigned(addressSize === 16 ? 2 : 4);
        if (addressSize === 64) decoded.immediateHigh = this.#unsigned(4);
      } else if (n > 0) decoded.immediate2 = this.#unsigned(size);
      else {
        decoded.immediateLow = this.#signed(Math.min(size, 4));
        decoded.immediateHigh = size === 8 ? this.#unsigned(4) : decoded.immediateLow >> 31;
      }
    }
  }

  /** The next byte; 0 beyond the end, which {@link decode} sees afterwards. */
  #next(): number {
    const at = this.#at++;
    return at < this.#end ? this.#bytes[at]! : 0;
  }

  /** The same byte without taking it. */
  #peek(): number {
    return this.#at < this.#end ? this.#bytes[this.#at]! : 0;
  }

  #readModrm(): number {
    if (this.#modrm === NO_MODRM) this.#modrm = this.#next();
    return this.#modrm;
  }

  /** So many bytes, 1 to 4, as they are; four of them are signed. */
  #unsigned(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value |= this.#next() << (8 * i);
    return value;
  }

  /** The same, extended by the sign. */
  #signed(bytes: number): number {
    const shift = 32 - 8 * bytes;
    return (this.#unsigned(bytes) << shift) >> shift;
  }
}
