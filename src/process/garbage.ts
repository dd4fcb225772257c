/**
 * When garbage is collected. Left alone, the runtime does so whenever as much was made as is in use, some 24 MB, and
 * counts each piece of a response, although its memory was given back at once (`released.ts`): a pause of 2 ms for each
 * 600,000 ratings, in which next to nothing is found. And when it looks at all of the heap is its secret. So here all
 * is collected after so many bytes read, and until the topic's end is reached a ballast makes the runtime do it more
 * seldom: memory that counts as in use, but is never touched, so that the system never has to find it.
 */

/**
 * Bytes read before all garbage is collected: some 15 ms for 7 million ratings. Without it a long run would take tens
 * of megabytes more than a short one.
 */
export const COLLECT_BYTES = 256 * 1024 * 1024;
/** So much more garbage there may be, at the most. Four times as much is no faster. */
export const BALLAST_BYTES = 64 * 1024 * 1024;

export class Garbage {
  readonly #collect: (() => void) | undefined;
  /** Held, so that it is not garbage itself. */
  #ballast: ArrayBuffer;
  #uncollectedBytes = 0;

  /** `collect` collects all garbage; undefined where the runtime does not let us: then all is left to it. */
  constructor(collect: (() => void) | undefined) {
    this.#collect = collect;
    this.#ballast = new ArrayBuffer(collect === undefined ? 0 : BALLAST_BYTES);
  }

  get ballastBytes(): number {
    return this.#ballast.byteLength;
  }

  /** Notes that the end of the topic is reached: from here on epochs make the garbage, with time between them. */
  caughtUp(): void {
    this.#ballast = this.#ballast.transfer(0);
  }

  /** Notes that so many bytes of ratings were read and worked on. */
  afterReading(bytes: number): void {
    this.#uncollectedBytes += bytes;
    if (this.#uncollectedBytes < COLLECT_BYTES) return;
    this.#uncollectedBytes = 0;
    this.#collect?.();
  }
}
