import { beforeEach, describe, expect, test } from "vitest";
import { type KeyboardOwner, KeyRouter } from "./key-router.ts";

let log: string[];
let owner: KeyboardOwner | null;
let router: KeyRouter;

const guest: KeyboardOwner = {
  press: (code) => log.push(`press ${code}`),
  lift: (code) => log.push(`lift ${code}`),
  release: () => log.push("release"),
};

/** What a terminal is: the browser feeds it, so that only the host key matters. */
const terminal: KeyboardOwner = { release: () => log.push("release") };

beforeEach(() => {
  log = [];
  owner = null;
  router = new KeyRouter({
    hostKey: () => "ControlRight",
    owner: () => owner,
    capture: () => log.push("capture"),
    runShortcut(event, hostHeld) {
      if (event.code !== "KeyF") return false;
      log.push(hostHeld ? "shortcut with host" : "shortcut");
      return true;
    },
  });
});

/** True if the page and the browser do not see the key. */
function event(type: "keyDown" | "keyUp", code: string): boolean {
  let consumed = false;
  const fake = { code, target: null, preventDefault: () => (consumed = true), stopPropagation() {} };
  router[type](fake as unknown as KeyboardEvent);
  return consumed;
}

describe("while a guest has the keyboard", () => {
  beforeEach(() => {
    owner = guest;
  });

  test("it gets every key, those of the window's shortcuts too, and the browser none", () => {
    expect(event("keyDown", "KeyF")).toBe(true);
    expect(event("keyUp", "KeyF")).toBe(true);
    expect(event("keyDown", "Tab")).toBe(true);
    expect(log).toEqual(["press KeyF", "lift KeyF", "press Tab"]);
  });

  test("the host key alone releases, and the guest never sees it", () => {
    event("keyDown", "ControlRight");
    event("keyDown", "ControlRight");
    event("keyUp", "ControlRight");
    expect(log).toEqual(["release"]);
  });

  test("a combination with the host key runs, and does not release", () => {
    event("keyDown", "ControlRight");
    event("keyDown", "KeyF");
    event("keyUp", "KeyF");
    event("keyUp", "ControlRight");
    expect(log).toEqual(["shortcut with host"]);
  });

  test("an unknown combination is kept from guest and browser", () => {
    event("keyDown", "ControlRight");
    expect(event("keyDown", "KeyW")).toBe(true);
    expect(event("keyUp", "KeyW")).toBe(true);
    expect(log).toEqual([]);
  });

  test("after the window lost the focus with the host key down, the next key is the guest's", () => {
    event("keyDown", "ControlRight");
    router.reset();
    event("keyDown", "KeyA");
    expect(log).toEqual(["press KeyA"]);
  });
});

test("a terminal's keys are left to the browser, but the host key releases it", () => {
  owner = terminal;
  expect(event("keyDown", "KeyA")).toBe(false);
  event("keyDown", "ControlRight");
  event("keyUp", "ControlRight");
  expect(log).toEqual(["release"]);
});

test("while the window has the keyboard, shortcuts run and the host key gives it to the guest", () => {
  expect(event("keyDown", "KeyF")).toBe(true);
  expect(event("keyDown", "KeyA")).toBe(false);
  event("keyDown", "ControlRight");
  event("keyUp", "ControlRight");
  expect(log).toEqual(["shortcut", "capture"]);
});
