import { randomUUID } from "node:crypto";
import { linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { TwinboxError } from "../../core/base/errors.ts";

/** Who holds a lock: a process id means little once it is reused, so its time of start goes with it. */
interface Holder {
  pid: number;
  started: string;
}

/** Field 22 of `/proc/PID/stat`, the time the process was started; empty where there is no such file. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return startOf(holder.pid) === holder.started;
}

function readHolder(path: string): Holder | null {
  try {
    const [pid, started] = readFileSync(path, "utf8").split("\n");
    return { pid: Number(pid), started: started ?? "" };
  } catch {
    return null;
  }
}

/** A folder that is this user's alone, as lock files in a shared one could be anybody's. */
function lockFolder(): string {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `twinbox-locks-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || (uid >= 0 && stat.uid !== uid))
    throw new TwinboxError("permission", `The lock folder ${folder} belongs to somebody else.`, {
      subject: folder,
      advice: "Remove it.",
    });
  return folder;
}

/**
 * Takes the right to write the file with this device and inode number, whatever names it has, among all processes
 * of this user. It ends with the returned function, or with the process. Node has no `flock`, so this is a
 * file whose contents name the holder, put in place by `link`, which is atomic.
 *
 * @throws TwinboxError busy when another machine writes the file.
 */
export function lockForWriting(file: { dev: bigint; ino: bigint }, name: string): () => void {
  const folder = lockFolder();
  const path = join(folder, `${file.dev}-${file.ino}`);
  const mine = join(folder, `.${process.pid}-${randomUUID()}`);
  writeFileSync(mine, `${process.pid}\n${startOf(process.pid)}\n`, { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(mine, path);
        return () => rmSync(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = readHolder(path);
      if (holder && isAlive(holder))
        throw new TwinboxError("busy", `${name} is being written by another machine.`, {
          subject: name,
          advice: "Power that machine off, or attach the image read-only or disposable.",
        });
      removeStale(path, folder);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Another process may have replaced the stale lock by its own meanwhile: that one is put back. */
function removeStale(path: string, folder: string): void {
  const aside = join(folder, `.stale-${randomUUID()}`);
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const holder = readHolder(aside);
  if (holder && isAlive(holder)) {
    try {
      linkSync(aside, path);
    } catch {
      // A third process holds it: the next turn of the caller's loop finds out.
    }
  }
  rmSync(aside, { force: true });
}
