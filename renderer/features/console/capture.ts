import { create } from "zustand";
import type { KeyboardOwner } from "./key-router.ts";

interface CaptureState {
  /** Key of the pane whose guest has the keyboard. */
  keyboard: string | null;
  /** Key of the pane whose guest has the mouse. */
  mouse: string | null;
}

/** Which guest has keyboard and mouse, for the status bars. */
export const useCapture = create<CaptureState>()(() => ({ keyboard: null, mouse: null }));

/** A screen or terminal on the page that can take the keyboard. */
export interface CaptureTarget extends KeyboardOwner {
  readonly pane: string;
  /** Takes the keyboard. */
  focus(): void;
}

const targets = new Map<string, CaptureTarget>();

/** Makes a pane's screen or terminal known; the returned function takes it back. */
export function registerTarget(target: CaptureTarget): () => void {
  targets.set(target.pane, target);
  return () => {
    if (targets.get(target.pane) === target) targets.delete(target.pane);
    if (useCapture.getState().keyboard === target.pane) useCapture.setState({ keyboard: null });
  };
}

export const targetOf = (pane: string): CaptureTarget | null => targets.get(pane) ?? null;

export function keyboardOwner(): CaptureTarget | null {
  const { keyboard } = useCapture.getState();
  return keyboard === null ? null : targetOf(keyboard);
}

/**
 * Gives the keyboard to a pane's guest as soon as the pane can take it: right after a command the pane may not have
 * drawn its screen yet.
 */
export function captureSoon(pane: string): void {
  requestAnimationFrame(() => requestAnimationFrame(() => targetOf(pane)?.focus()));
}
