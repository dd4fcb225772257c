/**
 * Whether the ratings topic is still the one that the checkpoint was made from: it holds the offset that we go on from,
 * and the batch that we read last, if it is still there, is the same; and whether it will keep what a rebuild needs.
 * Only reads.
 */
import { MS_PER_DAY } from "../calendar.ts";
import { stateError } from "../errors.ts";
import type { Shard } from "../shard/shard.ts";
import type { LastBatch } from "../shard/slice-walk.ts";
import type { ShardStanding } from "../table/contract.ts";
import type { Keeping, TopicReader } from "../topic/contract.ts";
import { readBatchHeader } from "../topic/record-batch.ts";

/** Enough for a batch's header: a reader gives at least one batch whole. */
const READ_BYTES = 64 * 1024;

/** Exit 4 where the topic was replaced, cut, or restored to an earlier state; else the offset after its last record. */
export async function checkRatingsTopic(ratings: TopicReader, shard: Shard): Promise<number> {
  const { partition, offset, lastBatch } = shard;
  const bounds = await ratings.bounds(partition);
  if (lastBatch === undefined && offset === 0 && bounds.start > 0) throw lostStart(ratings, partition, bounds.start);
  if (offset < bounds.start || offset > bounds.end) {
    throw replaced(
      ratings,
      `the checkpoint stands at offset ${offset} of partition ${partition}, ` +
        `which holds ${bounds.start} to ${bounds.end}`,
    );
  }
  if (lastBatch !== undefined && lastBatch.baseOffset >= bounds.start) await checkBatch(ratings, partition, lastBatch);
  return bounds.end;
}

/** Exit 4 where another batch than the one that was read stands in its place. */
async function checkBatch(ratings: TopicReader, partition: number, wasRead: LastBatch): Promise<void> {
  const { bytes } = await ratings.read(partition, wasRead.baseOffset, READ_BYTES);
  if (bytes.length === 0) return;
  const header = readBatchHeader(bytes, 0);
  // A batch that begins later: ours is gone, by compaction. One that begins earlier: no batch ever had this boundary.
  if (header.baseOffset > wasRead.baseOffset) return;
  if (header.baseOffset < wasRead.baseOffset || header.crc !== wasRead.crc) {
    throw replaced(
      ratings,
      `the batch at offset ${header.baseOffset} of partition ${partition} is not the one that was read`,
    );
  }
}

/** Exit 4 where the topic holds less than the table was made from: nothing is overwritten with less. */
export async function checkTopicForRebuild(ratings: TopicReader, standings: readonly ShardStanding[]): Promise<void> {
  const partitions = Math.max(ratings.partitions, ...standings.map(({ partition }) => partition + 1));
  for (let partition = 0; partition < partitions; partition++) {
    const { start, end } = partition < ratings.partitions ? await ratings.bounds(partition) : { start: 0, end: 0 };
    const offset = standings.find((standing) => standing.partition === partition)?.offset ?? 0;
    if (start > 0) throw lostStart(ratings, partition, start);
    if (end < offset) {
      throw stateError(
        `partition ${partition} of topic ${ratings.topic} ends at offset ${end}, ` +
          `but the table was made from ${offset} records`,
        "a rebuild needs all ratings from the first on: put the topic back, or check the topic's name and the brokers",
      );
    }
  }
}

/** Without the first ratings, all results would be wrong. */
function lostStart(ratings: TopicReader, partition: number, start: number): Error {
  return stateError(
    `partition ${partition} of topic ${ratings.topic} has lost its start: it begins at offset ${start}`,
    "results need all ratings from the first on: put the topic back, or make it anew with `tidemark setup --drop` " +
      "and send them again; retention.ms=-1 keeps them",
  );
}

function replaced(ratings: TopicReader, what: string): Error {
  return stateError(
    `the topic ${ratings.topic} was replaced, cut or put back: ${what}`,
    "put the topic back as it was, or start `tidemark process --rebuild`; nothing was changed",
  );
}

/** What the log is to say of a ratings topic that is not kept whole for good. */
export function keepingWarnings(topic: string, keeping: Keeping | undefined): string[] {
  if (keeping === undefined) {
    return [`how long topic ${topic} keeps ratings cannot be seen: the user lacks the right DescribeConfigs`];
  }
  const { retentionMs, retentionBytes, isCompacted } = keeping;
  const gone = "or --rebuild will find them gone";
  const warnings: string[] = [];
  if (retentionMs < Number.POSITIVE_INFINITY) {
    const days = Math.round((retentionMs / MS_PER_DAY) * 10) / 10;
    warnings.push(`topic ${topic} keeps ratings for ${days} days only: set retention.ms=-1, ${gone}`);
  }
  if (retentionBytes < Number.POSITIVE_INFINITY) {
    warnings.push(`topic ${topic} keeps ${retentionBytes} bytes a partition only: set retention.bytes=-1, ${gone}`);
  }
  if (isCompacted) {
    const policy = "set cleanup.policy=delete";
    warnings.push(`topic ${topic} is compacted, which leaves one rating a movie: ${policy}, ${gone}`);
  }
  return warnings;
}
