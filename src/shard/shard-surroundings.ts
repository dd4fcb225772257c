/**
 * What a shard asks of the world around it, and is told by it: titles, which movies live where, what is on the output
 * topics already. Everything is answered at once; a shard never waits.
 */
import type { AlreadyOut } from "./epoch-outputs.ts";

export interface ShardSurroundings {
  /** Free of U+0000, as `Titles` promises. */
  titleOf(movieId: number): string | undefined;
  /** Called with each new movie: another partition that has counted it is exit 4. */
  claimMovie(movieId: number): void;
  readonly alreadyOut?: AlreadyOut | undefined;
  /** Told of each batch with a wrong CRC that is skipped, by its offsets; without it, such a batch is exit 4. */
  readonly onCorrupt?: ((partition: number, firstOffset: number, lastOffset: number) => void) | undefined;
  /** Limit on the outputs of one epoch; `EPOCH_OUTPUTS_MAX` where it is not set. */
  readonly outputsMax?: number | undefined;
}
