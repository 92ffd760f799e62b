import { expect, test } from "vitest";
import { parseOptions } from "./options.ts";

test("without options it is a run of everything, once", () => {
  const options = parseOptions([]);
  expect(options).toMatchObject({ architectures: ["i386", "amd64"], rounds: 1, everything: true });
  expect(parseOptions(["--arch", "i386", "--rounds", "3"])).toMatchObject({ rounds: 3, everything: true });
});

test("lists are taken in the tables' order, and make the run a part", () => {
  const options = parseOptions(["--only", "installer,sieve", "--engines", "qemu,native"]);
  expect(options).toMatchObject({
    only: ["sieve", "installer"],
    engines: ["native", "qemu"],
    everything: false,
  });
  expect(parseOptions(["--quick"])?.everything).toBe(false);
});

test("what is not there is named", () => {
  expect(() => parseOptions(["--only", "seive"])).toThrow('not "seive"');
  expect(() => parseOptions(["--arch", "arm"])).toThrow("i386, amd64");
  expect(() => parseOptions(["--rounds", "0"])).toThrow("--rounds");
  expect(() => parseOptions(["--fast"])).toThrow();
});
