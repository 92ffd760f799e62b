/** Encoded terms of the ACPI machine language. [ACPI] chapter 17 */
export type Aml = readonly number[];

const ZERO = 0x00;
const ONE = 0x01;
const NAME = 0x08;
const BYTE = 0x0a;
const WORD = 0x0b;
const DWORD = 0x0c;
const SCOPE = 0x10;
const BUFFER = 0x11;
const PACKAGE = 0x12;
const METHOD = 0x14;
const SERIALIZED = 0x08;
const EXTENDED = 0x5b;
const DEVICE = 0x82;
const OPERATION_REGION = 0x80;
const FIELD = 0x81;
const STORE = 0x70;
const AND = 0x7b;
const OR = 0x7d;
const CREATE_DWORD_FIELD = 0x8a;
const IF = 0xa0;
const ELSE = 0xa1;
const RETURN = 0xa4;

const little = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);

/** A name segment of four characters, or several with dots between, with a leading `\` if absolute. */
export function name(path: string): Aml {
  const root = path.startsWith("\\");
  const segments = (root ? path.slice(1) : path).split(".").filter((segment) => segment !== "");
  const characters = segments.flatMap((segment) => [...segment.padEnd(4, "_")].map((c) => c.charCodeAt(0)));
  const prefix =
    segments.length === 0
      ? [0]
      : segments.length === 1
        ? []
        : segments.length === 2
          ? [0x2e]
          : [0x2f, segments.length];
  return [...(root ? [0x5c] : []), ...prefix, ...characters];
}

export function integer(value: number): Aml {
  if (value === 0) return [ZERO];
  if (value === 1) return [ONE];
  if (value <= 0xff) return [BYTE, value];
  if (value <= 0xffff) return [WORD, ...little(value, 2)];
  return [DWORD, ...little(value, 4)];
}

/** The length of a package, its own bytes counted, before the contents. */
function packaged(contents: Aml): Aml {
  const { length } = contents;
  if (length + 1 < 0x40) return [length + 1, ...contents];
  const bytes = length + 2 < 0x1000 ? 2 : 3;
  const total = length + bytes;
  const rest = little(total >>> 4, bytes - 1);
  return [((bytes - 1) << 6) | (total & 0x0f), ...rest, ...contents];
}

const concat = (terms: readonly Aml[]): number[] => terms.flatMap((term) => [...term]);

export const define = (path: string, value: Aml): Aml => [NAME, ...name(path), ...value];
export const scope = (path: string, ...terms: Aml[]): Aml => [
  SCOPE,
  ...packaged([...name(path), ...concat(terms)]),
];
export const device = (path: string, ...terms: Aml[]): Aml => [
  EXTENDED,
  DEVICE,
  ...packaged([...name(path), ...concat(terms)]),
];
export const method = (path: string, args: number, ...terms: Aml[]): Aml => [
  METHOD,
  ...packaged([...name(path), args, ...concat(terms)]),
];
/** A method that creates names, so that only one call of it runs at a time. */
export const serializedMethod = (path: string, args: number, ...terms: Aml[]): Aml =>
  method(path, args | SERIALIZED, ...terms);
export const buffer = (bytes: readonly number[]): Aml => [
  BUFFER,
  ...packaged([...integer(bytes.length), ...bytes]),
];
export const list = (...elements: Aml[]): Aml => [
  PACKAGE,
  ...packaged([elements.length, ...concat(elements)]),
];
export const returns = (value: Aml): Aml => [RETURN, ...value];
export const store = (value: Aml, target: Aml): Aml => [STORE, ...value, ...target];
export const and = (a: Aml, b: Aml, target: Aml = [ZERO]): Aml => [AND, ...a, ...b, ...target];
export const or = (a: Aml, b: Aml, target: Aml = [ZERO]): Aml => [OR, ...a, ...b, ...target];
export const when = (condition: Aml, ...terms: Aml[]): Aml => [
  IF,
  ...packaged([...condition, ...concat(terms)]),
];
export const otherwise = (...terms: Aml[]): Aml => [ELSE, ...packaged(concat(terms))];
export const local = (n: number): Aml => [0x60 + n];
export const argument = (n: number): Aml => [0x68 + n];
export const dwordField = (of: Aml, at: number, path: string): Aml => [
  CREATE_DWORD_FIELD,
  ...of,
  ...integer(at),
  ...name(path),
];

const PCI_CONFIG = 2;
const BYTE_ACCESS = 1;

/** A region of PCI configuration space of the device it stands in, and byte-wide fields in it. */
export const pciFields = (path: string, offset: number, fields: string[]): Aml => [
  EXTENDED,
  OPERATION_REGION,
  ...name(path),
  PCI_CONFIG,
  ...integer(offset),
  ...integer(fields.length),
  EXTENDED,
  FIELD,
  ...packaged([...name(path), BYTE_ACCESS, ...fields.flatMap((field) => [...name(field), 8])]),
];

/** A compressed EISA identifier such as `PNP0A03`. [ACPI] ASL macro EISAID */
export function eisaId(id: string): Aml {
  const letter = (i: number) => id.charCodeAt(i) - 0x40;
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  const product = Number.parseInt(id.slice(3), 16);
  return [DWORD, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff];
}

/** Resource descriptors. [ACPI] 6.4 */
export const resources = {
  io: (base: number, length: number, alignment = 1): Aml => [
    0x47,
    1,
    ...little(base, 2),
    ...little(base, 2),
    alignment,
    length,
  ],
  /** Edge-triggered, active high. */
  irq: (...irqs: number[]): Aml => [
    0x22,
    ...little(
      irqs.reduce((mask, irq) => mask | (1 << irq), 0),
      2,
    ),
  ],
  /** Level-triggered, active high, shared: 32-bit numbers. */
  interrupts: (...irqs: number[]): Aml => [
    0x89,
    ...little(2 + 4 * irqs.length, 2),
    0x09,
    irqs.length,
    ...irqs.flatMap((irq) => little(irq, 4)),
  ],
  dma: (channel: number): Aml => [0x2a, 1 << channel, 0x00],
  busNumbers: (first: number, last: number): Aml => [
    0x88,
    ...little(13, 2),
    0x02,
    0x0c,
    0x00,
    ...[0, first, last, 0, last - first + 1].flatMap((value) => little(value, 2)),
  ],
  ioRange: (first: number, last: number): Aml => [
    0x88,
    ...little(13, 2),
    0x01,
    0x0c,
    0x03,
    ...[0, first, last, 0, last - first + 1].flatMap((value) => little(value, 2)),
  ],
  /** `cacheable`: as the VGA's window; else plain, both read and write. */
  memoryRange: (first: number, last: number, cacheable = false): Aml => [
    0x87,
    ...little(23, 2),
    0x00,
    0x0c,
    cacheable ? 0x03 : 0x01,
    ...[0, first, last, 0, last - first + 1].flatMap((value) => little(value, 4)),
  ],
  end: [0x79, 0x00] as Aml,
};

export const resourceTemplate = (...descriptors: Aml[]): Aml =>
  buffer(concat([...descriptors, resources.end]));
