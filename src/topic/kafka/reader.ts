/**
 * Reads a Kafka topic directly, without joining a group: where to read is the caller's to say, so no rebalance is ever
 * waited for and no client resets an offset. Sees committed records only, up to the last stable offset; only those of
 * the topic that was there when it was opened, by the topic's id.
 */
import { unlessAborted } from "../../unless-aborted.ts";
import type { Bounds, Slice, TopicReader } from "../contract.ts";
import type { KafkaClient } from "./client.ts";
import type { KafkaConnection } from "./connection.ts";
import { KafkaPartitionReader } from "./partition-reader.ts";

export class KafkaTopicReader implements TopicReader {
  readonly topic: string;
  readonly #client: KafkaClient;
  /** Of the first partition. */
  readonly #connection: KafkaConnection;
  readonly #partitions: readonly KafkaPartitionReader[];

  private constructor(
    topic: string,
    client: KafkaClient,
    connection: KafkaConnection,
    partitions: readonly KafkaPartitionReader[],
  ) {
    this.topic = topic;
    this.#client = client;
    this.#connection = connection;
    this.#partitions = partitions;
  }

  /** Exit 2 where there is no such topic. */
  static async open(client: KafkaClient, topic: string): Promise<KafkaTopicReader> {
    const connection = client.connection();
    try {
      const { id, partitions: count } = await connection.topicOf(topic);
      const partitions = Array.from({ length: count }, (_, partition) => {
        return new KafkaPartitionReader(partition === 0 ? connection : client.connection(), topic, partition, id);
      });
      return new KafkaTopicReader(topic, client, connection, partitions);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get partitions(): number {
    return this.#partitions.length;
  }

  async partitionsNow(signal: AbortSignal): Promise<number> {
    const found = await unlessAborted(this.#connection.findTopic(this.topic), signal);
    return found?.partitions ?? this.partitions;
  }

  bounds(partition: number): Promise<Bounds> {
    return this.#partitions[partition].bounds();
  }

  /** The offset after the partition's last record, committed or not. */
  highWatermark(partition: number): Promise<number> {
    return this.#partitions[partition].highWatermark();
  }

  /**
   * Empty, too, when a run is told to end: brokers may be away, and there is nothing to be waited for then. A start
   * that is told to end ends with an AbortError, as it would take what it has not seen for what is not there.
   */
  async read(partition: number, offset: number, maxBytes: number): Promise<Slice> {
    const read = this.#partitions[partition].read(offset, maxBytes);
    const { signal } = this.#client.surroundings;
    const slice = await unlessAborted(read, signal);
    if (slice !== undefined) return slice;
    if (this.#client.isStarting) signal.throwIfAborted();
    return { bytes: new Uint8Array(0), nextOffset: offset };
  }

  async waitForMore(partition: number, offset: number, signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#partitions[partition].poll(offset, signal), signal);
  }

  /** What a broker gives to readers of committed records is as durable as it makes it. */
  async sync(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all(this.#partitions.map((partition) => partition.close()));
  }
}
