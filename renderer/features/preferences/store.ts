import { z } from "zod";
import { create } from "zustand";
import { loadStored, saveStored } from "../../ui/storage.ts";

/** Which way a guest's picture is sized; see `scaling.ts` of the console. */
export const scaleModes = ["fit", "whole", "actual"] as const;

const preferencesSchema = z.object({
  theme: z.enum(["system", "light", "dark"]),
  /** `KeyboardEvent.code` of the key that releases keyboard and mouse. */
  hostKey: z.enum(["ControlRight", "MetaLeft", "AltRight", "ShiftRight", "ScrollLock", "F12"]),
  scaleMode: z.enum(scaleModes),
  /** Makes terminals readable by screen readers, at some cost in speed. */
  screenReader: z.boolean(),
});

export type Preferences = z.infer<typeof preferencesSchema>;

export const isMac = /Mac/.test(globalThis.navigator?.platform ?? "");

const defaults: Preferences = {
  theme: "system",
  hostKey: isMac ? "MetaLeft" : "ControlRight",
  scaleMode: "fit",
  screenReader: false,
};

export const usePreferences = create<Preferences>()(
  () => loadStored("preferences", preferencesSchema) ?? defaults,
);

export function setPreferences(change: Partial<Preferences>): void {
  usePreferences.setState(change);
  saveStored("preferences", usePreferences.getState());
}

/** Words on the keycap of each key that may be the host key. */
export const hostKeyNames: Record<Preferences["hostKey"], string> = {
  ControlRight: "Right Ctrl",
  MetaLeft: isMac ? "Left Cmd" : "Left Super",
  AltRight: isMac ? "Right Option" : "Right Alt",
  ShiftRight: "Right Shift",
  ScrollLock: "Scroll Lock",
  F12: "F12",
};

/** Keeps the document's theme attribute as the preference says. */
export function followTheme(): void {
  const apply = ({ theme }: Preferences) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  apply(usePreferences.getState());
  usePreferences.subscribe(apply);
}
