/** Writes docs/isa-coverage.md: every instruction, and what it is verified by. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isaCoverage } from "../core/cpu/testing/isa-coverage.ts";

writeFileSync(join(import.meta.dirname, "../docs/isa-coverage.md"), isaCoverage());
