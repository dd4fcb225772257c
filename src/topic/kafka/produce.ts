/**
 * One whole batch to the leader of its partition, acknowledged by all replicas in sync. What a refusal means is for
 * whoever sends it.
 */
import type { Broker } from "./kafkajs-patch.ts";

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

/** Returns the offset of the batch's first record. */
export async function produceBatch(
  leader: Broker,
  { topic, partition, batch, transactionalId }: ProducedBatch,
): Promise<number> {
  const topicData = [{ topic, partitions: [{ partition, batch }] }];
  const { topics } = await leader.produce({ transactionalId, acks: -1, timeout: REPLICAS_MS_MAX, topicData });
  return Number(topics[0].partitions[0].baseOffset);
}
