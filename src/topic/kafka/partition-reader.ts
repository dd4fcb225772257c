/**
 * Reads one partition of a Kafka topic: raw batches of committed records, over a connection of its own, as a broker
 * answers a connection's requests in order and a long poll would hold up all behind it. Waiting for more is such a
 * poll, and what it brings is kept for the next `read`, so that a new record costs one round trip.
 *
 * The topic is the one of the id that it is given (KIP-516): another one of the same name is exit 4, and nothing of it
 * is given. Brokers before 3.1 fetch by name: there, all that is found is an offset that the topic does not reach.
 */
import { stateError } from "../../errors.ts";
import { type Bounds, RemadeTopic, type Slice } from "../contract.ts";
import type { Broker } from "./broker.ts";
import type { KafkaConnection } from "./connection.ts";
import { isTimedOut, protocolError } from "./errors.ts";
import { readableBatches } from "./fetched-batches.ts";

/** Timestamps that ask for an offset (Kafka protocol guide, ListOffsets). */
const EARLIEST = -2;
const LATEST = -1;
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
/** A broker answers a poll at once when a record comes, else after this long. */
const POLL_MS = 500;
/** What a poll brings at most: waiting is over with the first record. */
const POLL_BYTES = 1024 * 1024;
/**
 * A fetch that is not answered in time, as the way is slow, is asked for again with half the bytes; each one that is
 * answered lets the next ask for this many more. It is also the least that is asked for.
 */
const FETCH_STEP_BYTES = 64 * 1024;
/** A broker that names an older topic, as it lags behind the one that told us the id, has caught up after this long. */
const LAG_MS_MAX = 1_000;

interface Poll {
  readonly offset: number;
  readonly slice: Promise<Slice>;
}

export class KafkaPartitionReader {
  readonly #connection: KafkaConnection;
  readonly #topic: string;
  readonly #partition: number;
  readonly #topicId: string | undefined;
  /** A poll under way, or what it brought, until it is read. */
  #poll: Poll | undefined;
  /** What may be asked for, as far as is known. */
  #bytesMax = Number.POSITIVE_INFINITY;

  /** Without a `topicId`, which older brokers do not know, it is whatever topic has the name. */
  constructor(connection: KafkaConnection, topic: string, partition: number, topicId?: string) {
    this.#connection = connection;
    this.#topic = topic;
    this.#partition = partition;
    this.#topicId = topicId;
  }

  async bounds(): Promise<Bounds> {
    const asked = [EARLIEST, LATEST].map((timestamp) => this.#listOffset(timestamp, READ_COMMITTED));
    const [start, end] = await Promise.all(asked);
    return { start, end };
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

  /** Resolves when there is more after `offset`, or soon after the signal aborts; rejects when closed meanwhile. */
  async poll(offset: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#poll?.offset !== offset) {
        const slice = this.#fetch(offset, POLL_BYTES, POLL_MS);
        // Its failure surfaces when it is awaited; until then it must not count as unhandled.
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

  async #fetch(offset: number, bytesWanted: number, maxWaitTime: number): Promise<Slice> {
    const [topic, partition] = [this.#topic, this.#partition];
    const fetched = await this.#connection.withLeader(topic, partition, async (leader) => {
      const maxBytes = Math.min(bytesWanted, this.#bytesMax);
      const partitions = [{ partition, topicId: this.#topicId, fetchOffset: offset, maxBytes }];
      const { responses } = await leader
        .fetch({
          replicaId: -1,
          isolationLevel: READ_COMMITTED,
          maxWaitTime,
          minBytes: 1,
          maxBytes,
          topics: [{ topic, partitions }],
        })
        .catch(async (error) => {
          if (isTimedOut(error)) this.#bytesMax = Math.max(FETCH_STEP_BYTES, Math.ceil(maxBytes / 2));
          const type = protocolError(error);
          if (type === "OFFSET_OUT_OF_RANGE") throw this.#outOfRange(offset, error);
          // The id is gone, or not known yet: that passes.
          if (type === "UNKNOWN_TOPIC_ID" || type === "INCONSISTENT_TOPIC_ID") await this.#isOurs(leader);
          throw error;
        });
      this.#bytesMax += FETCH_STEP_BYTES;
      return responses[0].partitions[0];
    });
    const where = `partition ${partition} of topic ${topic}`;
    const batches = readableBatches(fetched.records, offset, fetched.abortedTransactions, where);
    return { ...batches, isLast: batches.nextOffset >= fetched.lastStableOffset };
  }

  async #listOffset(timestamp: number, isolationLevel: 0 | 1): Promise<number> {
    const [topic, partition] = [this.#topic, this.#partition];
    return this.#connection.withLeader(topic, partition, async (leader) => {
      const topics = [{ topic, partitions: [{ partition, timestamp }] }];
      for (;;) {
        const { responses } = await leader.listOffsets({ replicaId: -1, isolationLevel, topics });
        // ListOffsets names no ids. A broker hears of a topic before it opens its files (BrokerMetadataPublisher), so
        // a leader that says, afterwards, that the topic is ours has answered for ours.
        if (await this.#isOurs(leader)) return Number(responses[0].partitions[0].offset);
      }
    });
  }

  /**
   * Whether the leader has the topic of our id under its name, so far as it knows ids; false when it lagged behind.
   * Exit 4 where it has another one: ours was deleted.
   */
  async #isOurs(leader: Broker): Promise<boolean> {
    if (await this.#hasOurId(leader)) return true;
    await this.#connection.pause(LAG_MS_MAX);
    if (await this.#hasOurId(leader)) return false;
    throw new RemadeTopic(
      `the topic ${this.#topic} on ${this.#connection.place} was deleted and made again while it was read`,
      "put the topic back as it was, or start over with `tidemark process --rebuild`; nothing of the new one was read",
    );
  }

  async #hasOurId(leader: Broker): Promise<boolean> {
    if (this.#topicId === undefined) return true;
    const { topicId } = (await leader.metadata([this.#topic])).topicMetadata[0];
    return topicId === undefined || topicId === this.#topicId;
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
