/** How characters and named combinations are struck on a US keyboard, by `KeyboardEvent.code`. */

const SHIFTED: Readonly<Record<string, string>> = {
  "~": "`",
  "!": "1",
  "@": "2",
  "#": "3",
  $: "4",
  "%": "5",
  "^": "6",
  "&": "7",
  "*": "8",
  "(": "9",
  ")": "0",
  _: "-",
  "+": "=",
  "{": "[",
  "}": "]",
  "|": "\\",
  ":": ";",
  '"': "'",
  "<": ",",
  ">": ".",
  "?": "/",
};

const PLAIN: Readonly<Record<string, string>> = {
  "`": "Backquote",
  "-": "Minus",
  "=": "Equal",
  "[": "BracketLeft",
  "]": "BracketRight",
  "\\": "Backslash",
  ";": "Semicolon",
  "'": "Quote",
  ",": "Comma",
  ".": "Period",
  "/": "Slash",
  " ": "Space",
  "\n": "Enter",
  "\r": "Enter",
  "\t": "Tab",
  "\b": "Backspace",
  "\x1b": "Escape",
};

const NAMED: Readonly<Record<string, string>> = {
  ctrl: "ControlLeft",
  control: "ControlLeft",
  rctrl: "ControlRight",
  alt: "AltLeft",
  ralt: "AltRight",
  altgr: "AltRight",
  shift: "ShiftLeft",
  rshift: "ShiftRight",
  meta: "MetaLeft",
  win: "MetaLeft",
  super: "MetaLeft",
  menu: "ContextMenu",
  enter: "Enter",
  return: "Enter",
  esc: "Escape",
  escape: "Escape",
  tab: "Tab",
  space: "Space",
  backspace: "Backspace",
  insert: "Insert",
  ins: "Insert",
  delete: "Delete",
  del: "Delete",
  home: "Home",
  end: "End",
  pageup: "PageUp",
  pgup: "PageUp",
  pagedown: "PageDown",
  pgdn: "PageDown",
  up: "ArrowUp",
  down: "ArrowDown",
  left: "ArrowLeft",
  right: "ArrowRight",
  capslock: "CapsLock",
  numlock: "NumLock",
  scrolllock: "ScrollLock",
  printscreen: "PrintScreen",
  sysrq: "PrintScreen",
  pause: "Pause",
  minus: "Minus",
  plus: "NumpadAdd",
};

/** The names that `KeyboardEvent.code` has for a PC keyboard's other keys. */
const CODE =
  /^(Key[A-Z]|Digit[0-9]|Numpad([0-9]|Add|Subtract|Multiply|Divide|Decimal|Enter)|(Control|Shift|Alt|Meta)(Left|Right)|Arrow(Up|Down|Left|Right)|Page(Up|Down)|Intl(Backslash|Ro|Yen)|ContextMenu|PrintScreen|(Caps|Num|Scroll)Lock|Bracket(Left|Right)|Backquote|Minus|Equal|Backslash|Semicolon|Quote|Comma|Period|Slash)$/;

/** The keys held down together to get a character, in order; null where a US keyboard has none for it. */
export function keysForCharacter(character: string): string[] | null {
  if (/^[a-z]$/.test(character)) return [`Key${character.toUpperCase()}`];
  if (/^[A-Z]$/.test(character)) return ["ShiftLeft", `Key${character}`];
  if (/^[0-9]$/.test(character)) return [`Digit${character}`];
  const unshifted = SHIFTED[character];
  if (unshifted !== undefined) return ["ShiftLeft", ...(keysForCharacter(unshifted) ?? [])];
  const code = PLAIN[character];
  return code === undefined ? null : [code];
}

/**
 * The keys of a combination such as `ctrl-alt-delete`, `f12`, `shift-a`, or one of `KeyboardEvent.code`'s own
 * names (`NumpadEnter`); null where a part of it is not known.
 */
export function keysForCombination(combination: string): string[] | null {
  const codes: string[] = [];
  for (const part of combination.split(/-(?!$)/)) {
    const name = part.toLowerCase();
    const code =
      NAMED[name] ??
      (/^f([1-9]|1[0-2])$/.test(name) ? name.toUpperCase() : undefined) ??
      (CODE.test(part) ? part : undefined) ??
      keysForCharacter(name)?.at(-1);
    if (code === undefined) return null;
    codes.push(code);
  }
  return codes.length > 0 ? codes : null;
}
