/**
 * The keys that a guest believes to be down. Physical keys go through by `KeyboardEvent.code`, so that the guest's
 * own layout applies; repeats are left to the guest's keyboard, which has its own.
 */
export class GuestKeyboard {
  readonly #down = new Set<string>();
  readonly #send: (code: string, down: boolean) => void;
  readonly #mac: boolean;

  constructor(send: (code: string, down: boolean) => void, mac: boolean) {
    this.#send = send;
    this.#mac = mac;
  }

  press(code: string): void {
    if (code === "" || this.#down.has(code)) return;
    this.#down.add(code);
    this.#send(code, true);
  }

  release(code: string): void {
    if (!this.#down.delete(code)) return;
    this.#send(code, false);
    // macOS does not tell of keys released while Cmd is held.
    if (this.#mac && (code === "MetaLeft" || code === "MetaRight")) this.releaseAll();
  }

  /** Lets go of everything, last pressed first: the window has lost the keyboard. */
  releaseAll(): void {
    for (const code of [...this.#down].reverse()) this.#send(code, false);
    this.#down.clear();
  }
}
