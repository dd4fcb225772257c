/**
 * Compares the tail of an embedded output topic with what the log holds unconfirmed: which of those epochs stand there
 * already. Batches of other groups and topics, and what the log has confirmed, are passed over. Changes nothing.
 */
import { describeEpoch, type Epoch, type EpochIdentity, sameEpoch } from "../../epoch.ts";
import { assert, stateError } from "../../errors.ts";
import type { UnconfirmedEpochs } from "../contract.ts";
import { batchFault, readBatchHeader } from "../record-batch.ts";
import { type OutputOrigin, type OutputSide, type OutputSource, readOutputOrigin } from "./output-batch.ts";
import { LocalTopicReader } from "./reader.ts";

const READ_BYTES = 1024 * 1024;

/** A batch of the source at hand, in an output topic. */
interface StandingBatch {
  readonly offset: number;
  readonly origin: OutputOrigin;
}

/** One output topic of a source. */
export interface OutputTopic {
  readonly home: string;
  readonly topic: string;
  readonly side: OutputSide;
  readonly source: OutputSource;
}

/**
 * The unconfirmed epochs, by partition, that the topic holds; only those that put something on it. Exit 4 for a topic
 * that ends before the log's ends, and for a batch of a shard that is not the one the log expects next.
 */
export async function findStandingEpochs(
  output: OutputTopic,
  log: readonly UnconfirmedEpochs[],
): Promise<Map<number, EpochIdentity[]>> {
  const standing = new Map<number, EpochIdentity[]>();
  const batches = await readTail(output, log);
  for (const { partition, epochs, ends } of log) {
    const expected = epochs.filter((epoch) => putsOn(output.side, epoch)).map((epoch) => epoch.identity);
    const found = batches
      .filter(({ offset, origin }) => origin.partition === partition && offset >= ends[output.side])
      .map(({ origin }) => origin.identity);
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
  { home, topic, side, source }: OutputTopic,
  log: readonly UnconfirmedEpochs[],
): Promise<StandingBatch[]> {
  const batches: StandingBatch[] = [];
  const reader = await LocalTopicReader.open(home, topic);
  try {
    const { start, end } = await reader.bounds(0);
    const noted = log.map(({ ends }) => ends[side]);
    if (Math.max(...noted) > end) {
      throw stateError(
        `the topic ${topic} in ${home} ends at offset ${end}, but the checkpoint knows it up to ${Math.max(...noted)}`,
        "the topic was replaced or cut: put it back from a copy, or start over with `tidemark process --rebuild`",
      );
    }
    for (let offset = Math.max(start, Math.min(...noted)); offset < end; ) {
      const slice = await reader.read(0, offset, READ_BYTES);
      assert(slice.nextOffset > offset, "a topic can be read up to its end");
      batches.push(...batchesOf(slice.bytes, topic, source));
      offset = slice.nextOffset;
    }
  } finally {
    await reader.close();
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

function foreignEpoch({ home, topic }: OutputTopic, partition: number, found: EpochIdentity): Error {
  return stateError(
    `the topic ${topic} in ${home} holds ${describeEpoch(found)} for partition ${partition}, ` +
      "which the checkpoint does not expect there",
    "the checkpoint is lost, old or another's: put the right one back, or start over with `tidemark process --rebuild`",
  );
}
