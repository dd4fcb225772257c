/**
 * Where a result table stands, judged in the same words whichever database holds it: whose it is, who has claimed it,
 * and whether an epoch may be applied. `place` is how messages name the database. Reads and writes nothing.
 */
import { describeEpoch, type Epoch, type RatingsSource, sameEpoch } from "../epoch.ts";
import { stateError } from "../errors.ts";
import type { ShardStanding } from "./contract.ts";

/** Rows of `tidemark_shards` as standings. Exit 4 where they belong to another group or topic. */
export function standingsOf(
  rows: readonly Record<string, unknown>[],
  source: RatingsSource,
  place: string,
): ShardStanding[] {
  return rows.map((shard) => {
    if (shard.consumer_group !== source.group || shard.topic !== source.topic) {
      throw stateError(
        `the table in ${place} belongs to group ${shard.consumer_group}, topic ${shard.topic}, ` +
          `not to group ${source.group}, topic ${source.topic}`,
        "name that group and topic, or another database",
      );
    }
    return {
      partition: Number(shard.partition),
      epoch: { run: String(shard.epoch_run), owner: String(shard.epoch_owner), number: Number(shard.epoch_number) },
      offset: Number(shard.next_offset),
      claimant: String(shard.claimant),
    };
  });
}

/** Exit 4 unless the shards are there, all of them claimed by `claimant`. */
export function checkClaimed(shards: readonly ShardStanding[], claimant: string, place: string): void {
  const foreign = shards.find((shard) => shard.claimant !== claimant);
  if (foreign !== undefined || shards.length === 0) throw taken(foreign?.partition ?? 0, foreign, place);
}

/** Whether the epoch is in the table already. Exit 4 where it is not the next one, or another has claimed its shard. */
export function isApplied(
  { partition, identity, previous }: Pick<Epoch, "partition" | "identity" | "previous">,
  shards: readonly ShardStanding[],
  claimant: string,
  place: string,
): boolean {
  const found = shards.find((shard) => shard.partition === partition);
  if (found?.claimant !== claimant) throw taken(partition, found, place);
  if (sameEpoch(found.epoch, identity)) return true;
  if (sameEpoch(found.epoch, previous)) return false;
  throw stateError(
    `partition ${partition} of the result table in ${place} stands at ${describeEpoch(found.epoch)}, ` +
      `not at ${describeEpoch(previous)}`,
    "the table or the checkpoint was put back or replaced: run `tidemark process --rebuild`",
  );
}

function taken(partition: number, found: ShardStanding | undefined, place: string): Error {
  return stateError(
    `partition ${partition} of the result table in ${place} has been taken by another process` +
      (found === undefined ? ", or reset" : ` (${found.claimant})`),
    "let one process work for a group and topic; start it again once the other has ended",
  );
}
