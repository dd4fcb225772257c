/**
 * Fetch, version 13: the first that names a topic by its id (KIP-516), so that one that was deleted and made again
 * under the same name is never taken for the old one. Its bytes, as Kafka's FetchRequest.json and FetchResponse.json
 * have them; sends nothing. The records of a response are a view of it.
 */
import type { Buffer } from "node:buffer";
import { FlexibleReader, FlexibleWriter } from "./flexible-fields.ts";

export const FETCH_BY_ID_VERSION = 13;

/** Fields that we leave alone: sessions, leaders' epochs, which are brokers' among themselves, and racks. */
const NO_SESSION = 0;
const NO_SESSION_EPOCH = -1;
const NO_EPOCH = -1;
const NO_OFFSET = -1;
const NO_RACK = "";

export interface FetchRequest {
  readonly replicaId: -1;
  readonly isolationLevel: 0 | 1;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly PartitionToFetch[] }[];
}

export interface PartitionToFetch {
  readonly partition: number;
  /** The topic's; none where brokers gave it none, or it is to be found by its name. */
  readonly topicId?: string | undefined;
  readonly fetchOffset: number;
  readonly maxBytes: number;
}

/** A partition in a fetch response; `records` are batches, the last perhaps cut short. */
export interface FetchedPartition {
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly abortedTransactions: readonly { readonly producerId: number; readonly firstOffset: number }[];
  readonly records: Uint8Array;
}

/** From the last field of the request's header on. */
export function encodeFetchById(request: FetchRequest): Buffer {
  const writer = new FlexibleWriter();
  writer.end(); // Of the header.
  writer.int32(request.replicaId).int32(request.maxWaitTime).int32(request.minBytes).int32(request.maxBytes);
  writer.int8(request.isolationLevel).int32(NO_SESSION).int32(NO_SESSION_EPOCH);
  writer.array(request.topics, ({ partitions }) => {
    writer.uuid(partitions[0].topicId);
    writer.array(partitions, ({ partition, fetchOffset, maxBytes }) => {
      writer.int32(partition).int32(NO_EPOCH).int64(fetchOffset).int32(NO_EPOCH).int64(NO_OFFSET).int32(maxBytes);
      writer.end();
    });
    writer.end();
  });
  writer.array([], () => {}); // Topics that a session is to forget.
  writer.string(NO_RACK);
  return writer.end().finish();
}

/** What stands behind the response's correlation id, in KafkaJS's names. */
export function decodeFetchById(response: Buffer) {
  const reader = new FlexibleReader(response);
  reader.end(); // Of the header.
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  const sessionId = reader.int32();
  const responses = reader.array(() => {
    const topicName = reader.uuid();
    const partitions = reader.array(() => readPartition(reader));
    reader.end();
    return { topicName, partitions };
  });
  reader.end();
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

function readPartition(reader: FlexibleReader) {
  const partition = {
    partition: reader.int32(),
    errorCode: reader.int16(),
    highWatermark: reader.int64(),
    lastStableOffset: reader.int64(),
    lastStartOffset: reader.int64(),
    abortedTransactions: reader.array(() => {
      const aborted = { producerId: reader.int64(), firstOffset: reader.int64() };
      reader.end();
      return aborted;
    }),
    preferredReadReplica: reader.int32(),
    records: reader.bytes() ?? new Uint8Array(0),
  };
  reader.end();
  return partition;
}
