import { beforeEach, expect, it } from "vitest";
import { CODE_BITS } from "../layout.ts";
import { type CodeBytes, CodePages } from "./code-pages.ts";

interface Code extends CodeBytes<Code> {}

const PAGE = 0x3000;
const LONGEST = 480;
const MODE = 1;
const bits = (page = PAGE): bigint => view.getBigUint64(CODE_BITS + (page >>> 12) * 8, true);
const code = (physical: number, length: number, secondPage?: number, mode = MODE): Code => ({
  physical,
  mode,
  length,
  secondPage,
  nextInChunk: undefined,
});

let view: DataView;
let protectedPages: number[];
let pages: CodePages<Code>;

beforeEach(() => {
  view = new DataView(new ArrayBuffer(CODE_BITS + 0x100));
  protectedPages = [];
  pages = new CodePages(view, LONGEST, (page) => protectedPages.push(page));
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
  expect(pages.at(PAGE + 29, 1)).toEqual([one]);
  expect(pages.at(PAGE + 30, 1)).toEqual([other]);
  expect(pages.at(PAGE + 26, 4)).toEqual([one]);
  expect(new Set(pages.at(PAGE + 28, 4))).toEqual(new Set([one, other]));
  expect(pages.at(PAGE, 10)).toEqual([]);
  expect(pages.at(PAGE + 128, 64)).toEqual([other]);
  expect(pages.at(PAGE + 130, 1)).toEqual([]);
  expect(pages.within(PAGE, 0x1000)).toEqual(new Set([one, other]));
  expect(pages.within(PAGE + 0x1000, 0x1000)).toEqual(new Set());
});

it("finds one as long as can be by its last byte", () => {
  const block = code(PAGE + 0x3f, LONGEST);
  pages.add(block);
  expect(pages.at(PAGE + 0x3f + LONGEST - 1, 1)).toEqual([block]);
  expect(pages.at(PAGE + 0x3f + LONGEST, 1)).toEqual([]);
});

it("finds by address and mode what was added last, and what was there before once that is gone", () => {
  const [first, second, elsewhere] = [code(PAGE + 8, 20), code(PAGE + 8, 4), code(PAGE + 9, 4)] as const;
  const otherMode = code(PAGE + 8, 20, undefined, MODE + 1);
  for (const block of [first, second, elsewhere, otherMode]) pages.add(block);
  const found = (): unknown => [pages.find(PAGE + 8, MODE), pages.find(PAGE + 8, MODE + 1)];
  expect(found()).toEqual([second, otherMode]);
  pages.delete(second);
  expect(found()).toEqual([first, otherMode]);
  pages.delete(first);
  expect(found()).toEqual([undefined, otherMode]);
  expect(pages.find(PAGE + 9, MODE)).toBe(elsewhere);
  expect(pages.find(PAGE + 0x1008, MODE)).toBeUndefined();
});

it("an instruction that crosses pages is in both", () => {
  const second = PAGE + 0x5000;
  const block = code(PAGE + 0xffe, 5, second);
  pages.add(block);
  expect([bits(), bits(second)]).toEqual([1n << 63n, 1n]);
  expect(pages.at(second + 2, 1)).toEqual([block]);
  expect(pages.at(second + 3, 1)).toEqual([]);
  pages.delete(block);
  expect([bits(), bits(second)]).toEqual([0n, 0n]);
});

it("an instruction that goes on at the beginning of its own page is there once", () => {
  const block = code(PAGE + 0xffe, 5, PAGE);
  pages.add(block);
  expect(pages.at(PAGE, 0x1000)).toEqual([block]);
  expect(pages.at(PAGE + 2, 1)).toEqual([block]);
  pages.delete(block);
  expect(bits()).toBe(0n);
  expect(pages.at(PAGE, 0x1000)).toEqual([]);
});
