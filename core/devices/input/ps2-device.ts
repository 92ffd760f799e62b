/**
 * The device's end of a PS/2 cable, as the controller sees it. Bytes from the device wait in the device until the
 * controller lets its clock run.
 */
export interface Ps2Device {
  /** A byte sent by the controller. */
  receive(byte: number): void;
  /** Takes the oldest byte the device wants to send. */
  take(): number | undefined;
  /** Whether {@link take} has something to give. */
  readonly hasData: boolean;
  /** Set by the controller: called when the device comes to have something to send. */
  onData: () => void;
}

/** Answers common to keyboards and mice. [PS2] */
export const ACK = 0xfa;
export const RESEND = 0xfe;
export const BAT_PASSED = 0xaa;
