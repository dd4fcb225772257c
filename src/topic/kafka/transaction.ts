/**
 * Transactions under one transactional id (KIP-98): fencing whoever had the id before, and committing records and a
 * consumed offset together, once somebody else has done their part. One at a time. A commit that fails leaves its
 * outcome open: fence again, which settles it, then look at the committed offset.
 */
import { assert, serviceError } from "../../errors.ts";
import { isDoneWithin } from "../../unless-aborted.ts";
import type { Broker, ProducerIdentity } from "./broker.ts";
import type { KafkaConnection } from "./connection.ts";
import { protocolError } from "./errors.ts";
import { produceBatch } from "./produce.ts";
import { Sequences, signBatch } from "./sequence.ts";

/** A transaction left open by a dead owner is ended by the next fence, or by the broker after this long. */
const TRANSACTION_MS_MAX = 60_000;
/** A broker writes the markers of the transaction before in a few milliseconds, and refuses the next one until then. */
const CONCURRENT_PAUSE_MS = 3;
const CONCURRENT_TRIES_MAX = 10_000;
/**
 * How long a transaction with everything in it waits to be committed, before it is aborted instead: meanwhile it holds
 * up who reads committed records of others on the same topics.
 */
export const OPEN_MS_MAX = 1_000;

/** Records for partition 0 of an output topic. */
export interface OutputBatch {
  readonly topic: string;
  readonly batch: Uint8Array;
  readonly recordCount: number;
}

export interface ConsumedOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** What a fence gives: who we are, and the brokers to talk to until one of them goes away. */
interface Session {
  readonly transaction: ProducerIdentity & { readonly transactionalId: string };
  readonly coordinator: Broker;
  readonly sequences: Sequences;
}

export class Transactions {
  readonly #connection: KafkaConnection;
  readonly #transactionalId: string;
  #session: Session | undefined;

  constructor(connection: KafkaConnection, transactionalId: string) {
    this.#connection = connection;
    this.#transactionalId = transactionalId;
  }

  /** Shuts out earlier holders of the id; what they left open is aborted or, if its commit had begun, committed. */
  async fence(): Promise<void> {
    const transactionalId = this.#transactionalId;
    const request = { transactionalId, transactionTimeout: TRANSACTION_MS_MAX };
    this.#session = await this.#connection.withTransactionCoordinator(transactionalId, async (coordinator) => {
      const { producerId, producerEpoch } = await coordinator.initProducerId(request).catch((error) => {
        if (protocolError(error) !== "INVALID_TRANSACTION_TIMEOUT") throw error;
        throw serviceError(
          `the Kafka brokers ${this.#connection.place} allow no transaction to take ${TRANSACTION_MS_MAX} ms`,
          `raise the brokers' transaction.max.timeout.ms to ${TRANSACTION_MS_MAX} at least`,
          error,
        );
      });
      return { transaction: { producerId, producerEpoch, transactionalId }, coordinator, sequences: new Sequences() };
    });
  }

  /**
   * Resolves when everything is committed, with the offset after each batch's last record; nothing is before `ready`
   * resolves. Where that rejects, or takes too long, everything is aborted: undefined.
   */
  async commit(
    batches: readonly OutputBatch[],
    consumed: ConsumedOffset,
    ready: Promise<void>,
  ): Promise<number[] | undefined> {
    const session = this.#session;
    assert(session !== undefined, "a transaction begins after fence");
    const { transaction, coordinator } = session;
    const { group: groupId, topic, partition, offset, metadata } = consumed;
    const topics = [...new Set(batches.map((batch) => batch.topic))].map((name) => ({ topic: name, partitions: [0] }));
    if (topics.length > 0) {
      await this.#afterTheOneBefore(() => coordinator.addPartitionsToTxn({ ...transaction, topics }));
    }
    const ends: number[] = [];
    for (const batch of batches) ends.push(await this.#produce(batch, session));
    await this.#afterTheOneBefore(() => coordinator.addOffsetsToTxn({ ...transaction, groupId }));
    const offsets = [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }];
    await this.#connection.onceWithGroupCoordinator(groupId, (broker) =>
      broker.txnOffsetCommit({ ...transaction, groupId, topics: offsets }),
    );
    const transactionResult = await isDoneWithin(ready, OPEN_MS_MAX).catch(() => false);
    await this.#afterTheOneBefore(() => coordinator.endTxn({ ...transaction, transactionResult }));
    return transactionResult ? ends : undefined;
  }

  async #produce({ topic, batch, recordCount }: OutputBatch, { transaction, sequences }: Session): Promise<number> {
    signBatch(batch, transaction, sequences.next(topic, 0), true);
    sequences.advance(topic, 0, recordCount);
    const { transactionalId } = transaction;
    const baseOffset = await this.#connection.onceWithLeader(topic, 0, (leader) =>
      produceBatch(leader, { topic, partition: 0, batch, transactionalId }),
    );
    return baseOffset + recordCount;
  }

  async #afterTheOneBefore<T>(request: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await request();
      } catch (error) {
        if (protocolError(error) !== "CONCURRENT_TRANSACTIONS" || tries === CONCURRENT_TRIES_MAX) throw error;
      }
      await this.#connection.pause(CONCURRENT_PAUSE_MS);
    }
  }
}
