/**
 * Compares the tail of an output topic with what the log holds unconfirmed: which of those epochs stand there
 * already. Batches of other groups and topics, and what the log has confirmed, are passed over. Changes nothing.
 */
import { describeEpoch, type Epoch, type EpochIdentity, sameEpoch } from "../epoch.ts";
import { assert, stateError } from "../errors.ts";
import type { TopicReader, UnconfirmedEpochs } from "./contract.ts";
import { type OutputOrigin, type OutputSide, type OutputSource, readOutputOrigin } from "./output-batch.ts";
import { batchFault, readBatchHeader } from "./record-batch.ts";

const READ_BYTES = 1024 * 1024;

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
  readonly source: OutputSource;
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
  reader: TopicReader,
  log: readonly UnconfirmedEpochs[],
): Promise<Map<number, EpochIdentity[]>> {
  const standing = new Map<number, EpochIdentity[]>();
  const batches = await readTail(output, reader, log);
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
  { topic, side, source }: OutputTopic,
  reader: TopicReader,
  log: readonly UnconfirmedEpochs[],
): Promise<StandingBatch[]> {
  const batches: StandingBatch[] = [];
  const { start, end } = await reader.bounds(0);
  for (let offset = Math.max(start, Math.min(...log.map(({ ends }) => ends[side]))); offset < end; ) {
    const slice = await reader.read(0, offset, READ_BYTES);
    assert(slice.nextOffset > offset, "a topic can be read up to its end");
    batches.push(...batchesOf(slice.bytes, topic, source));
    offset = slice.nextOffset;
  }
  return batches;
}

function batchesOf(bytes: Uint8Array, topic: string, source: OutputSource): StandingBatch[] {
  const batches: StandingBatch[] = [];
  for (let at = 0; at < bytes.length; ) {
    const batch = readBatchHeader(bytes, at);
    const fault = batchFault(bytes, batch);
    if (fault !== undefined) {
      throw stateError(
        `the topic ${topic} is damaged at offset ${batch.baseOffset}: ${fault}`,
        "put the topic back from a copy",
      );
    }
    const origin = readOutputOrigin(bytes, batch);
    if (origin?.group === source.group && origin.topic === source.topic)
      batches.push({ offset: batch.baseOffset, origin });
    at += batch.bytes;
  }
  return batches;
}

/** What stands at an output that the log does not account for. */
function foreignEpoch({ topic, place }: OutputTopic, partition: number, found: EpochIdentity): Error {
  return stateError(
    `the topic ${topic} ${place} holds ${describeEpoch(found)} for partition ${partition}, ` +
      "which the checkpoint does not expect there",
    "the checkpoint is lost, old or another's: put the right one back, or start over with `tidemark process --rebuild`",
  );
}
