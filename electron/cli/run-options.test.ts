import { expect, test } from "vitest";
import { parseRunOptions } from "./run-options.ts";

test("the defaults: 128 MiB, an empty CD drive, COM1 on the terminal", () => {
  expect(parseRunOptions([])).toMatchObject({
    memoryMib: 128,
    media: [{ slot: "hdc", kind: "cdrom", path: null }],
    bootOrder: ["cdrom", "disk", "floppy"],
    serial: "stdio",
  });
});

test("each image hangs in its slot", () => {
  const { media } = parseRunOptions(["--fda", "a", "--hdb", "b", "--cdrom", "c", "--disposable"]);
  expect(media.map(({ slot, kind, path, mode }) => `${slot} ${kind} ${path} ${mode}`)).toEqual([
    "fda floppy a disposable",
    "hdb disk b disposable",
    "hdc cdrom c read-only",
  ]);
});

test.each([
  [["--memry", "64"], "Unknown option '--memry'"],
  [["image.iso"], "Unexpected argument 'image.iso'"],
  [["--memory", "many"], "--memory takes a whole number"],
  [["--memory", "4096"], "from 1 to 3072"],
  [["--timeout", "-1"], "--timeout"],
  [["--boot", "disk,usb"], 'not "usb"'],
  [["--boot", "disk,disk"], "twice"],
  [["--cdrom", "a", "--hdc", "b"], "same place"],
  [["--code-memory", "0"], "--code-memory takes a whole number from 1 to 1024"],
  [["--jit", "on"], "--jit takes auto, eager or off"],
  [["--verify=some"], "--verify takes all"],
  [["--verify", "--jit", "off"], "does not go with --jit off"],
  [["--append", "quiet"], "--append goes with --kernel"],
  [["--vga-rom", "v"], "--vga-rom goes with --firmware"],
])("%j is refused in one line", (args, words) => {
  let message = "";
  try {
    parseRunOptions(args);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toContain(words);
  expect(message).not.toContain("\n");
});

test("what is compiled, and what of it is compared", () => {
  expect(parseRunOptions([])).toMatchObject({ jit: "auto", deterministic: false });
  expect(parseRunOptions([]).verify).toBeUndefined();
  expect(parseRunOptions(["--jit=off", "--deterministic"])).toMatchObject({
    jit: "off",
    deterministic: true,
  });
  expect(parseRunOptions(["--code-memory", "32"])).toMatchObject({ codeMemoryMib: 32 });
  expect(parseRunOptions(["--verify", "--jit", "eager"])).toMatchObject({ jit: "eager", verify: "sampled" });
  expect(parseRunOptions(["--verify=all"]).verify).toBe("all");
});

test("--cpu names a model, and AMD's with a vendor", () => {
  expect(parseRunOptions([]).cpu).toBeUndefined();
  expect(parseRunOptions(["--cpu", "core2"]).cpu).toEqual({ model: "core2", vendor: "intel" });
  expect(parseRunOptions(["--cpu", "i486,vendor=amd"]).cpu).toEqual({ model: "i486", vendor: "amd" });
});

test.each(["", "core3", "core2,amd", "core2,vendor=via", "core2,vendor=amd,x"])(
  "--cpu %s is refused with the names of the models",
  (text) => {
    expect(() => parseRunOptions(["--cpu", text])).toThrow(
      expect.objectContaining({
        advice: expect.stringContaining("i486, pentium3, core2, x86-64-v2, x86-64-v3"),
      }),
    );
  },
);
