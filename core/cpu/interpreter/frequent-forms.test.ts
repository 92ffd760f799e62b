import { expect, it } from "vitest";
import { frequentForms } from "./frequent-forms.ts";

it.each([32, 64] as const)("names each form of %i-bit code once, and none that is not flat", (codeSize) => {
  const forms = frequentForms(codeSize);
  expect(new Set(forms).size).toBe(forms.length);
  expect(forms.length).toBeGreaterThan(150);
  for (const { codeSize: size, address, stack, row } of forms) {
    expect(size, row.mnemonic).toBe(codeSize);
    expect(stack, row.mnemonic).not.toBe("checked16");
    expect(address, row.mnemonic).not.toBe("checked16");
  }
});
