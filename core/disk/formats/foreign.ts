import { TwinboxError } from "../../base/errors.ts";
import type { ByteStore } from "../block-device.ts";
import type { DiskFormat, ImageSample } from "./format.ts";

/** Formats that are told from raw images, lest their headers be taken for a disk's first sectors, and refused. */
interface ForeignFormat {
  id: string;
  name: string;
  extensions: readonly string[];
  probe(sample: ImageSample): boolean;
  advice: string;
}

const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  bytes.length >= at + text.length && [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));

const convert = "Convert it with `qemu-img convert -O raw OLD NEW.img` and use the new file.";

const FOREIGN: readonly ForeignFormat[] = [
  {
    id: "qcow2",
    name: "QEMU (QCOW2)",
    extensions: ["qcow2", "qcow"],
    probe: ({ head }) => startsWith(head, "QFI\xfb"),
    advice: convert,
  },
  {
    id: "vdi",
    name: "VirtualBox (VDI)",
    extensions: ["vdi"],
    probe: ({ head }) => startsWith(head, "\x7f\x10\xda\xbe", 0x40),
    advice: convert,
  },
  {
    id: "vmdk",
    name: "VMware (VMDK)",
    extensions: ["vmdk"],
    probe: ({ head }) =>
      startsWith(head, "KDMV") || startsWith(head, "COWD") || startsWith(head, "# Disk DescriptorFile"),
    advice: convert,
  },
  {
    id: "vhdx",
    name: "Hyper-V (VHDX)",
    extensions: ["vhdx"],
    probe: ({ head }) => startsWith(head, "vhdxfile"),
    advice: convert,
  },
  {
    id: "vhd",
    name: "Virtual PC (VHD)",
    extensions: ["vhd", "vpc"],
    // A dynamic disk has a copy of the footer in front; a fixed one is a raw image with a footer behind.
    probe: ({ head, tail }) =>
      startsWith(head, "conectix") || (tail.length === 512 && startsWith(tail, "conectix")),
    advice: convert,
  },
  {
    id: "raw-cd",
    name: "raw CD sectors (2352 bytes each)",
    extensions: ["bin"],
    probe: ({ head }) => startsWith(head, "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"),
    advice: "Convert it to an ISO image of 2048-byte sectors, for example with `bchunk`.",
  },
  {
    id: "gzip",
    name: "gzip-compressed",
    extensions: ["gz"],
    probe: ({ head }) => startsWith(head, "\x1f\x8b\x08"),
    advice: "Unpack it with `gunzip` first.",
  },
  {
    id: "xz",
    name: "xz-compressed",
    extensions: ["xz"],
    probe: ({ head }) => startsWith(head, "\xfd7zXZ\x00"),
    advice: "Unpack it with `unxz` first.",
  },
  {
    id: "zip",
    name: "ZIP archive",
    extensions: ["zip"],
    probe: ({ head }) => startsWith(head, "PK\x03\x04"),
    advice: "Unpack it and add the image that is in it.",
  },
];

export const FOREIGN_FORMATS: readonly DiskFormat[] = FOREIGN.map(
  ({ id, name, extensions, probe, advice }) => {
    const refuse = async (store: ByteStore): Promise<never> => {
      throw new TwinboxError(
        "unsupported-format",
        `${store.name} is in a format that Twinbox cannot use: ${name}.`,
        {
          subject: store.name,
          advice,
        },
      );
    };
    return { id, name, extensions, probe, open: refuse, create: refuse };
  },
);
