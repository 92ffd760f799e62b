import { beforeEach, describe, expect, it } from "vitest";
import { Pc } from "../../../core/pc.ts";
import { encodePacket, PACKET_SIZE, PacketReader } from "./packets.ts";
import { GdbSession } from "./session.ts";

const CODE = 0x7c00;

/** A session over a real machine with nothing but code at 0:7C00, and what it has sent. */
class Rig {
  readonly pc = new Pc({ memoryMib: 1, drives: [], bootOrder: [], epochMs: 0 });
  running = false;
  killed = false;
  readonly #reader = new PacketReader();
  readonly #replies: string[] = [];
  readonly session = new GdbSession(this.#target(), "x86-64", (bytes) => {
    for (const one of this.#reader.push(bytes)) {
      if (one.kind === "packet") this.#replies.push(Buffer.from(one.payload).toString("latin1"));
    }
  });

  constructor() {
    const { registers } = this.pc.debugger;
    registers.get("ss")!.set!(1n);
    registers.get("cs")!.set!(0n);
    registers.get("rip")!.set!(BigInt(CODE));
    // inc ax; mov [0x500], ax; jmp back
    this.pc.memory.write(CODE, Uint8Array.of(0x40, 0xa3, 0x00, 0x05, 0xeb, 0xfa));
  }

  #target() {
    const rig = this;
    return {
      get debugger() {
        return rig.pc.debugger;
      },
      get running() {
        return rig.running;
      },
      pause: () => {
        this.running = false;
      },
      resume: () => {
        this.running = true;
      },
      step: (interrupts: boolean) => this.pc.debugger.step(interrupts),
      reset: () => this.pc.reset(),
      kill: () => {
        this.killed = true;
      },
    };
  }

  /** Sends a packet; gives the last reply, undefined if there was none. */
  ask(text: string): string | undefined {
    this.#replies.length = 0;
    this.session.receive(encodePacket(text));
    return this.#replies.at(-1);
  }

  /** Lets the machine run until something stops it; gives what the client is told. */
  go(): string | undefined {
    this.#replies.length = 0;
    for (let slices = 0; this.running && slices < 100; slices++) {
      const slice = this.pc.runSlice(slices * 1e6, 1);
      if (slice.state !== "stopped") continue;
      this.running = false;
      this.session.stopped(slice.by);
    }
    return this.#replies.at(-1);
  }

  get ip(): number {
    return Number(this.pc.debugger.register("rip").get());
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

describe("a session", () => {
  it("tells registers and memory, and changes them", () => {
    expect(rig.ask("p10")).toBe("007c000000000000");
    expect(rig.ask("P0=3412000000000000")).toBe("OK");
    expect(rig.ask("g")?.slice(0, 16)).toBe("3412000000000000");
    expect(rig.ask(`m${CODE.toString(16)},6`)).toBe("40a30005ebfa");
    expect(rig.ask("M500,2:aabb")).toBe("OK");
    expect(rig.ask("m500,2")).toBe("aabb");
    expect(rig.ask("X500,2:}\x03#")).toBe("E16");
  });

  it("writes back all registers as they were read", () => {
    const all = rig.ask("g")!;
    expect(rig.ask(`G${all}`)).toBe("OK");
    expect(rig.ask("g")).toBe(all);
  });

  it("steps an instruction, and a breakpoint is met once in each round", () => {
    expect(rig.ask("s")).toMatch(/^T05/);
    expect(rig.ip).toBe(CODE + 1);
    expect(rig.ask(`Z0,${(CODE + 1).toString(16)},1`)).toBe("OK");
    for (const round of [2, 3]) {
      rig.ask("vCont;c");
      expect(rig.go()).toMatch(/^T05swbreak:;/);
      expect([rig.ip, Number(rig.pc.debugger.register("rax").get())]).toEqual([CODE + 1, round]);
    }
  });

  it("tells a watchpoint with its address, after the access", () => {
    expect(rig.ask("Z2,501,1")).toBe("OK");
    rig.ask("c");
    expect(rig.go()).toMatch(/^T05watch:501;/);
    expect([rig.ip, rig.ask("m500,2")]).toEqual([CODE + 4, "0100"]);
    expect(rig.ask("z2,501,1")).toBe("OK");
  });

  it("Ctrl-C stops a running machine", () => {
    expect(rig.ask("c")).toBeUndefined();
    rig.session.receive(Uint8Array.of(3));
    expect(rig.running).toBe(false);
    expect(rig.ask("?")).toMatch(/^T02/);
  });

  it("goes away without a trace", () => {
    rig.ask(`Z0,${(CODE + 1).toString(16)},1`);
    expect(rig.ask("D")).toBe("OK");
    expect(rig.running).toBe(true);
    expect(rig.go()).toBeUndefined();
    rig.ask("k");
    expect(rig.killed).toBe(true);
  });

  it("describes its registers as many as it sends", () => {
    let xml = "";
    for (let part = "m"; part === "m"; ) {
      const text = rig.ask(`qXfer:features:read:target.xml:${xml.length.toString(16)},400`)!;
      part = text[0]!;
      xml += text.slice(1);
    }
    const bits = [...xml.matchAll(/<reg [^>]*bitsize="(\d+)"/g)].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
    expect(rig.ask("g")).toHaveLength(bits / 4);
  });

  it.each([
    "m",
    "m1",
    "mzz,1",
    "M0,1:",
    "P",
    "Pff=00",
    "P0=12",
    "pffffffffffff",
    "G00",
    "Z0",
    "Z2,0,ffffff",
    "qRcmd,1",
    "c1g",
  ])("answers %s with an error", (text) => {
    expect(rig.ask(text)).toMatch(/^E/);
    expect(rig.running).toBe(false);
  });

  it("what it does not know is empty, and a damaged or endless packet is refused", () => {
    expect(rig.ask("vMustReplyEmpty")).toBe("");
    const sent: string[] = [];
    const session = new GdbSession(
      {
        ...rig.session,
        debugger: rig.pc.debugger,
        running: false,
        pause() {},
        resume() {},
        step: () => false,
        reset() {},
        kill() {},
      },
      "i386",
      (bytes) => void sent.push(Buffer.from(bytes).toString("latin1")),
    );
    session.receive(Buffer.from("$g#00"));
    session.receive(Buffer.from(`$${"0".repeat(PACKET_SIZE + 1)}#00`));
    session.receive(Buffer.from("$?#3f"));
    expect(sent.slice(0, 3)).toEqual(["-", "-", "+"]);
    expect(sent[3]).toMatch(/^\$T05/);
  });
});

it("monitor explains a page walk and disassembles in the code's own size", () => {
  const answer = (line: string) => {
    const packets: string[] = [];
    const reader = new PacketReader();
    const session = new GdbSession(
      {
        debugger: rig.pc.debugger,
        running: false,
        pause() {},
        resume() {},
        step: () => false,
        reset() {},
        kill() {},
      },
      "i386",
      (bytes) => {
        for (const one of reader.push(bytes))
          if (one.kind === "packet") packets.push(Buffer.from(one.payload).toString());
      },
    );
    session.receive(encodePacket(`qRcmd,${Buffer.from(line).toString("hex")}`));
    return packets
      .filter((text) => text.startsWith("O") && text !== "OK")
      .map((text) => Buffer.from(text.slice(1), "hex").toString())
      .join("");
  };
  expect(answer("disassemble $rip 3").split("\n").slice(0, 3)).toEqual([
    "7c00: inc ax",
    "7c01: mov ds:0x500,ax",
    "7c04: jmp 0x7c00",
  ]);
  expect(answer("walk 0x1234")).toBe("1234 is physical 1234 (no paging)\n");
  expect(answer("info")).toContain("16-bit code in real mode");
  expect(answer("walk nonsense")).toBe("nonsense is no address\n");
  expect(answer("no such")).toContain("disassemble [ADDRESS [COUNT]]");
});
