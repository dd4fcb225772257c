/**
 * The batches of an output topic up to a certain end, each checked. Promises all of them: what an open transaction
 * hides from readers of committed records is waited for, as to take it for what is not there would put things out
 * twice. What the batches hold is for others.
 */
import { serviceError, stateError } from "../errors.ts";
import type { TopicReader } from "./contract.ts";
import { type BatchHeader, batchFault, readBatchHeader } from "./record-batch.ts";

const READ_BYTES = 1024 * 1024;
/** Brokers end a transaction whose producer died after a minute, as most clients have it; they look every 10 s. */
const HIDDEN_MS_MAX = 90_000;
/** A wait is broken off after this long, to see whether the command was told to end. */
const WAIT_MS = 1000;

export interface CheckedBatch {
  /** What holds the batch: good until the next one is asked for. */
  readonly bytes: Uint8Array;
  readonly batch: BatchHeader;
}

/**
 * Batches of partition 0 from the one that holds `start` on, up to offset `end`. Exit 4 for a damaged one, with the
 * hint; exit 3 where an open transaction hides some for `HIDDEN_MS_MAX`. `onWait` is called once if this takes a while.
 */
export async function* batchesUpTo(
  reader: TopicReader,
  start: number,
  end: number,
  damageHint: string,
  onWait: (text: string) => void,
): AsyncGenerator<CheckedBatch> {
  let waitedMs = 0;
  for (let offset = start; offset < end; ) {
    const { bytes, nextOffset } = await reader.read(0, offset, READ_BYTES);
    for (let at = 0; at < bytes.length; ) {
      const batch = readBatchHeader(bytes, at);
      const fault = batchFault(bytes, batch);
      if (fault !== undefined) {
        throw stateError(`the topic ${reader.topic} is damaged at offset ${batch.baseOffset}: ${fault}`, damageHint);
      }
      yield { bytes, batch };
      at += batch.bytes;
    }
    if (nextOffset > offset) {
      offset = nextOffset;
      waitedMs = 0;
      continue;
    }
    const hidden = `another producer's open transaction hides the topic ${reader.topic} from offset ${offset} on`;
    if (waitedMs >= HIDDEN_MS_MAX) {
      throw serviceError(hidden, "start again when the brokers have ended it, or end it with kafka-transactions.sh");
    }
    if (waitedMs === 0) onWait(`${hidden}: waiting for its end`);
    await reader.waitForMore(0, offset, AbortSignal.timeout(WAIT_MS));
    waitedMs += WAIT_MS;
  }
}
