/**
 * Every port, memory address and interrupt line of the board, by name. The layout is that of a PC/AT with an
 * i440FX and PIIX3 chipset; where guests' drivers expect a figure, it is that figure.
 */

/** Consecutive addresses: the first, and how many. */
export interface Range {
  readonly base: number;
  readonly length: number;
}

const range = (base: number, length: number): Range => ({ base, length });

/** I/O ports. */
export const ports = {
  /** 8237A, channels 0 to 3. */
  dma1: range(0x00, 0x10),
  pic1: range(0x20, 2),
  pit: range(0x40, 4),
  /** 8042 data. */
  keyboardData: range(0x60, 1),
  /** System control port B: counter 2's gate, speaker, refresh toggle. */
  systemControlB: range(0x61, 1),
  /** 8042 command and status. */
  keyboardCommand: range(0x64, 1),
  /** Index and data of the clock's own 128 bytes, then of the upper 128. */
  rtc: range(0x70, 4),
  /** Power-on self test code; reads back what was written. */
  post: range(0x80, 1),
  /** DMA page registers, without the scratch register at 0x80. */
  dmaPage: range(0x81, 0x0f),
  /** System control port A: fast A20 and fast reset. */
  systemControlA: range(0x92, 1),
  pic2: range(0xa0, 2),
  /** SMI command (APMC) and status (APMS). */
  smi: range(0xb2, 2),
  /** 8237A, channels 4 to 7, a register at every second port. */
  dma2: range(0xc0, 0x20),
  /** Characters written here go to the machine's log. */
  debugConsole: range(0xe9, 1),
  /** Coprocessor error latch: a write clears it. */
  coprocessor: range(0xf0, 2),
  ide2: range(0x170, 8),
  /** Bochs VBE: index, and data at 0x1CF and 0x1D0, all of 16 bits. */
  vbe: range(0x1ce, 4),
  ide1: range(0x1f0, 8),
  com2: range(0x2f8, 8),
  ide2Control: range(0x376, 1),
  vga: range(0x3b0, 0x30),
  /** Floppy controller up to its data register; 0x3F6 is the IDE's. */
  fdc: range(0x3f0, 6),
  ide1Control: range(0x3f6, 1),
  /** Floppy controller: digital input and configuration control. */
  fdcDigitalInput: range(0x3f7, 1),
  com1: range(0x3f8, 8),
  /** Debug characters of SeaBIOS. */
  firmwareDebug: range(0x402, 1),
  /** Edge or level of each interrupt request. */
  elcr: range(0x4d0, 2),
  /** The built-in firmware's ROM stubs call its services here. */
  firmwareCall: range(0x510, 4),
  /** Power management: where the built-in firmware puts PMBASE. */
  acpiPm: range(0x600, 0x40),
  /** GPE0 status and enable once more, where SeaBIOS's tables look for them. */
  acpiGpe0: range(0xafe0, 4),
  /** Where the built-in firmware puts the SMBus host controller. */
  smbus: range(0x700, 0x10),
  /** CONFIG_ADDRESS and CONFIG_DATA, with the reset control register at 0xCF9 among them. */
  pciConfig: range(0xcf8, 8),
  /** Where the built-in firmware puts the IDE bus master. */
  ideBusMaster: range(0xc000, 0x10),
} as const satisfies Record<string, Range>;

/** Physical addresses that are not plain RAM. */
export const addresses = {
  vgaMemory: range(0xa0000, 0x20000),
  vgaRom: range(0xc0000, 0x10000),
  /** What the PAM registers of the host bridge cover: option ROMs and the BIOS, or RAM in their place. */
  shadow: range(0xc0000, 0x40000),
  /** The last 128 KiB of the first MiB, where firmware starts. */
  lowBios: range(0xe0000, 0x20000),
  /** PCI memory: no RAM from here to 4 GiB. */
  pciHole: range(0xc000_0000, 0x3ec0_0000),
  /** Where the built-in firmware puts the linear framebuffer. */
  framebuffer: range(0xe000_0000, 0x0100_0000),
  ioApic: range(0xfec0_0000, 0x1000),
  hpet: range(0xfed0_0000, 0x400),
  localApic: range(0xfee0_0000, 0x1000),
  /** Firmware's own place, which ends at 4 GiB. */
  highBios: range(0xfff0_0000, 0x10_0000),
} as const satisfies Record<string, Range>;

/** ISA interrupt requests; also the IO-APIC's pins, but for the timer, which is on pin 2. */
export const irqs = {
  timer: 0,
  keyboard: 1,
  cascade: 2,
  com2: 3,
  com1: 4,
  fdc: 6,
  rtc: 8,
  sci: 9,
  /** The two requests to which firmware routes PCI interrupts. */
  pci: [10, 11],
  mouse: 12,
  coprocessor: 13,
  ide1: 14,
  ide2: 15,
} as const;

/** The IO-APIC's pin of interrupt request 0; the other requests are on the pin of their number. [MP1.4] */
export const ioApicTimerPin = 2;

/** DMA channels. */
export const dmaChannels = { fdc: 2, cascade: 4 } as const;

/** Slot and function on PCI bus 0. */
export const pciSlots = {
  hostBridge: { slot: 0, fn: 0 },
  isaBridge: { slot: 1, fn: 0 },
  ide: { slot: 1, fn: 1 },
  powerManagement: { slot: 1, fn: 3 },
  vga: { slot: 2, fn: 0 },
  network: { slot: 3, fn: 0 },
} as const;
