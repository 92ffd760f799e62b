import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveStatic } from "./static-files.ts";

test.each([
  ["/", "index.html"],
  ["/index.html", "index.html"],
  ["/assets/a%20b.js", "assets/a b.js"],
])("%s is %s in the folder", (url, path) => {
  expect(resolveStatic("/window", url)).toBe(join("/window", path));
});

test.each([
  "/..",
  "/../a.js",
  "/a/../../b.js",
  "/%2e%2e/a.js",
  "/a/..%2f..%2fb.js",
  "/..%5ca.js",
  "/c:/a.js",
  "/.env",
  "/a/.b.js",
  "//a.js",
  "/a%00.js",
  "/%ff.js",
  "/a",
  "/a.ts",
  "a.js",
  "",
])("%s leads nowhere", (url) => {
  expect(resolveStatic("/window", url)).toBeNull();
});
