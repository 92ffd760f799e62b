import type { Host } from "./host.ts";

let current: Host | undefined;

/** The shell this window runs in. Set once, before anything is drawn. */
export function setHost(host: Host): void {
  current = host;
}

export function currentHost(): Host {
  if (!current) throw new Error("the window has no host yet");
  return current;
}
