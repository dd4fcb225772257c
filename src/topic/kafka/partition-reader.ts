/**
 * Reads one partition of a Kafka topic: raw batches of committed records, over a connection of its own, as a broker
 * answers a connection's requests in order and a long poll would hold up all behind it. Waiting for more is such a
 * poll, and what it brings is kept for the next `read`, so that a new record costs one round trip.
 */
import { stateError } from "../../errors.ts";
import type { Bounds, Slice } from "../contract.ts";
import type { KafkaConnection } from "./connection.ts";
import { protocolError } from "./errors.ts";
import { readableBatches } from "./fetched-batches.ts";
import type { FetchedPartition } from "./kafkajs-patch.ts";

/** Timestamps that ask for an offset (Kafka protocol guide, ListOffsets). */
const EARLIEST = -2;
const LATEST = -1;
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
/** A broker answers a poll at once when a record comes, else after so long. */
const POLL_MS = 500;
/** What a poll brings at most: waiting is over with the first record. */
const POLL_BYTES = 1024 * 1024;

interface Poll {
  readonly offset: number;
  readonly slice: Promise<Slice>;
}

export class KafkaPartitionReader {
  readonly #connection: KafkaConnection;
  readonly #topic: string;
  readonly #partition: number;
  /** A poll under way, or what it brought, until it is read. */
  #poll: Poll | undefined;

  constructor(connection: KafkaConnection, topic: string, partition: number) {
    this.#connection = connection;
    this.#topic = topic;
    this.#partition = partition;
  }

  async bounds(): Promise<Bounds> {
    return {
      start: await this.#listOffset(EARLIEST, READ_COMMITTED),
      end: await this.#listOffset(LATEST, READ_COMMITTED),
    };
  }

  /** The offset after the last record, committed or not. */
  highWatermark(): Promise<number> {
    return this.#listOffset(LATEST, READ_UNCOMMITTED);
  }

  async read(offset: number, maxBytes: number): Promise<Slice> {
    const poll = this.#poll;
    if (poll?.offset === offset) {
      this.#poll = undefined;
      const slice = await poll.slice;
      if (slice.nextOffset > offset) return slice;
    }
    return this.#fetch(offset, maxBytes, 0);
  }

  /** Resolves when there is more after `offset`; rejects when the connection is closed. */
  async poll(offset: number): Promise<void> {
    for (;;) {
      if (this.#poll?.offset !== offset) {
        const slice = this.#fetch(offset, POLL_BYTES, POLL_MS);
        // Its failure is met when it is awaited; until then it must not count as unhandled.
        slice.catch(() => {});
        this.#poll = { offset, slice };
      }
      const { slice } = this.#poll;
      if ((await slice).nextOffset > offset) return;
      if (this.#poll?.slice === slice) this.#poll = undefined;
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #fetch(offset: number, maxBytes: number, maxWaitTime: number): Promise<Slice> {
    const [topic, partition] = [this.#topic, this.#partition];
    const { records, abortedTransactions, lastStableOffset } = await this.#connection.withLeader(
      topic,
      partition,
      async (leader) => {
        const partitions = [{ partition, fetchOffset: offset, maxBytes }];
        const { responses } = await leader
          .fetch({
            replicaId: -1,
            isolationLevel: READ_COMMITTED,
            maxWaitTime,
            minBytes: 1,
            maxBytes,
            topics: [{ topic, partitions }],
          })
          .catch((error) => {
            throw protocolError(error) === "OFFSET_OUT_OF_RANGE" ? this.#outOfRange(offset, error) : error;
          });
        return responses[0].partitions[0] as FetchedPartition;
      },
    );
    const batches = readableBatches(records, offset, abortedTransactions, `partition ${partition} of topic ${topic}`);
    return { ...batches, isLast: batches.nextOffset >= lastStableOffset };
  }

  async #listOffset(timestamp: number, isolationLevel: 0 | 1): Promise<number> {
    const [topic, partition] = [this.#topic, this.#partition];
    return this.#connection.withLeader(topic, partition, async (leader) => {
      const topics = [{ topic, partitions: [{ partition, timestamp }] }];
      const { responses } = await leader.listOffsets({ replicaId: -1, isolationLevel, topics });
      return Number(responses[0].partitions[0].offset);
    });
  }

  #outOfRange(offset: number, cause: unknown): Error {
    const where = `partition ${this.#partition} of topic ${this.#topic} on ${this.#connection.place}`;
    return stateError(
      `${where} does not hold offset ${offset}`,
      "the topic was replaced or cut: put it back as it was, or start over with `tidemark process --rebuild`",
      cause,
    );
  }
}
