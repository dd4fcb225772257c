/**
 * What a shard asks of the world around it, and is told by it: titles, which movies live where, what stands on the
 * outputs already. All of it answers at once; a shard never waits.
 */
import type { AlreadyOut } from "./epoch-outputs.ts";

export interface ShardSurroundings {
  titleOf(movieId: number): string | undefined;
  /** Called with each new movie: another partition that has counted it is exit 4. */
  claimMovie(movieId: number): void;
  readonly alreadyOut?: AlreadyOut | undefined;
  /** Told of each batch with a wrong CRC that is passed, by its offsets; without it, such a batch is exit 4. */
  readonly onCorrupt?: ((partition: number, firstOffset: number, lastOffset: number) => void) | undefined;
  /** Outputs of one epoch; `EPOCH_OUTPUTS_MAX` where it is not set. */
  readonly outputsMax?: number | undefined;
}
