// node scripts/lockstep/main.ts --from ADDRESS [OPTIONS]: see docs/debugging.md.

import { parseArgs } from "node:util";
import { type Limits, Lockstep, type Outcome, report } from "./lockstep.ts";
import { Qemu } from "./qemu.ts";
import { Twinbox } from "./twinbox.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    from: text,
    memory: { ...text, default: "128" },
    kernel: text,
    initrd: text,
    append: text,
    fda: text,
    instructions: { ...text, default: "1000000" },
    stride: { ...text, default: "2000" },
    patience: { ...text, default: "300" },
    "step-from": text,
    "alter-after": text,
  },
});
if (values.from === undefined) throw new Error("--from ADDRESS says where the two begin");

const memoryMib = Number(values.memory);

async function once(limits: Limits): Promise<{ outcome: Outcome; codeSize: number }> {
  const qemu = await Qemu.start({
    memoryMib,
    ...(values.kernel !== undefined && { kernel: values.kernel }),
    ...(values.initrd !== undefined && { initrd: values.initrd }),
    ...(values.append !== undefined && { append: values.append }),
    ...(values.fda !== undefined && {
      more: ["-drive", `file=${values.fda},if=floppy,format=raw,snapshot=on`],
    }),
  });
  try {
    if (!(await qemu.runTo(BigInt(values.from!), 600)))
      throw new Error(`QEMU does not come to ${values.from}`);
    const ours = new Twinbox(memoryMib);
    await ours.take(qemu);
    const outcome = await new Lockstep(ours, qemu, limits).run();
    return { outcome, codeSize: ours.codeSize };
  } finally {
    qemu.close();
  }
}

const limits: Limits = {
  instructions: Number(values.instructions),
  stride: Number(values.stride),
  patience: Number(values.patience),
  stepFrom: Number(values["step-from"] ?? Number.POSITIVE_INFINITY),
  ...(values["alter-after"] !== undefined && { alterAfter: Number(values["alter-after"]) }),
};
const began = performance.now();
let { outcome, codeSize } = await once(limits);
const found = outcome.divergence;
if (found && !found.exact) {
  console.log(report(found, codeSize).join("\n"));
  console.log("Once more, by steps from there:");
  ({ outcome, codeSize } = await once({
    ...limits,
    stepFrom: found.after,
    instructions: found.after + 100_000,
  }));
}
const copied = [...outcome.copied].map(([name, count]) => `${name} ${count}`).join(", ") || "none";
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(
  `${outcome.instructions} instructions, ${outcome.compared} of them compared, ${outcome.comparisons} comparisons, ${seconds} s; ended by ${outcome.end}`,
);
console.log(`results copied: ${copied}; undefined flags copied: ${outcome.flagsCopied}`);
if (outcome.divergence) {
  console.log(report(outcome.divergence, codeSize).join("\n"));
  const again = process.argv.slice(2).join(" ");
  console.log(`Again: node scripts/lockstep/main.ts ${again} --step-from ${outcome.divergence.after}`);
  process.exitCode = 1;
}
