// kvm-unit-tests' multiboot programs: each writes lines of PASS, FAIL and SKIP to COM1, and leaves by the port of a
// test device.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CpuVendor } from "../../core/cpu/models/model.ts";
import { runGuest } from "./guest.ts";
import type { Result } from "./result.ts";
import { attachTestDevice } from "./test-device.ts";

const MEMORY_MIB = 512;
const SECONDS = 300;
/** What the programs would else ask a hypervisor's configuration device for. */
const environment = (device: boolean): string =>
  `NR_CPUS=1\nMEMSIZE=${MEMORY_MIB}\nTEST_DEVICE=${device ? 1 : 0}\n`;

export interface KvmUnitTest {
  /** `x86/PROGRAM.flat` of the folder. */
  readonly program: string;
  readonly vendor?: CpuVendor;
  /** The program is told that it is alone with a processor: no test device, and no hypervisor to call. */
  readonly alone?: true;
}

const BOTH: readonly KvmUnitTest[] = [
  "eventinj",
  "hpet_read_test",
  "realmode",
  "setjmp",
  "sieve",
  "smap",
  "smptest",
  "tsc",
  "umip",
].map((program) => ({ program }));

/** Those that test a processor and its board, rather than a hypervisor. */
export const KVM_UNIT_TESTS: Readonly<Record<"x86_64" | "i386", readonly KvmUnitTest[]>> = {
  x86_64: [
    ...BOTH,
    ...[
      "access_test",
      "cet",
      "debug",
      "emulator",
      "idt_test",
      "ioapic",
      "la57",
      "lam",
      "memory",
      "msr",
      "pcid",
      "pks",
      "pku",
      "rdpru",
      "init",
      "xsave",
    ].map((program) => ({ program })),
    { program: "apic", alone: true },
    { program: "syscall", vendor: "amd" },
  ],
  i386: [...BOTH, ...["cmpxchg8b", "taskswitch", "taskswitch2"].map((program) => ({ program }))],
};

/** A program ends with this when all of its tests were skipped. */
const ALL_SKIPPED = 38;

export async function runKvmUnitTest(
  folder: string,
  { program, vendor = "intel", alone }: KvmUnitTest,
): Promise<Result> {
  let status: number | undefined;
  const { text, ended } = await runGuest(
    {
      memoryMib: MEMORY_MIB,
      cpu: { model: "x86-64-v2", vendor },
      kernel: {
        image: readFileSync(join(folder, "x86", `${program}.flat`)),
        initrd: new TextEncoder().encode(environment(!alone)),
        commandLine: program,
      },
    },
    SECONDS,
    (pc, done) => {
      attachTestDevice(pc, (value) => {
        status = value;
        done();
      });
    },
  );
  const count = (word: string): number => text.match(new RegExp(`^${word}:`, "gm"))?.length ?? 0;
  const failures = count("FAIL");
  const detail = `${count("PASS")} passed, ${failures} failed, ${count("SKIP")} skipped`;
  const result = { name: program, text };
  if (ended !== "told") return { ...result, verdict: "failed", detail: `${detail}, then ${ended}` };
  if (status === ALL_SKIPPED) return { ...result, verdict: "skipped", detail };
  if (status === 0 && failures === 0) return { ...result, verdict: "passed", detail };
  const first = text.split("\n").find((line) => /^FAIL:|^Unhandled/.test(line)) ?? `status ${status}`;
  return { ...result, verdict: "failed", detail: `${detail}: ${first}` };
}
