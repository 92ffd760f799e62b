import type { z } from "zod";

/** What the window remembers between reloads, one JSON value a key. Unreadable or foreign values are ignored. */
export function loadStored<T>(key: string, schema: z.ZodType<T>): T | null {
  try {
    const text = localStorage.getItem(`twinbox.${key}`);
    if (text === null) return null;
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Private windows may refuse storage; the window then works, and forgets. */
export function saveStored(key: string, value: unknown): void {
  try {
    localStorage.setItem(`twinbox.${key}`, JSON.stringify(value));
  } catch {}
}
