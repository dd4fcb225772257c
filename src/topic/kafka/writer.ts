/**
 * Writes ratings to a Kafka topic: raw batches, compressed or not, idempotent, acknowledged by all replicas in sync.
 * One request per partition is in flight, so batches keep their order, and one that is sent again, as its answer was
 * lost, counts once. Brokers that go away are waited for.
 */
import { serviceError } from "../../errors.ts";
import type { TopicWriter } from "../contract.ts";
import type { Broker, ProducerIdentity } from "./broker.ts";
import type { KafkaClient } from "./client.ts";
import { compressBatch } from "./compressed-batch.ts";
import type { KafkaConnection } from "./connection.ts";
import { protocolError } from "./errors.ts";
import { produceBatch } from "./produce.ts";
import { Sequences, signBatch } from "./sequence.ts";

/** Only transactions have one; the request wants a number. */
const NO_TRANSACTION_MS = 60_000;

export class KafkaTopicWriter implements TopicWriter {
  readonly partitions: number;
  readonly cut = [];
  readonly #topic: string;
  readonly #codec: number;
  readonly #connections: readonly KafkaConnection[];
  readonly #identity: ProducerIdentity;
  readonly #sequences = new Sequences();
  readonly #lastAppend: Promise<void>[];

  private constructor(
    topic: string,
    codec: number,
    connections: readonly KafkaConnection[],
    identity: ProducerIdentity,
  ) {
    this.partitions = connections.length;
    this.#topic = topic;
    this.#codec = codec;
    this.#connections = connections;
    this.#identity = identity;
    this.#lastAppend = connections.map(() => Promise.resolve());
  }

  /** Exit 2 where there is no such topic. `codec` is one of `COMPRESSION_NAMES`, by its number. */
  static async open(client: KafkaClient, topic: string, codec = 0): Promise<KafkaTopicWriter> {
    const first = client.connection();
    try {
      const { partitions } = await first.topicOf(topic);
      const identity = await first.withAnyBroker((broker) =>
        broker.initProducerId({ transactionTimeout: NO_TRANSACTION_MS }),
      );
      // A connection each, so that one partition's leader does not hold up another's.
      const connections = Array.from({ length: partitions }, (_, partition) =>
        partition === 0 ? first : client.connection(),
      );
      return new KafkaTopicWriter(topic, codec, connections, identity);
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  append(partition: number, batch: Uint8Array, recordCount: number): Promise<void> {
    const appended = this.#lastAppend[partition].then(() => this.#send(partition, batch, recordCount));
    this.#lastAppend[partition] = appended;
    // Its failure reaches whoever awaits the append, and every later one.
    appended.catch(() => {});
    return appended;
  }

  async flush(): Promise<void> {
    await Promise.all(this.#lastAppend);
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  async #send(partition: number, plain: Uint8Array, recordCount: number): Promise<void> {
    const topic = this.#topic;
    const batch = compressBatch(plain, this.#codec);
    signBatch(batch, this.#identity, this.#sequences.next(topic, partition), false);
    await this.#connections[partition].withLeader(topic, partition, (leader) =>
      produce(leader, topic, partition, batch),
    );
    this.#sequences.advance(topic, partition, recordCount);
  }
}

async function produce(leader: Broker, topic: string, partition: number, batch: Uint8Array): Promise<void> {
  try {
    await produceBatch(leader, { topic, partition, batch, transactionalId: null });
  } catch (error) {
    const type = protocolError(error);
    // An earlier try went through.
    if (type === "DUPLICATE_SEQUENCE_NUMBER") return;
    if (type === "OUT_OF_ORDER_SEQUENCE_NUMBER" || type === "UNKNOWN_PRODUCER_ID") {
      throw serviceError(
        `partition ${partition} of topic ${topic} has lost records that it had confirmed, or was made anew`,
        "see the brokers' own log; then send the ratings again",
        error,
      );
    }
    throw error;
  }
}
