/**
 * What a command has opened, to be closed whatever happens: side by side, as each waits for answers, and the lock that
 * all of it was opened under when the rest is closed. Leaves it to each how it is closed.
 */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];
  #releaseLock = () => {};

  /** The lock that is held while anything is open. */
  under(lock: { release(): void }): void {
    this.#releaseLock = () => lock.release();
  }

  add<T extends { close(): Promise<void> }>(opened: T): T {
    this.#closers.push(() => opened.close());
    return opened;
  }

  /** Several that are being opened side by side: all of them are waited for, then the first failure is thrown. */
  async addAll<T extends { close(): Promise<void> }>(opening: readonly Promise<T>[]): Promise<T[]> {
    const settled = await Promise.allSettled(opening);
    const opened = settled.flatMap((result) => (result.status === "fulfilled" ? [this.add(result.value)] : []));
    for (const result of settled) if (result.status === "rejected") throw result.reason;
    return opened;
  }

  /** All of them, also when one fails; what made us close matters more than that one could not. */
  async closeAll(warn: (text: string) => void): Promise<void> {
    const tell = (error: unknown) => warn(`while closing: ${error instanceof Error ? error.message : String(error)}`);
    await Promise.all(this.#closers.map((close) => close().catch(tell)));
    this.#releaseLock();
  }
}
