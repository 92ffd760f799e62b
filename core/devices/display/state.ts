import { ATTR_COUNT, CRTC_COUNT, DISPI_COUNT, DISPI_ENABLED, DISPI_ID5, Dispi } from "./registers.ts";

/** Everything that the VGA remembers besides video memory. */
export type VgaState = ReturnType<typeof powerOn>;

/** Blank screen, monochrome addresses, as after RESET#. */
export function powerOn() {
  const dispi = new Uint16Array(DISPI_COUNT);
  dispi[Dispi.ID] = DISPI_ID5;
  dispi[Dispi.BPP] = 8;
  return {
    miscellaneousOutput: 0,
    featureControl: 0,
    /** Port 3C3, video subsystem enable. */
    subsystemEnable: 1,
    sequencer: { index: 0, registers: new Uint8Array(8) },
    graphics: { index: 0, registers: new Uint8Array(16) },
    crtc: { index: 0, registers: new Uint8Array(CRTC_COUNT) },
    /** `index` includes the palette address source bit; `data`: the next write of 3C0 is data. */
    attribute: { index: 0, data: false, registers: new Uint8Array(ATTR_COUNT) },
    dac: {
      mask: 0xff,
      readIndex: 0,
      writeIndex: 0,
      /** Component (0 red, 1 green, 2 blue) that the next access of 3C9 means. */
      component: 0,
      /** The last index was written to 3C7, not 3C8. */
      reading: false,
      /** Components are 8 bits wide, else 6. */
      wide: false,
      /** Red, green, blue of each of 256 colours. */
      palette: new Uint8Array(768),
    },
    dispi: { index: 0, registers: dispi },
    /** The four bytes of the last read of a planar mode, plane 0 lowest. */
    latches: 0,
    /** Where the beam is, in nanoseconds of the clock; it moves on a little at every look. */
    beam: 0,
    /** `beam` when the vertical interrupt was last acknowledged. */
    interruptCleared: 0,
  };
}

/** Whether the display shows a Bochs VBE mode rather than a VGA one. */
export const vbeEnabled = (state: VgaState): boolean =>
  (state.dispi.registers[Dispi.ENABLE]! & DISPI_ENABLED) !== 0;
