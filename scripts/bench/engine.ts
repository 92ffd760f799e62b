// What the benchmark knows of an engine: how a machine is started in a process of its own, COM1 on its standard output.

/** The same for every engine. */
export const MEMORY_MIB = 128;

/** A kernel as it is started, without a boot loader. */
export interface Guest {
  /** How the kernel is entered: Linux's boot protocol or multiboot. [LINUX-BOOT] [MULTIBOOT] */
  kind: "linux" | "multiboot";
  kernel: string;
  initrd?: string;
  append?: string;
}

export interface Engine {
  readonly name: string;
  /** The version, and how it is run, for the report. */
  readonly description: string;
  /** Arguments of the process; the first is the program. */
  command(guest: Guest): string[];
}

/** An engine, or why this host cannot have it. */
export type Candidate = Engine | { name: string; unavailable: string };

export const isAvailable = (candidate: Candidate): candidate is Engine => !("unavailable" in candidate);
