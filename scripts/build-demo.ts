/** Writes the demo machine's floppy image, `resources/demo/demo.img`, from its source beside it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoImage } from "../resources/demo/demo.ts";

export const DEMO_IMAGE = join(import.meta.dirname, "../resources/demo/demo.img");

if (import.meta.main) writeFileSync(DEMO_IMAGE, demoImage());
