import { expect, test } from "vitest";
import { CPL } from "./layout.ts";
import { userMachine } from "./testing/differential.ts";

const CODE = 0x10000;
const BLOCKS = 3000;

test("code that is all new makes the processor return before long, and goes on where it was", () => {
  const machine = userMachine();
  machine.cpu.set32(CPL, 0);
  machine.cpu.runtime.updateMode();
  machine.assemble(CODE, 32, (a) => {
    for (let n = 0; n < BLOCKS; n++) {
      a.inc("eax");
      a.jmp(`block${n}`);
      a.label(`block${n}`);
    }
    a.hlt();
  });
  machine.set("eax", 0);
  machine.ip = CODE;
  const runs: number[] = [];
  while (!machine.cpu.halted) {
    const before = machine.get("eax");
    machine.cpu.run(1_000_000);
    runs.push(machine.get("eax") - before);
  }
  expect(machine.get("eax")).toBe(BLOCKS);
  expect(Math.max(...runs)).toBeLessThan(300);
  expect(Math.min(...runs.slice(0, -1))).toBeGreaterThan(0);
});
