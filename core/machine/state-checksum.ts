import { crc32 } from "../base/crc32.ts";
import { encodePlain } from "../board/plain-codec.ts";

/**
 * CRC-32 of each part of a machine, as hexadecimal numbers of eight digits: the memory regions in their order, then all
 * devices. Machines in the same state have the same text, and otherwise it tells in which part they differ.
 */
export function stateChecksum(memory: Readonly<Record<string, Uint8Array>>, devices: unknown): string {
  const parts = [...Object.entries(memory), ["devices", encodePlain(devices)] as const];
  return parts.map(([name, bytes]) => `${name}:${crc32(bytes).toString(16).padStart(8, "0")}`).join(" ");
}
