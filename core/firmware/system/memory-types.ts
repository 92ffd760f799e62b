import { addresses } from "../../memory-map.ts";

/** Memory types of the MTRRs. [SDM] vol. 3A, table 12-2 */
const Type = { uncacheable: 0, writeProtected: 5, writeBack: 6 } as const;

const IA32_MTRR_PHYSBASE0 = 0x200;
const IA32_MTRR_PHYSMASK0 = 0x201;
const IA32_MTRR_FIX64K_00000 = 0x250;
const IA32_MTRR_FIX16K_80000 = 0x258;
const IA32_MTRR_FIX16K_A0000 = 0x259;
const IA32_MTRR_FIX4K_C0000 = 0x268;
const FIX4K_REGISTERS = 8;
const IA32_MTRR_DEF_TYPE = 0x2ff;
const FIXED_ENABLED = 1n << 10n;
const ENABLED = 1n << 11n;
const PHYSICAL_ADDRESS_MASK = 0xff_ffff_ffffn;

/** A fixed-range register with all eight ranges of one type. */
const allOf = (type: number): bigint => BigInt(type) * 0x0101_0101_0101_0101n;

/**
 * The MTRRs as the firmware leaves them, by number: memory is cached, video memory and the hole for PCI are not, and
 * the ROMs in the first MiB are cached for reading.
 */
export function memoryTypes(): [register: number, value: bigint][] {
  const { base, length } = addresses.pciHole;
  const hole = 2 ** Math.ceil(Math.log2(length));
  const fixed4k = Array.from({ length: FIX4K_REGISTERS }, (_, n): [number, bigint] => [
    IA32_MTRR_FIX4K_C0000 + n,
    allOf(Type.writeProtected),
  ]);
  return [
    [IA32_MTRR_FIX64K_00000, allOf(Type.writeBack)],
    [IA32_MTRR_FIX16K_80000, allOf(Type.writeBack)],
    [IA32_MTRR_FIX16K_A0000, allOf(Type.uncacheable)],
    ...fixed4k,
    [IA32_MTRR_PHYSBASE0, BigInt(base) | BigInt(Type.uncacheable)],
    [IA32_MTRR_PHYSMASK0, (PHYSICAL_ADDRESS_MASK & ~BigInt(hole - 1)) | ENABLED],
    [IA32_MTRR_DEF_TYPE, BigInt(Type.writeBack) | FIXED_ENABLED | ENABLED],
  ];
}
