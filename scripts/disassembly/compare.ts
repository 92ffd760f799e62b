// Compares the built-in disassembler with GNU objdump on a program: node scripts/disassembly/compare.ts FILE [16]
// prints how many instructions agree, and the most frequent differences. FILE is an ELF program; with 16, 32 or 64 it
// is raw code of that size.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { CodeSize } from "../../core/cpu/decode/decoder.ts";
import { disassemble } from "../../core/debug/disassembler.ts";
import { agree } from "./normal-form.ts";

const [file, raw] = process.argv.slice(2);
if (file === undefined) throw new Error("usage: compare.ts FILE [16|32|64]");

const machine = { "16": "i8086", "32": "i386", "64": "i386:x86-64" }[raw ?? ""];
const objdump = spawn(
  "objdump",
  ["-w", "-M", "intel", ...(machine ? ["-D", "-b", "binary", "-m", machine] : ["-d"]), file],
  { stdio: ["ignore", "pipe", "inherit"] },
);
let codeSize = Number(raw ?? 32) as CodeSize;
const differences = new Map<string, { count: number; example: string }>();
let total = 0;
let same = 0;
let unknown = 0;
for await (const line of createInterface({ input: objdump.stdout })) {
  if (line.includes("file format elf64")) codeSize = 64;
  const match = /^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*(?:\t(.*))?$/.exec(line);
  if (!match?.[3]) continue;
  const bytes = Uint8Array.from(match[2]!.trim().split(" "), (byte) => Number.parseInt(byte, 16));
  const theirs = match[3].trim();
  const ours = disassemble(bytes, BigInt(`0x${match[1]}`), codeSize);
  total++;
  // What no model of ours has yet is (bad) to us.
  if (ours.text === "(bad)" && !theirs.includes("(bad)")) unknown++;
  else if (agree(ours.text, theirs) && (ours.length === bytes.length || theirs.includes("(bad)"))) {
    same++;
    continue;
  }
  const key = `${theirs.split(/\s/)[0]} → ${ours.text.split(/\s/)[0]}`;
  const known = differences.get(key);
  if (known) known.count++;
  else differences.set(key, { count: 1, example: `${match[2]!.trim()}: ${theirs} | ${ours.text}` });
}
const list = [...differences].sort((a, b) => b[1].count - a[1].count).slice(0, 40);
for (const [key, { count, example }] of list) console.log(`${count}\t${key}\t${example}`);
const rest = total - unknown;
console.log(`${total} instructions, ${unknown} unknown to the tables; ${same} of the other ${rest} agree`);
