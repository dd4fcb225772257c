/**
 * What a command has opened, to be closed in reverse order, whatever happens. Leaves it to each how it is closed.
 */
export class Closers {
  readonly #closers: (() => Promise<void>)[] = [];

  add<T extends { close(): Promise<void> } | (() => Promise<void>)>(opened: T): T {
    this.#closers.push(typeof opened === "function" ? opened : () => opened.close());
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
    for (const close of this.#closers.reverse()) {
      await close().catch((error) => warn(`while closing: ${error instanceof Error ? error.message : String(error)}`));
    }
  }
}
