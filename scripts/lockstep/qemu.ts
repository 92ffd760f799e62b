// QEMU as the machine to compare with: driven through its GDB stub, its RAM a file that is read and written directly.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { COMPARED, SEGMENTS, type State } from "./registers.ts";
import { RspClient } from "./rsp-client.ts";

export interface QemuOptions {
  readonly memoryMib: number;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  /** More of QEMU's own options. */
  readonly more?: readonly string[];
}

/** A segment register or table as QEMU's monitor prints it. */
export interface Descriptor {
  readonly selector: number;
  readonly base: bigint;
  readonly limit: number;
  /** Bits 40 to 55 of the descriptor. */
  readonly attributes: number;
}

interface Layout {
  readonly offset: number;
  readonly bytes: number;
  readonly number: number;
}

/** SSTEP_ENABLE, and neither interrupts nor timers. */
const STEP_ALONE = "Qqemu.sstep=7";

export class Qemu {
  readonly memoryBytes: number;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #memory: number;
  readonly #client: RspClient;
  readonly #layout: ReadonlyMap<string, Layout>;

  private constructor(parts: {
    process: ChildProcess;
    folder: string;
    memory: number;
    memoryBytes: number;
    client: RspClient;
    layout: ReadonlyMap<string, Layout>;
  }) {
    this.#process = parts.process;
    this.#folder = parts.folder;
    this.#memory = parts.memory;
    this.memoryBytes = parts.memoryBytes;
    this.#client = parts.client;
    this.#layout = parts.layout;
  }

  static async start(options: QemuOptions): Promise<Qemu> {
    const folder = mkdtempSync("/dev/shm/twinbox-lockstep-");
    const file = join(folder, "ram");
    const memoryBytes = options.memoryMib * 2 ** 20;
    const memory = openSync(file, "w+");
    ftruncateSync(memory, memoryBytes);
    const socket = join(folder, "gdb");
    const process = spawn(
      "qemu-system-x86_64",
      [
        ...[
          "-S",
          "-accel",
          "tcg,thread=single",
          "-cpu",
          "max,la57=off",
          "-display",
          "none",
          "-nodefaults",
          "-vga",
          "std",
        ],
        ...["-serial", `file:${join(folder, "serial")}`, "-m", `${options.memoryMib}`],
        ...["-object", `memory-backend-file,id=ram,size=${options.memoryMib}M,mem-path=${file},share=on`],
        ...["-machine", "pc,memory-backend=ram", "-gdb", `unix:${socket},server=on,wait=off`],
        ...(options.kernel ? ["-kernel", options.kernel, "-append", options.append ?? ""] : []),
        ...(options.initrd ? ["-initrd", options.initrd] : []),
        ...(options.more ?? []),
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    const client = await RspClient.open(socket);
    await client.ask(STEP_ALONE);
    const layout = await readLayout(client);
    return new Qemu({ process, folder, memory, memoryBytes, client, layout });
  }

  /** The registers of COMPARED that QEMU tells. */
  async state(): Promise<State> {
    const bytes = Buffer.from(await this.#client.ask("g"), "hex");
    const state = new Map<string, bigint>();
    for (const name of COMPARED) {
      const place = this.#layout.get(name);
      if (place && place.offset + place.bytes <= bytes.length) {
        const part = bytes.subarray(place.offset, place.offset + place.bytes);
        state.set(
          name,
          part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
        );
      }
    }
    return state;
  }

  async setRegister(name: string, value: bigint): Promise<void> {
    const place = this.#layout.get(name);
    if (!place) throw new Error(`QEMU tells of no ${name}`);
    const bytes = Buffer.from(
      Array.from({ length: place.bytes }, (_, n) => Number((value >> BigInt(8 * n)) & 0xffn)),
    );
    const reply = await this.#client.ask(`P${place.number.toString(16)}=${bytes.toString("hex")}`);
    if (reply !== "OK") throw new Error(`${name} cannot be set: ${reply}`);
  }

  /** One instruction; one round of a repeated one. */
  async step(): Promise<void> {
    await this.#client.ask("vCont;s:p1.1");
  }

  /** Runs to a linear address. False: it did not come there in so many seconds. */
  async runTo(linear: bigint, seconds: number): Promise<boolean> {
    const place = linear.toString(16);
    await this.#client.ask(`Z1,${place},1`);
    const timer = setTimeout(() => this.#client.interrupt(), seconds * 1000);
    const reply = await this.#client.ask("vCont;c");
    clearTimeout(timer);
    await this.#client.ask(`z1,${place},1`);
    return reply.startsWith("T05");
  }

  /** Segment registers and tables, with what is hidden of them. */
  async descriptors(): Promise<ReadonlyMap<string, Descriptor>> {
    const text = await this.#client.monitor("info registers");
    const found = new Map<string, Descriptor>();
    for (const name of [...SEGMENTS, "ldt", "tr", "gdt", "idt"]) {
      const label = name.toUpperCase().padEnd(3);
      const match = new RegExp(
        `^${label}\\s*=\\s*(?:([0-9a-f]{4}) )?([0-9a-f]{8,16}) ([0-9a-f]{8})(?: ([0-9a-f]{8}))?`,
        "m",
      ).exec(text);
      if (!match) throw new Error(`QEMU's monitor does not tell ${name}:\n${text}`);
      found.set(name, {
        selector: Number.parseInt(match[1] ?? "0", 16),
        base: BigInt(`0x${match[2]}`),
        limit: Number.parseInt(match[3]!, 16),
        attributes: Number.parseInt(match[4] ?? "0", 16) >>> 8,
      });
    }
    return found;
  }

  /** RAM from a physical address. */
  readMemory(physical: number, into: Uint8Array): void {
    readSync(this.#memory, into, 0, into.length, physical);
  }

  close(): void {
    this.#client.close();
    this.#process.kill("SIGKILL");
    closeSync(this.#memory);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Where each register stands in the reply to `g`: in the order of the target's description. */
async function readLayout(client: RspClient): Promise<Map<string, Layout>> {
  const target = await client.document("target.xml");
  const parts = [...target.matchAll(/<xi:include href="([^"]+)"\/>/g)].map((match) => match[1]!);
  const text = (await inTurn(parts, (name) => client.document(name))).join("").replace(/<!--.*?-->/gs, "");
  const layout = new Map<string, Layout>();
  let offset = 0;
  let number = 0;
  for (const [tag] of (target + text).matchAll(/<reg [^>]*>/g)) {
    const name = /name="([^"]+)"/.exec(tag)![1]!;
    const bytes = Number(/bitsize="(\d+)"/.exec(tag)![1]) / 8;
    const given = /regnum="(\d+)"/.exec(tag);
    if (given) number = Number(given[1]);
    layout.set(name, { offset, bytes, number });
    offset += bytes;
    number++;
  }
  return layout;
}

async function inTurn<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await ask(item));
  return results;
}
