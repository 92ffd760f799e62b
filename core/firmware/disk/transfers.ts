/** What {@link Transfers.run} answers while the transfer is under way. */
export const PENDING = Symbol("pending");

/** A transfer that has failed. */
export class TransferFailure {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/**
 * The one transfer that a service waits for. A service that has to wait is called again with the same registers, so it
 * asks for the same transfer again: the first time it is started, later its result is handed out, once. Nothing here needs
 * saving: in a restored machine the service's next call starts the transfer anew.
 */
export class Transfers {
  #current: { result: unknown } | undefined;
  readonly #onDone: () => void;

  constructor(onDone: () => void) {
    this.#onDone = onDone;
  }

  run<T>(start: () => Promise<T>): T | TransferFailure | typeof PENDING {
    const current = this.#current;
    if (current) {
      if (current.result !== PENDING) this.#current = undefined;
      return current.result as T | TransferFailure | typeof PENDING;
    }
    const started: { result: unknown } = { result: PENDING };
    this.#current = started;
    const finish = (result: unknown) => {
      started.result = result;
      if (this.#current === started) this.#onDone();
    };
    start().then(finish, (cause) => finish(new TransferFailure(cause)));
    return PENDING;
  }

  /** Forgets the transfer under way; its result goes nowhere. */
  reset(): void {
    this.#current = undefined;
  }
}
