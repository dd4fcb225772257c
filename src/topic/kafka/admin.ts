/**
 * Makes and removes Kafka topics: with the brokers' own replication, and kept for good, as a rebuild needs all ratings
 * from the first on. Waits until every broker that matters knows of it.
 */
import type { Admin } from "kafkajs";
import { serviceError, stateError } from "../../errors.ts";
import type { TopicAdmin } from "../contract.ts";
import type { KafkaClient } from "./client.ts";
import type { KafkaConnection } from "./connection.ts";
import { protocolError, userErrorOf } from "./errors.ts";

/** How long a broker may take to make or remove a topic. */
const CHANGE_MS_MAX = 30_000;
const LOOK_PAUSE_MS = 20;
/** KafkaJS's number for a topic in a request for settings (Kafka protocol guide, DescribeConfigs). */
const TOPIC_RESOURCE = 2;
const FOR_GOOD = "-1";

export class KafkaTopicAdmin implements TopicAdmin {
  readonly #client: KafkaClient;
  readonly #connection: KafkaConnection;

  constructor(client: KafkaClient) {
    this.#client = client;
    this.#connection = client.connection();
  }

  /** Tells clusters apart: what the manifest of a home notes of topics made there. */
  async clusterId(): Promise<string> {
    return this.#administer(async (admin) => (await admin.describeCluster()).clusterId);
  }

  async create(topic: string, partitions: number): Promise<boolean> {
    const found = await this.#connection.findTopic(topic);
    if (found !== undefined) {
      if (found.partitions === partitions) return false;
      throw stateError(
        `the topic ${topic} on ${this.#client.place} has ${found.partitions} partitions, not ${partitions}`,
        `ask for ${found.partitions} with --partitions, or make it anew with \`tidemark setup --drop\``,
      );
    }
    const configEntries = [{ name: "retention.ms", value: FOR_GOOD }];
    const wanted = { topic, numPartitions: partitions, replicationFactor: -1, configEntries };
    await this.#administer(async (admin) => {
      const request = { topics: [wanted], timeout: CHANGE_MS_MAX, waitForLeaders: false };
      await admin.createTopics(request).catch((error) => {
        // KafkaJS has each topic's own error in a list.
        const [first] = (error as { errors?: unknown[] }).errors ?? [];
        if (protocolError(first ?? error) !== "TOPIC_ALREADY_EXISTS") throw first ?? error;
      });
    });
    await this.#awaitTopic(topic, true);
    return true;
  }

  async exists(topic: string): Promise<boolean> {
    return (await this.#connection.findTopic(topic)) !== undefined;
  }

  /** Anybody may write a Kafka topic at any time. */
  async checkIdle(): Promise<void> {}

  /** Brokers forget the groups' places in it by themselves. */
  async remove(topic: string): Promise<boolean> {
    if (!(await this.exists(topic))) return false;
    await this.#administer((admin) => admin.deleteTopics({ topics: [topic], timeout: CHANGE_MS_MAX }));
    await this.#awaitTopic(topic, false);
    return true;
  }

  /** `retention.ms` of a topic, in milliseconds; Infinity for one that is kept for good. */
  async retentionMs(topic: string): Promise<number> {
    const resources = [{ type: TOPIC_RESOURCE, name: topic, configNames: ["retention.ms"] }];
    const { resources: found } = await this.#connection.withAnyBroker((broker) =>
      broker.describeConfigs({ resources }),
    );
    const value = found[0]?.configEntries[0]?.configValue ?? FOR_GOOD;
    return value === FOR_GOOD ? Number.POSITIVE_INFINITY : Number(value);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Only once the brokers answer at all: KafkaJS's own administrator does not wait for them. */
  async #administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    await this.#connection.withAnyBroker(async () => {});
    const admin = this.#client.kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } catch (error) {
      throw userErrorOf(error, this.#client.place) ?? error;
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }

  async #awaitTopic(topic: string, isThere: boolean): Promise<void> {
    for (let waitedMs = 0; waitedMs < CHANGE_MS_MAX; waitedMs += LOOK_PAUSE_MS) {
      if ((await this.exists(topic)) === isThere) return;
      await this.#connection.pause(LOOK_PAUSE_MS);
    }
    throw serviceError(
      `the Kafka brokers ${this.#client.place} do not finish with topic ${topic}`,
      "see the brokers' own log, then run the command again",
    );
  }
}
