// IN and OUT, and what INS and OUTS share with them: the permission to use a port.

import { SEGMENT_ATTRIBUTES, SEGMENT_BASE, SEGMENT_LIMIT, SHADOW } from "../layout";
import { CPU } from "./cpu";
import { armed, noteIo } from "./debug";
import { BUSY, linearSum, TYPE_TSS32 } from "./descriptors";
import { ioPrivilege, privilege, protectedMode, virtual8086 } from "./eflags";
import { GP, raise } from "./exceptions";
import { portRead, portWrite } from "./host";
import { systemRead16 } from "./memory";
import { segment, TR } from "./processor";

/** Offset in a 32-bit (and 64-bit) TSS of the offset of the I/O permission bitmap. */
const IO_MAP_BASE: u32 = 0x66;

/** Leaves by #GP(0) unless `size` ports from `port` may be used. [SDM] vol. 1, 19.5. */
function requirePermission(port: u32, size: u32): void {
  if (!protectedMode() || (privilege() <= ioPrivilege() && !virtual8086())) return;
  const tss = segment(TR);
  const limit = load<u32>(tss + SEGMENT_LIMIT);
  const type = load<u32>(tss + SEGMENT_ATTRIBUTES) & 15 & ~BUSY;
  if (type != TYPE_TSS32 || limit < IO_MAP_BASE + 1) raise(GP, 0);
  const base = load<u64>(tss + SEGMENT_BASE);
  const offset = systemRead16(linearSum(base, IO_MAP_BASE)) + (port >> 3);
  if (offset + 1 > limit) raise(GP, 0);
  const denied = systemRead16(linearSum(base, offset)) >> (port & 7);
  if (denied & ((1 << size) - 1)) raise(GP, 0);
}

/** What comes before any access to a port: permission, breakpoints, and the end of an interrupt shadow. */
export function portCheck(port: u32, size: u32): void {
  requirePermission(port, size);
  if (armed()) noteIo(port, size);
  // An interrupt that the device asks for now may come right after this instruction.
  store<i32>(CPU + SHADOW, 0);
}

/** Reads 1, 2 or 4 bytes from a port. */
export function portIn(port: u32, size: u32): u32 {
  portCheck(port, size);
  return portRead(port, size);
}

export function portOut(port: u32, value: u32, size: u32): void {
  portCheck(port, size);
  portWrite(port, value, size);
}
