// Integer loops for `makeKernel`, and what must come out of them, computed by other means.

import { crc32 } from "node:zlib";
import type { Assembler } from "../../core/assembler/assembler.ts";
import { WORK } from "./kernel.ts";

/** A piece of work: its code leaves in EBX what `checksum` gives. */
export interface Work {
  code(a: Assembler): void;
  checksum(): number;
}

/** Eratosthenes' sieve, a byte a number; the checksum is the sum of the primes below `limit`, `passes` times. */
export const sieve = ({ limit, passes }: { limit: number; passes: number }): Work => ({
  code(a) {
    a.xor("ebx", "ebx");
    a.mov("ebp", passes);
    a.mov("edi", WORK);

    a.label("pass");
    a.xor("eax", "eax");
    a.label("clear");
    a.mov("dword [edi+eax]", 0);
    a.add("eax", 4);
    a.cmp("eax", limit);
    a.jb("clear");

    a.mov("ecx", 2);
    a.label("candidate");
    a.cmp("byte [edi+ecx]", 0);
    a.jne("next");
    a.add("ebx", "ecx");
    a.cmp("ecx", 0xffff); // Squares of larger ones have no room in 32 bits.
    a.ja("next");
    a.mov("eax", "ecx");
    a.imul("eax", "eax");
    a.jmp("multipleTest");
    a.label("multiple");
    a.mov("byte [edi+eax]", 1);
    a.add("eax", "ecx");
    a.label("multipleTest");
    a.cmp("eax", limit);
    a.jb("multiple");
    a.label("next");
    a.inc("ecx");
    a.cmp("ecx", limit);
    a.jb("candidate");

    a.dec("ebp");
    a.jnz("pass");
  },
  checksum() {
    let sum = 0;
    for (let n = 2; n < limit; n++) if (isPrime(n)) sum += n;
    return Number((BigInt(sum) * BigInt(passes)) & 0xffff_ffffn);
  },
});

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

/** CRC-32 in its reflected form, as zip files and Ethernet have it. */
const CRC_POLYNOMIAL = 0xedb8_8320;
/** A linear congruential generator modulo 2³² fills the buffer; the top byte of each state is taken. */
const LCG = { multiplier: 1664525, increment: 1013904223 } as const;

/** CRC-32 by a table of 256 entries, over a buffer of `length` bytes, `passes` times in a row. */
export const crc = ({ length, passes }: { length: number; passes: number }): Work => ({
  code(a) {
    a.equ("table", WORK);
    a.equ("buffer", WORK + 0x400);

    a.xor("ecx", "ecx");
    a.label("tableEntry");
    a.mov("eax", "ecx");
    a.mov("edx", 8);
    a.label("bit");
    a.shr("eax", 1);
    a.jnc("bitDone");
    a.xor("eax", CRC_POLYNOMIAL);
    a.label("bitDone");
    a.dec("edx");
    a.jnz("bit");
    a.mov("[table+ecx*4]", "eax");
    a.inc("ecx");
    a.cmp("ecx", 256);
    a.jb("tableEntry");

    a.xor("ecx", "ecx");
    a.xor("eax", "eax");
    a.label("fill");
    a.imul("eax", "eax", LCG.multiplier);
    a.add("eax", LCG.increment);
    a.mov("edx", "eax");
    a.shr("edx", 24);
    a.mov("[buffer+ecx]", "dl");
    a.inc("ecx");
    a.cmp("ecx", length);
    a.jb("fill");

    a.mov("ebx", -1);
    a.mov("ebp", passes);
    a.label("pass");
    a.mov("esi", "buffer");
    a.label("byte");
    a.movzx("eax", "bl");
    a.movzx("edx", "byte [esi]");
    a.xor("eax", "edx");
    a.shr("ebx", 8);
    a.xor("ebx", "[table+eax*4]");
    a.inc("esi");
    a.cmp("esi", WORK + 0x400 + length);
    a.jb("byte");
    a.dec("ebp");
    a.jnz("pass");
    a.not("ebx");
  },
  checksum() {
    const buffer = new Uint8Array(length);
    let state = 0;
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, LCG.multiplier) + LCG.increment) >>> 0;
      buffer[i] = state >>> 24;
    }
    let value = 0;
    for (let pass = 0; pass < passes; pass++) value = crc32(buffer, value);
    return value;
  },
});
