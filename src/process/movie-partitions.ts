/**
 * Which partition of the ratings topic each movie lives in. Results are right only while it is one partition: a movie
 * in two is exit 4, as its rows would be wrong. Knows the movies of this process's shards; none where there is one.
 */
import { stateError } from "../errors.ts";
import type { Shard } from "../shard/shard.ts";

export class MoviePartitions {
  readonly #partitionOf = new Map<number, number>();
  readonly #partitions: number;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** Notes a movie seen in a partition. */
  claim(movieId: number, partition: number): void {
    if (this.#partitions === 1) return;
    const known = this.#partitionOf.get(movieId);
    if (known === undefined) this.#partitionOf.set(movieId, partition);
    else if (known !== partition) {
      throw stateError(
        `movie ${movieId} has ratings in partitions ${known} and ${partition} of the ratings topic`,
        "send ratings keyed by the movie id, as `tidemark produce` does, to a topic whose number of partitions stays",
      );
    }
  }

  /** Notes all movies that a shard knows from its checkpoint. */
  claimAll({ movies, partition }: Shard): void {
    for (let slot = 0; slot < movies.count; slot++) this.claim(movies.idOf(slot), partition);
  }
}
