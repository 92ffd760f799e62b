import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Limits, Lockstep, type Outcome } from "../lockstep/lockstep.ts";
import { Qemu } from "../lockstep/qemu.ts";
import { Twinbox } from "../lockstep/twinbox.ts";
import { modesFloppy } from "./modes-floppy.ts";
import { findTool } from "./tools.ts";

const MEMORY = 32;
const BOOT_SECTOR = 0x7c00n;

async function compare(limits: Partial<Limits>): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "twinbox-lockstep-"));
  const floppy = join(folder, "floppy");
  writeFileSync(floppy, modesFloppy().image);
  const qemu = await Qemu.start({
    memoryMib: MEMORY,
    more: ["-drive", `file=${floppy},if=floppy,format=raw`],
  });
  try {
    expect(await qemu.runTo(BOOT_SECTOR, 60)).toBe(true);
    const ours = new Twinbox(MEMORY);
    await ours.take(qemu);
    const all = {
      instructions: 200,
      stride: 10,
      patience: 60,
      stepFrom: Number.POSITIVE_INFINITY,
      ...limits,
    };
    return await new Lockstep(ours, qemu, all).run();
  } finally {
    qemu.close();
    rmSync(folder, { recursive: true });
  }
}

const title = findTool("qemu-system-x86_64") ? "" : " (skipped: this host has no qemu-system-x86_64)";
describe.skipIf(title !== "")(`in lockstep with QEMU${title},`, () => {
  test("a machine goes from 16- to 64-bit code as QEMU does", async () => {
    const outcome = await compare({ stepFrom: 0 });
    expect(outcome.divergence).toBeUndefined();
    expect(outcome.instructions).toBe(200);
    expect(outcome.copied.get("RDMSR")).toBe(1);
  });

  test("a bit that is wrong is found, first the stretch and then the instruction", async () => {
    const alterAfter = 100;
    const coarse = (await compare({ alterAfter })).divergence!;
    expect(coarse.after).toBeLessThanOrEqual(alterAfter);
    const { divergence } = await compare({ alterAfter, stepFrom: coarse.after });
    expect(divergence).toMatchObject({ exact: true, after: alterAfter });
    expect(divergence!.registers).toContain("rax");
    expect(divergence!.instruction).toMatch(/^(inc|mov|jmp) /);
  });
});
