/**
 * Makes and removes Kafka topics: with the brokers' own replication, and kept for good, as a rebuild needs all ratings
 * from the first on. Waits until every broker that matters knows of it.
 */
import { serviceError } from "../../errors.ts";
import { type Keeping, type TopicAdmin, wrongPartitions } from "../contract.ts";
import type { KafkaClient } from "./client.ts";
import type { KafkaConnection } from "./connection.ts";
import { protocolError } from "./errors.ts";

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
    return this.#connection.withAnyBroker(async (broker) => (await broker.metadata([])).clusterId);
  }

  async create(topic: string, partitions: number): Promise<boolean> {
    const found = await this.#connection.findTopic(topic);
    if (found !== undefined) {
      if (found.partitions === partitions) return false;
      throw wrongPartitions(topic, `on ${this.#client.place}`, found.partitions, partitions);
    }
    const configEntries = [{ name: "retention.ms", value: FOR_GOOD }];
    const wanted = { topic, numPartitions: partitions, replicationFactor: -1, configEntries };
    let tries = 0;
    const made = await this.#connection.withAnyBroker(async (controller) => {
      tries++;
      try {
        await controller.createTopics({ topics: [wanted], timeout: CHANGE_MS_MAX });
        return true;
      } catch (error) {
        // KafkaJS has each topic's own error in a list.
        const [first] = (error as { errors?: unknown[] }).errors ?? [];
        if (protocolError(first ?? error) !== "TOPIC_ALREADY_EXISTS") throw first ?? error;
        // At once: somebody else made it meanwhile. Later: an earlier try, whose answer was lost.
        return tries > 1;
      }
    });
    await this.#awaitTopic(topic, true);
    return made || this.create(topic, partitions);
  }

  async exists(topic: string): Promise<boolean> {
    return (await this.#connection.findTopic(topic)) !== undefined;
  }

  /** Anybody may write a Kafka topic at any time. */
  async checkIdle(): Promise<void> {}

  /** Brokers forget the groups' places in it by themselves. */
  async remove(topic: string): Promise<boolean> {
    if (!(await this.exists(topic))) return false;
    await this.#connection.withAnyBroker(async (controller) => {
      await controller.deleteTopics({ topics: [topic], timeout: CHANGE_MS_MAX }).catch((error) => {
        // An earlier try, whose answer was lost.
        if (protocolError(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
      });
    });
    await this.#awaitTopic(topic, false);
    return true;
  }

  /** How long and how much of the topic is kept; undefined for a user who may not see that (DescribeConfigs). */
  async keeping(topic: string): Promise<Keeping | undefined> {
    const resources = [
      { type: TOPIC_RESOURCE, name: topic, configNames: ["retention.ms", "retention.bytes", "cleanup.policy"] },
    ];
    const found = await this.#connection.withAnyBroker((broker) =>
      broker.describeConfigs({ resources }).catch((error) => {
        if (protocolError(error) !== "TOPIC_AUTHORIZATION_FAILED") throw error;
        return undefined;
      }),
    );
    if (found === undefined) return undefined;
    const entries = found.resources[0]?.configEntries ?? [];
    const settingOf = (name: string) => entries.find(({ configName }) => configName === name)?.configValue;
    const limit = (name: string) => {
      const value = settingOf(name) ?? FOR_GOOD;
      return value === FOR_GOOD ? Number.POSITIVE_INFINITY : Number(value);
    };
    const policies = (settingOf("cleanup.policy") ?? "delete").split(",");
    const isDeleted = policies.includes("delete");
    return {
      retentionMs: isDeleted ? limit("retention.ms") : Number.POSITIVE_INFINITY,
      retentionBytes: isDeleted ? limit("retention.bytes") : Number.POSITIVE_INFINITY,
      isCompacted: policies.includes("compact"),
    };
  }

  close(): Promise<void> {
    return this.#connection.close();
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
