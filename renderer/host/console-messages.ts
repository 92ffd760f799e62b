import type { ConsoleInput } from "../../electron/contract/console.ts";
import { MAX_SERIAL_INPUT } from "../../electron/contract/console-codec.ts";

/** A long paste into a serial port, in messages of the size that a machine takes. */
export function inMessages(input: ConsoleInput): ConsoleInput[] {
  if (input.type !== "serial" || input.bytes.length <= MAX_SERIAL_INPUT) return [input];
  const parts: ConsoleInput[] = [];
  for (let at = 0; at < input.bytes.length; at += MAX_SERIAL_INPUT)
    parts.push({ ...input, bytes: input.bytes.subarray(at, at + MAX_SERIAL_INPUT) });
  return parts;
}
