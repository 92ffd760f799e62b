// What `monitor` does in GDB: what the protocol has no packets for.

import type { Debugger } from "../../../core/debug/debugger.ts";
import { describeWalk } from "../../../core/debug/page-walk.ts";

export interface MonitoredMachine {
  readonly debugger: Debugger;
  reset(): void;
}

interface Command {
  readonly usage: string;
  readonly help: string;
  run(machine: MonitoredMachine, words: string[]): string[];
}

const SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"];
const SYSTEM = ["cr0", "cr2", "cr3", "cr4", "efer", "dr0", "dr1", "dr2", "dr3", "dr6", "dr7"];
const MOST_INSTRUCTIONS = 100;

const hex = (value: bigint): string => value.toString(16);

/** A number as GDB writes it, or a register's name. */
function address({ debugger: debug }: MonitoredMachine, word: string): bigint {
  const register = debug.registers.get(word.replace(/^\$/, ""));
  if (register) return register.get();
  if (!/^(0x[0-9a-f]{1,16}|[0-9]{1,19})$/i.test(word)) throw new Error(`${word} is no address`);
  return BigInt(word);
}

const COMMANDS: Readonly<Record<string, Command>> = {
  info: {
    usage: "info",
    help: "mode, segments, control and debug registers",
    run: ({ debugger: debug }) => {
      const value = (name: string) => debug.register(name).get();
      const mode = debug.longMode ? "long mode" : value("cr0") & 1n ? "protected mode" : "real mode";
      const halted = ["", ", halted", ", shut down"][debug.halted];
      return [
        `${debug.codeSize}-bit code in ${mode}${halted}, at linear ${hex(debug.linearIp)}`,
        `${debug.instructions} instructions since power-on`,
        ...SEGMENTS.map(
          (name) =>
            `${name.padEnd(4)} ${hex(value(name)).padStart(4, "0")} base ${hex(value(`${name}.base`))} limit ${hex(value(`${name}.limit`))}`,
        ),
        ...["gdtr", "idtr"].map(
          (name) => `${name} base ${hex(value(`${name}.base`))} limit ${hex(value(`${name}.limit`))}`,
        ),
        ...SYSTEM.map((name) => `${name.padEnd(4)} ${hex(value(name))}`),
      ];
    },
  },
  walk: {
    usage: "walk ADDRESS",
    help: "how a linear address is translated, level by level",
    run: (machine, [word = "$rip"]) => {
      const linear = address(machine, word);
      return describeWalk(linear, machine.debugger.walk(linear));
    },
  },
  disassemble: {
    usage: "disassemble [ADDRESS [COUNT]]",
    help: "instructions of the code's own size, from the next one to run",
    run: (machine, [word, count = "10"]) => {
      const { debugger: debug } = machine;
      let at = word === undefined ? debug.linearIp : address(machine, word);
      const lines: string[] = [];
      for (let left = Math.min(Number(count) || 1, MOST_INSTRUCTIONS); left > 0; left--) {
        const one = debug.disassemble(at);
        if (!one) return [...lines, `${hex(at)}: not mapped`];
        lines.push(`${hex(at)}: ${one.text}`);
        at += BigInt(one.length);
      }
      return lines;
    },
  },
  physical: {
    usage: "physical ADDRESS [COUNT]",
    help: "bytes at a physical address; devices are not asked",
    run: (machine, [word = "0", count = "16"]) => {
      const start = address(machine, word);
      if (start >= 1n << 32n) return [`${hex(start)} is beyond all memory`];
      const bytes = machine.debugger.readPhysical(Number(start), Math.min(Number(count) || 16, 4096));
      if (bytes.length === 0) return [`${hex(start)}: no memory`];
      return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, n) => {
        const row = [...bytes.subarray(n * 16, n * 16 + 16)];
        return `${hex(start + BigInt(n * 16))}: ${row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
      });
    },
  },
  break: {
    usage: "break PHYSICAL",
    help: "stop at a physical address, wherever it is mapped",
    run: (machine, [word = ""]) => {
      machine.debugger.addPhysicalBreakpoint(physicalAddress(machine, word));
      return [];
    },
  },
  delete: {
    usage: "delete PHYSICAL",
    help: "no longer",
    run: (machine, [word = ""]) => {
      machine.debugger.removePhysicalBreakpoint(physicalAddress(machine, word));
      return [];
    },
  },
  reset: {
    usage: "reset",
    help: "as the reset button; the machine stays stopped",
    run: (machine) => {
      machine.reset();
      return [
        "The machine is reset. GDB learns of it with its next stop; 'maint flush register-cache' helps.",
      ];
    },
  },
};

function physicalAddress(machine: MonitoredMachine, word: string): number {
  const value = address(machine, word);
  if (value >= 1n << 32n) throw new Error(`${word} is beyond all memory`);
  return Number(value);
}

/** The answer to a command line, a line for GDB's user each. */
export function monitor(machine: MonitoredMachine, line: string): string {
  const [name = "", ...words] = line.trim().split(/\s+/);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    return Object.values(COMMANDS)
      .map(({ usage, help }) => `${usage.padEnd(30)} ${help}\n`)
      .join("");
  }
  try {
    return command
      .run(machine, words)
      .map((text) => `${text}\n`)
      .join("");
  } catch (error) {
    return `${error instanceof Error ? error.message : error}\n`;
  }
}
