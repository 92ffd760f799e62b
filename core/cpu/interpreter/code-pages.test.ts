import { beforeEach, expect, it } from "vitest";
import { CODE_BITS } from "../layout.ts";
import { type CodeBytes, CodePages } from "./code-pages.ts";

const PAGE = 0x3000;
const view = new DataView(new ArrayBuffer(CODE_BITS + 0x100));
const bits = (page = PAGE): bigint => view.getBigUint64(CODE_BITS + (page >>> 12) * 8, true);
const code = (physical: number, length: number, secondPage?: number): CodeBytes => ({
  physical,
  length,
  secondPage,
});

let protectedPages: number[];
let pages: CodePages<CodeBytes>;

beforeEach(() => {
  protectedPages = [];
  pages = new CodePages(view, (page) => protectedPages.push(page));
});

it("a part of a page holds code until the last of its blocks is gone", () => {
  const [one, other, far] = [code(PAGE + 10, 20), code(PAGE + 60, 8), code(PAGE + 0xfc0, 64)] as const;
  for (const block of [one, other, far]) pages.add(block);
  expect(bits()).toBe((1n << 63n) | 3n);
  pages.delete(one);
  expect(bits()).toBe((1n << 63n) | 3n);
  pages.delete(other);
  expect(bits()).toBe(1n << 63n);
  pages.delete(far);
  expect(bits()).toBe(0n);
  expect(protectedPages).toEqual([PAGE]);
  pages.add(one);
  expect(protectedPages).toEqual([PAGE, PAGE]);
  pages.clear();
  expect(bits()).toBe(0n);
});

it("finds the blocks that have one of some bytes, not their neighbours", () => {
  const [one, other] = [code(PAGE + 10, 20), code(PAGE + 30, 100)] as const;
  for (const block of [one, other]) pages.add(block);
  expect([...pages.at(PAGE + 29, 1)]).toEqual([one]);
  expect([...pages.at(PAGE + 30, 1)]).toEqual([other]);
  expect([...pages.at(PAGE + 26, 4)]).toEqual([one]);
  expect([...pages.at(PAGE + 28, 4)]).toEqual([one, other]);
  expect([...pages.at(PAGE, 10)]).toEqual([]);
  expect([...pages.at(PAGE + 128, 64)]).toEqual([other]);
  expect([...pages.at(PAGE + 130, 1)]).toEqual([]);
  expect([...pages.within(PAGE, 0x1000)]).toEqual([one, other]);
  expect([...pages.within(PAGE + 0x1000, 0x1000)]).toEqual([]);
  pages.clear();
});

it("an instruction that crosses pages is in both", () => {
  const second = PAGE + 0x5000;
  const block = code(PAGE + 0xffe, 5, second);
  pages.add(block);
  expect([bits(), bits(second)]).toEqual([1n << 63n, 1n]);
  expect([...pages.at(second + 2, 1)]).toEqual([block]);
  expect([...pages.at(second + 3, 1)]).toEqual([]);
  pages.delete(block);
  expect([bits(), bits(second)]).toEqual([0n, 0n]);
});
