/** A combination of keys as a command names it, taken apart. */
export interface KeyCombination {
  host: boolean;
  ctrl: boolean;
  alt: boolean;
  shift: boolean;
  /** `KeyboardEvent.code` of the last key. */
  code: string;
}

const codes: Record<string, string> = {
  Del: "Delete",
  "\\": "Backslash",
  ",": "Comma",
  "[": "BracketLeft",
  "]": "BracketRight",
  Left: "ArrowLeft",
  Right: "ArrowRight",
};

function codeOf(name: string): string {
  if (/^[A-Z]$/.test(name)) return `Key${name}`;
  if (/^[0-9]$/.test(name)) return `Digit${name}`;
  return codes[name] ?? name;
}

export function parseKeys(keys: string): KeyCombination {
  const parts = keys.split("+");
  const last = parts.pop()!;
  const held = new Set(parts);
  return {
    host: held.has("Host"),
    ctrl: held.has("Ctrl"),
    alt: held.has("Alt"),
    shift: held.has("Shift"),
    code: codeOf(last),
  };
}

type Modifiers = Pick<KeyboardEvent, "code" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">;

/**
 * Whether a key press is this combination. With the host key held, other modifiers do not count (the host key may
 * itself be one of them). On macOS, `Ctrl` means Cmd.
 */
export function matchesKeys(
  combination: KeyCombination,
  event: Modifiers,
  hostHeld: boolean,
  mac: boolean,
): boolean {
  if (combination.code !== event.code || combination.host !== hostHeld) return false;
  if (hostHeld) return true;
  const ctrl = mac ? event.metaKey : event.ctrlKey;
  const other = mac ? event.ctrlKey : event.metaKey;
  return (
    combination.ctrl === ctrl &&
    !other &&
    combination.alt === event.altKey &&
    combination.shift === event.shiftKey
  );
}

/** A combination as a person reads it: `Right Ctrl+F`. */
export function describeKeys(keys: string, hostKeyName: string, mac: boolean): string {
  return keys
    .split("+")
    .map((part) => (part === "Host" ? hostKeyName : part === "Ctrl" && mac ? "Cmd" : part))
    .join("+");
}
