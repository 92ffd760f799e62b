/** What the window may do beyond showing itself. Everything else is refused. */

/** The window's own origin. */
export const ORIGIN = "app://twinbox";

/** The permissions that the console needs: capturing the mouse and the keyboard, full screen, copying. */
const PERMISSIONS: ReadonlySet<string> = new Set([
  "pointerLock",
  "keyboardLock",
  "fullscreen",
  "clipboard-sanitized-write",
]);

/** Is this the address of our own page or of a part of it? */
export function isOwnUrl(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed !== null && parsed.protocol === "app:" && parsed.host === "twinbox" && parsed.username === "";
}

/** May the page at `url` have it? */
export const allowsPermission = (permission: string, url: string): boolean =>
  PERMISSIONS.has(permission) && isOwnUrl(url);

/** What the sender of a message looks like to the main process; null when its frame is gone. */
export interface SenderFrame {
  url: string;
  parent: unknown;
}

/** Only our page's main frame is listened to. */
export const isOwnSender = (frame: SenderFrame | null): boolean =>
  frame !== null && frame.parent === null && isOwnUrl(frame.url);
