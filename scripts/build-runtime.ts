/**
 * Compiles `core/cpu/runtime/` (AssemblyScript) to WebAssembly and embeds it in
 * `core/generated/runtime-wasm.ts`, so that core can load it in any JavaScript host without files.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { floatTables } from "./float-tables.ts";

const root = join(import.meta.dirname, "..");
const source = join(root, "core/cpu/runtime");
const layout = join(root, "core/cpu/layout.ts");
const tablesScript = join(import.meta.dirname, "float-tables.ts");
/** The module that is computed rather than read. */
const TABLES = "core/cpu/runtime/float/tables.ts";
const output = join(root, "core/generated/runtime-wasm.ts");

/** Compiles when any source file is newer than the output. */
export async function buildRuntimeIfStale(): Promise<void> {
  const newest = Math.max(
    ...readdirSync(source, { recursive: true, encoding: "utf8" }).map(
      (name) => statSync(join(source, name)).mtimeMs,
    ),
    statSync(layout).mtimeMs,
    statSync(tablesScript).mtimeMs,
  );
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (newest > built) await buildRuntime();
}

async function buildRuntime(): Promise<void> {
  let wasm: Uint8Array | undefined;
  const messages: string[] = [];
  const { error } = await asc.main(
    [
      "core/cpu/runtime/index.ts",
      "--outFile=runtime.wasm",
      "--runtime=stub",
      "--importMemory",
      "--memoryBase=1024",
      "--noAssert",
      "--use=abort=",
      "--disableWarning=201",
      "--optimizeLevel=3",
      "--shrinkLevel=0",
      "--enable=simd",
      "--debug",
    ],
    {
      readFile: (name: string) => {
        if (name === TABLES) return floatTables();
        try {
          return readFileSync(join(root, name), "utf8");
        } catch {
          return null;
        }
      },
      writeFile: (name: string, contents: unknown) => {
        if (name.endsWith(".wasm")) wasm = contents as Uint8Array;
      },
      listFiles: () => [],
      stdout: { write: (text: string | Uint8Array) => void messages.push(String(text)) },
      stderr: { write: (text: string | Uint8Array) => void messages.push(String(text)) },
    },
  );
  if (error || !wasm)
    throw new Error(`core/cpu/runtime does not compile:\n${messages.join("")}${error ?? ""}`);
  mkdirSync(join(root, "core/generated"), { recursive: true });
  const base64 = Buffer.from(wasm).toString("base64");
  writeFileSync(
    output,
    `// Made by scripts/build-runtime.ts from core/cpu/runtime. Not committed.\nexport const RUNTIME_WASM = "${base64}";\n`,
  );
}

if (import.meta.main) await buildRuntime();
