import { copyFile, link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Where {@link writeAtomically} keeps what a file held before. */
export const backupOf = (path: string): string => `${path}.bak`;

/**
 * Replaces a file's contents so that at any moment, a power cut included, it holds either the old or the new ones;
 * the old ones stay beside it as `.bak`.
 *
 * @throws an error of `node:fs`; the file is then as it was.
 */
export async function writeAtomically(path: string, contents: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await keepBackup(path);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function keepBackup(path: string): Promise<void> {
  const aside = `${backupOf(path)}.new`;
  await rm(aside, { force: true });
  try {
    await link(path, aside).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") throw error;
      return copyFile(path, aside); // A file system without hard links.
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  await rename(aside, backupOf(path));
}

/** Makes a rename last; Windows has no such thing and does without. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
