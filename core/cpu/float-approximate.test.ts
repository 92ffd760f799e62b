import { expect, it } from "vitest";
import { RUNTIME_WASM } from "../generated/runtime-wasm.ts";
import { createFloatMachine } from "./testing/float-machine.ts";

const { f, view, destination, source } = createFloatMachine(Buffer.from(RUNTIME_WASM, "base64"));

/** What an approximation makes of the bits of one number. */
function approximate(name: "sse_rcp" | "sse_rsqrt", bits: number): number {
  view.setUint32(source, bits, true);
  f[name]!(destination, source, 1);
  return view.getUint32(destination, true);
}

const NAN = 0x7f812345;
const QUIETED = 0x7fc12345;

it.each([
  ["sse_rcp", 0x40000000, 0x3f000000],
  ["sse_rcp", 0x00000000, 0x7f800000],
  ["sse_rcp", 0x807fffff, 0xff800000],
  ["sse_rcp", 0xff800000, 0x80000000],
  ["sse_rcp", 0xff000000, 0x80000000],
  ["sse_rcp", NAN, QUIETED],
  ["sse_rsqrt", 0x40800000, 0x3f000000],
  ["sse_rsqrt", 0x80000000, 0xff800000],
  ["sse_rsqrt", 0x00000001, 0x7f800000],
  ["sse_rsqrt", 0x7f800000, 0x00000000],
  ["sse_rsqrt", 0xbf800000, 0xffc00000],
  ["sse_rsqrt", NAN, QUIETED],
] as const)("%s of %i", (name, bits, expected) => {
  expect(approximate(name, bits).toString(16)).toBe(expected.toString(16));
});

it("packed forms write four lanes, scalar forms one", () => {
  for (let lane = 0; lane < 4; lane++) {
    view.setFloat32(source + lane * 4, 2 ** lane, true);
    view.setFloat32(destination + lane * 4, 7, true);
  }
  const lanes = () => [0, 4, 8, 12].map((at) => view.getFloat32(destination + at, true));
  f.sse_rcp!(destination, source, 1);
  expect(lanes()).toEqual([1, 7, 7, 7]);
  f.sse_rcp!(destination, source, 4);
  expect(lanes()).toEqual([1, 0.5, 0.25, 0.125]);
});
