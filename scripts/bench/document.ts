// The place of a run in docs/performance.md: the latest of its architecture in full, all of them in a row each.

import type { Architecture } from "../guests/packages.ts";

const mark = (name: string): string => `<!-- ${name} -->`;
/** New rows come right before it. */
const RUNS_END = mark("end of the runs");

/**
 * @param summary a row of the table of runs.
 * @param text the run in full; it takes the place of the one before of the same architecture.
 * @throws Error if the document has lost its marks.
 */
export function withRun(document: string, architecture: Architecture, summary: string, text: string): string {
  const [open, close] = [mark(`latest ${architecture}`), mark(`end of the latest ${architecture}`)];
  const [start, end, rows] = [open, close, RUNS_END].map((text) => document.indexOf(text));
  if (rows! < 0 || start! < rows! || end! < start!) throw new Error("the document has lost its marks");
  return [
    `${document.slice(0, rows)}${summary}\n`,
    document.slice(rows, start! + open.length),
    `\n\n${text}\n\n`,
    document.slice(end),
  ].join("");
}
