import { lstat } from "node:fs/promises";
import { join, parse } from "node:path";

/** Names that Windows gives to devices. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * A file name for `name` that every platform takes, with nothing in it that leads elsewhere: at most 80 characters,
 * never empty, hidden or reserved.
 */
export function safeFileName(name: string): string {
  const clean = name
    .normalize("NFC")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be removed.
    .replace(/[\u0000-\u001f\u007f<>:"/\\|?*]/g, "_")
    .replace(/^[\s.]+|[\s.]+$/g, "");
  const { name: stem, ext } = parse(clean);
  const short = `${[...stem].slice(0, 80 - ext.length).join("")}${ext}`.trim();
  if (short === "") return "unnamed";
  return RESERVED.test(short) ? `_${short}` : short;
}

/** `Debian`, or `Debian (2)`, `Debian (3)` …: the first that is not taken. `extension` stays at the end. */
export async function freeName(
  stem: string,
  isTaken: (name: string) => Promise<boolean>,
  extension = "",
): Promise<string> {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? `${stem}${extension}` : `${stem} (${n})${extension}`;
    if (!(await isTaken(candidate))) return candidate;
  }
}

/** Is there anything of this name in the folder? */
export const existsIn =
  (folder: string) =>
  async (name: string): Promise<boolean> =>
    lstat(join(folder, name)).then(
      () => true,
      () => false,
    );
