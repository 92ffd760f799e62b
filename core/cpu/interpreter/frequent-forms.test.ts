import { expect, it } from "vitest";
import { ENDS } from "../decode/row.ts";
import { frequentForms, frequentPairs } from "./frequent-forms.ts";

it.each([32, 64] as const)("names each form of %i-bit code once, and none that is not flat", (codeSize) => {
  const forms = frequentForms(codeSize);
  expect(new Set(forms).size).toBe(forms.length);
  expect(forms.length).toBeGreaterThan(130);
  for (const { codeSize: size, address, stack, row } of forms) {
    expect(size, row.mnemonic).toBe(codeSize);
    expect(stack, row.mnemonic).not.toBe("checked16");
    expect(address, row.mnemonic).not.toBe("checked16");
  }
});

it.each([32, 64] as const)("names each pair of %i-bit code once, of forms that it names too", (codeSize) => {
  const forms = frequentForms(codeSize);
  const pairs = frequentPairs(codeSize);
  expect(new Set(pairs.map((pair) => pair.map(({ key }) => key).join())).size).toBe(pairs.length);
  for (const [first, second] of pairs) {
    expect(forms).toContain(first);
    expect(forms).toContain(second);
    // Nothing follows what ends a block.
    expect(first.row.flags & ENDS, first.row.mnemonic).toBe(0);
  }
});
