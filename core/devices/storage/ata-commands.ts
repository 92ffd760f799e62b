// The commands of an ATA disk, and what each needs. [ATA]

export type Transfer = "read" | "write" | "verify";

/** What a command does. A method's name; those with data also tell how. */
export type Command =
  | { run: "transfer"; transfer: Transfer; ext?: boolean; dma?: boolean; multiple?: boolean }
  | { run: "abort" | "seek" | "initializeParameters" | "setMultiple" | "checkPower" | "flush" }
  | { run: "identify" | "setFeatures" | "succeed" }
  | { run: "readNativeMax"; ext?: boolean };

const transfer = (
  kind: Transfer,
  options: { ext?: boolean; dma?: boolean; multiple?: boolean } = {},
): Command => ({
  run: "transfer",
  transfer: kind,
  ...options,
});

/** Commands by their code. [ATA] chapter 8 and annexes of its forerunners */
const COMMANDS: ReadonlyMap<number, Command> = new Map<number, Command>([
  [0x00, { run: "abort" }], // NOP always aborts
  [0x20, transfer("read")],
  [0x21, transfer("read")],
  [0x24, transfer("read", { ext: true })],
  [0x25, transfer("read", { ext: true, dma: true })],
  [0x27, { run: "readNativeMax", ext: true }],
  [0x29, transfer("read", { ext: true, multiple: true })],
  [0x30, transfer("write")],
  [0x31, transfer("write")],
  [0x34, transfer("write", { ext: true })],
  [0x35, transfer("write", { ext: true, dma: true })],
  [0x39, transfer("write", { ext: true, multiple: true })],
  [0x40, transfer("verify")],
  [0x41, transfer("verify")],
  [0x42, transfer("verify", { ext: true })],
  [0x91, { run: "initializeParameters" }],
  [0xc4, transfer("read", { multiple: true })],
  [0xc5, transfer("write", { multiple: true })],
  [0xc6, { run: "setMultiple" }],
  [0xc8, transfer("read", { dma: true })],
  [0xc9, transfer("read", { dma: true })],
  [0xca, transfer("write", { dma: true })],
  [0xcb, transfer("write", { dma: true })],
  // STANDBY IMMEDIATE, IDLE IMMEDIATE, STANDBY, IDLE, CHECK POWER MODE, SLEEP, by their old and new codes.
  [0x94, { run: "succeed" }],
  [0x95, { run: "succeed" }],
  [0x96, { run: "succeed" }],
  [0x97, { run: "succeed" }],
  [0x98, { run: "checkPower" }],
  [0x99, { run: "succeed" }],
  [0xe0, { run: "succeed" }],
  [0xe1, { run: "succeed" }],
  [0xe2, { run: "succeed" }],
  [0xe3, { run: "succeed" }],
  [0xe5, { run: "checkPower" }],
  [0xe6, { run: "succeed" }],
  [0xe7, { run: "flush" }],
  [0xea, { run: "flush" }],
  [0xec, { run: "identify" }],
  [0xef, { run: "setFeatures" }],
  [0xf8, { run: "readNativeMax" }],
]);

/** RECALIBRATE and SEEK take the low four bits of their code as a step rate of old. */
const RECALIBRATE = 0x1;
const SEEK = 0x7;

/** What the command of a code does; those that are not known abort. */
export function commandOf(code: number): Command {
  const known = COMMANDS.get(code);
  if (known) return known;
  if (code >> 4 === RECALIBRATE) return { run: "succeed" };
  return { run: code >> 4 === SEEK ? "seek" : "abort" };
}
