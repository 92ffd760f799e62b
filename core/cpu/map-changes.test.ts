import { expect, it } from "vitest";
import { SEGMENT_BASE, SEGMENT_SIZE, SEGMENTS } from "./layout.ts";
import { Machine } from "./testing/machine.ts";

const CODE = 0x21000;

it("a change of the physical map drops the code that lies there, and no other", () => {
  const machine = new Machine(0x200000, 1);
  machine.assemble(CODE, 16, (a) => {
    a.label("start");
    a.inc("ecx");
    a.jmp("start");
  });
  machine.cpu.set64(SEGMENTS + SEGMENT_SIZE + SEGMENT_BASE, BigInt(CODE));
  machine.ip = 0;
  for (let n = 0; n < 20; n++) machine.cpu.run(50);
  const { regionsCompiled } = machine.cpu.compiler;
  expect(regionsCompiled).toBeGreaterThan(0);
  machine.cpu.mapChanged(0, CODE);
  machine.cpu.mapChanged(CODE + 0x1000, 0x10000);
  machine.cpu.run(50);
  expect(machine.cpu.compiler).toMatchObject({ regionsCompiled, regionsDropped: 0 });
  machine.cpu.mapChanged(CODE, 0x1000);
  expect(machine.cpu.compiler.regionsDropped).toBe(regionsCompiled);
  machine.cpu.run(50);
  expect(machine.get("ecx")).toBeGreaterThan(500);
});
