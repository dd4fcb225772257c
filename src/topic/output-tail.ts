/**
 * Compares the tail of an output topic with what the log holds unconfirmed: which of those epochs stand there
 * already. Batches of other groups and topics, and what the log has confirmed, are passed over. Changes nothing.
 */
import { describeEpoch, type Epoch, type EpochIdentity, type RatingsSource, sameEpoch } from "../epoch.ts";
import { stateError } from "../errors.ts";
import { batchesUpTo } from "./batches-up-to.ts";
import type { TopicReader, UnconfirmedEpochs } from "./contract.ts";
import { type OutputOrigin, type OutputSide, readOutputOrigin } from "./output-batch.ts";

/** A batch of the source at hand, in an output topic. */
interface StandingBatch {
  readonly offset: number;
  readonly origin: OutputOrigin;
}

/** One output topic of a source. */
export interface OutputTopic {
  readonly topic: string;
  /** Where the topic is, for messages: "in ./tidemark-data", "on localhost:9092". */
  readonly place: string;
  readonly side: OutputSide;
  readonly source: RatingsSource;
}

/** What is read of an output topic. */
export interface Tail {
  readonly reader: TopicReader;
  /** Where to stop. */
  readonly end: number;
  /** Called when something before the end cannot be seen yet. */
  readonly onWait: (text: string) => void;
}

/** Exit 4 for a topic that ends, at `end`, before what the log knows of it. */
export function checkOutputEnd(
  { topic, place, side }: OutputTopic,
  log: readonly UnconfirmedEpochs[],
  end: number,
): void {
  const noted = Math.max(...log.map(({ ends }) => ends[side]));
  if (noted <= end) return;
  throw stateError(
    `the topic ${topic} ${place} ends at offset ${end}, but the checkpoint knows it up to ${noted}`,
    "the topic was replaced or cut: put it back from a copy, or start over with `tidemark process --rebuild`",
  );
}

/**
 * The unconfirmed epochs, by partition, that the topic holds; only those that put something on it. Exit 4 for a batch
 * of a shard that is not the one the log expects next.
 */
export async function findStandingEpochs(
  output: OutputTopic,
  tail: Tail,
  log: readonly UnconfirmedEpochs[],
): Promise<Map<number, EpochIdentity[]>> {
  const standing = new Map<number, EpochIdentity[]>();
  const batches = await readTail(output, tail, log);
  for (const { partition, epochs, ends } of log) {
    const expected = epochs.filter((epoch) => putsOn(output.side, epoch)).map((epoch) => epoch.identity);
    const found = batches
      .filter(({ offset, origin }) => origin.partition === partition && offset >= ends[output.side])
      .map(({ origin }) => origin.identity)
      // An epoch may be several batches, one after another.
      .filter((identity, index, all) => index === 0 || !sameEpoch(identity, all[index - 1]));
    // An output gets its epochs in order, so what stands there is the beginning of what is expected.
    const foreign = found.findIndex(
      (identity, index) => index >= expected.length || !sameEpoch(identity, expected[index]),
    );
    if (foreign >= 0) throw foreignEpoch(output, partition, found[foreign]);
    standing.set(partition, found);
  }
  return standing;
}

/** Whether an epoch puts any record on that topic. */
export function putsOn(side: OutputSide, epoch: Epoch): boolean {
  return epoch[side].length > 0;
}

/** The source's batches from the lowest of the log's ends on. */
async function readTail(
  { side, source }: OutputTopic,
  { reader, end, onWait }: Tail,
  log: readonly UnconfirmedEpochs[],
): Promise<StandingBatch[]> {
  const batches: StandingBatch[] = [];
  const start = Math.max((await reader.bounds(0)).start, Math.min(...log.map(({ ends }) => ends[side])));
  for await (const { bytes, batch } of batchesUpTo(reader, start, end, "put the topic back from a copy", onWait)) {
    const origin = readOutputOrigin(bytes, batch);
    if (origin?.group === source.group && origin.topic === source.topic) {
      batches.push({ offset: batch.baseOffset, origin });
    }
  }
  return batches;
}

function foreignEpoch({ topic, place }: OutputTopic, partition: number, found: EpochIdentity): Error {
  return stateError(
    `the topic ${topic} ${place} holds ${describeEpoch(found)} for partition ${partition}, ` +
      "which the checkpoint does not expect there",
    "the checkpoint is lost, old or another's: put the right one back, or start over with `tidemark process --rebuild`",
  );
}
