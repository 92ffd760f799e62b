import { readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

export interface StaticFile {
  type: string;
  contents: Uint8Array<ArrayBuffer>;
}

/**
 * Where in `folder` the file of a URL's path is; null for what leads out of the folder, is hidden, or is of a type
 * that the window has none of.
 */
export function resolveStatic(folder: string, urlPath: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(urlPath === "/" ? "/index.html" : urlPath);
  } catch {
    return null;
  }
  const parts = path.split("/").slice(1);
  const wrong = (part: string) =>
    part === "" || part.startsWith(".") || /[\\:\0]/.test(part) || part.includes(sep);
  if (!path.startsWith("/") || parts.some(wrong) || !(extname(path) in TYPES)) return null;
  return join(folder, ...parts);
}

/** Null where there is no such file. */
export async function readStatic(folder: string, urlPath: string): Promise<StaticFile | null> {
  const path = resolveStatic(folder, urlPath);
  if (path === null) return null;
  try {
    return { type: TYPES[extname(path)], contents: new Uint8Array(await readFile(path)) };
  } catch {
    return null;
  }
}
