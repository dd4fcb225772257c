/**
 * One whole batch to the leader of its partition, acknowledged by all replicas in sync. What a refusal means is for
 * whoever sends it, except for a batch that is too large.
 */
import { serviceError } from "../../errors.ts";
import type { Broker } from "./broker.ts";
import { protocolError } from "./errors.ts";

/** How long a leader may wait for its replicas. */
const REPLICAS_MS_MAX = 30_000;

export interface ProducedBatch {
  readonly topic: string;
  readonly partition: number;
  /** Signed by its producer. */
  readonly batch: Uint8Array;
  /** Null outside of a transaction. */
  readonly transactionalId: string | null;
}

/** Returns the offset of the batch's first record. Exit 3 where the topic takes no batch that large. */
export async function produceBatch(
  leader: Broker,
  { topic, partition, batch, transactionalId }: ProducedBatch,
): Promise<number> {
  const topicData = [{ topic, partitions: [{ partition, batch }] }];
  const request = { transactionalId, acks: -1, timeout: REPLICAS_MS_MAX, topicData } as const;
  const { topics } = await leader.produce(request).catch((error) => {
    const type = protocolError(error);
    if (type !== "MESSAGE_TOO_LARGE" && type !== "RECORD_LIST_TOO_LARGE") throw error;
    throw serviceError(
      `topic ${topic} does not take a batch of ${batch.length} bytes`,
      "raise the topic's max.message.bytes: 1048588, the brokers' default, is enough but for lines that are longer",
      error,
    );
  });
  return Number(topics[0].partitions[0].baseOffset);
}
