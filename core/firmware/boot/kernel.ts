import { TwinboxError } from "../../base/errors.ts";
import type { HostBytes, KernelOptions } from "../../pc-options.ts";
import type { Call } from "../call.ts";
import type { FirmwareConfig } from "../hardware.ts";
import type { BootContext } from "./boot.ts";
import { bootLinux, isLinux } from "./linux.ts";
import { BOOT_MAGIC, isMultiboot, loadMultiboot } from "./multiboot.ts";

/** Bytes at its beginning that tell what it is. */
const HEAD = 0x4000;

/** What an image is that can be started without a boot loader. Throws a TwinboxError if it is not of such a kind. */
export function kernelKind(image: HostBytes): "linux" | "multiboot" {
  const head = image.subarray(0, HEAD);
  if (isLinux(head)) return "linux";
  if (isMultiboot(head)) return "multiboot";
  throw new TwinboxError(
    "unsupported-format",
    "The kernel is neither a Linux bzImage nor a multiboot 1 kernel.",
    {
      subject: "kernel",
      advice: "Give a kernel of one of these kinds, or boot from a disk image.",
    },
  );
}

/**
 * Sets the processor at a kernel's entry, or only loads the piece of it that comes after its first `loaded` bytes: returns
 * how many are loaded then.
 */
export function startKernel(
  call: Call,
  config: FirmwareConfig,
  kernel: KernelOptions,
  context: Pick<BootContext, "offsetOf">,
  loaded: number,
): number | "booted" {
  const { memory, cpu } = call;
  if (kernelKind(kernel.image) === "linux") return bootLinux(call, memory, kernel, config.memoryMib, loaded);
  const { entry, information } = loadMultiboot(memory, kernel, config.memoryMib);
  cpu.eax = BOOT_MAGIC;
  cpu.ebx = information;
  cpu.edx = entry;
  cpu.eip = context.offsetOf("enterFlat");
  return "booted";
}
