/** What is in a drive: bytes in sectors of 512, whatever holds them. A disk image's block device fits. */
export interface Medium {
  /** In bytes; a multiple of 512. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Offset and length are multiples of 512 within `size`. Rejects when the host cannot read. */
  read(offset: number, into: Uint8Array): Promise<void>;
  write(offset: number, from: Uint8Array): Promise<void>;
  /** Resolves when all that was written is on stable storage. */
  flush(): Promise<void>;
}

/**
 * The door by which the end of a transfer enters the machine: a drive's promise has settled at some moment of the
 * host, and `run` is called between two guest instructions.
 */
export interface Completion {
  defer(run: () => void): void;
}

/** How an access to a medium ended. */
export type Outcome = "done" | "failed";

/**
 * A drive's access to its medium, one at a time. An access that was abandoned, by a reset or by another state being
 * loaded, is never heard of again.
 */
export class MediumAccess {
  readonly #completion: Completion;
  #current = 0;
  #underWay = false;

  constructor(completion: Completion) {
    this.#completion = completion;
  }

  /** Whether an access is under way. */
  get busy(): boolean {
    return this.#underWay;
  }

  begin(access: () => Promise<void>, end: (outcome: Outcome) => void): void {
    const id = ++this.#current;
    this.#underWay = true;
    const settle = (outcome: Outcome) =>
      this.#completion.defer(() => {
        if (id !== this.#current) return;
        this.#underWay = false;
        end(outcome);
      });
    // A medium that throws instead of rejecting has failed all the same.
    (async () => access())().then(
      () => settle("done"),
      () => settle("failed"),
    );
  }

  abandon(): void {
    this.#current++;
    this.#underWay = false;
  }
}
