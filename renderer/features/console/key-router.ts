/** Who has the keyboard: a guest's screen, or a terminal that is fed by the browser itself. */
export interface KeyboardOwner {
  /** Gets each key instead of the window; left out where the element handles its own. */
  press?(code: string): void;
  lift?(code: string): void;
  /** Gives the keyboard (and the mouse) back to the window. */
  release(): void;
}

export interface KeyRouterOptions {
  hostKey(): string;
  /** The owner, if a guest has the keyboard now. */
  owner(): KeyboardOwner | null;
  /** The host key was pressed and released alone while the window had the keyboard: give it to the guest. */
  capture(): void;
  /** Runs the command of a combination; true if there is one. */
  runShortcut(event: KeyboardEvent, hostHeld: boolean): boolean;
}

/**
 * Decides for each key press whether it belongs to the window or to a guest. While a guest has the keyboard it gets
 * everything but the host key and combinations with it: nothing a guest does can keep the keyboard.
 */
export class KeyRouter {
  #hostHeld = false;
  #usedInCombination = false;
  /** Keys whose press the window has taken, so that the guest never sees their release. */
  readonly #swallowed = new Set<string>();
  readonly #options: KeyRouterOptions;

  constructor(options: KeyRouterOptions) {
    this.#options = options;
  }

  keyDown(event: KeyboardEvent): void {
    const owner = this.#options.owner();
    // In the window's own fields the host key is what it is anywhere else: Right Ctrl+C copies.
    if (!owner && isField(event.target)) {
      if (this.#options.runShortcut(event, false)) consume(event);
      return;
    }
    if (event.code === this.#options.hostKey()) {
      if (!this.#hostHeld) this.#usedInCombination = false;
      this.#hostHeld = true;
      if (owner) consume(event);
      return;
    }
    if (this.#hostHeld) {
      this.#usedInCombination = true;
      // A bare modifier only extends the combination.
      if (this.#options.runShortcut(event, true) || owner) {
        this.#swallowed.add(event.code);
        consume(event);
      }
      return;
    }
    if (owner?.press) {
      consume(event);
      owner.press(event.code);
      return;
    }
    if (this.#options.runShortcut(event, false)) {
      this.#swallowed.add(event.code);
      consume(event);
    }
  }

  keyUp(event: KeyboardEvent): void {
    const owner = this.#options.owner();
    if (event.code === this.#options.hostKey()) {
      const alone = this.#hostHeld && !this.#usedInCombination;
      this.#hostHeld = false;
      if (!alone) return;
      consume(event);
      if (owner) owner.release();
      else this.#options.capture();
      return;
    }
    if (this.#swallowed.delete(event.code)) {
      consume(event);
      return;
    }
    if (owner?.lift) {
      consume(event);
      owner.lift(event.code);
    }
  }

  /** The window has lost the keyboard: releases will not be seen. */
  reset(): void {
    this.#hostHeld = false;
    this.#swallowed.clear();
  }
}

function consume(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopPropagation();
}

const isField = (target: EventTarget | null): boolean =>
  typeof HTMLElement !== "undefined" &&
  target instanceof HTMLElement &&
  target.matches("input, textarea, select, [contenteditable]");
