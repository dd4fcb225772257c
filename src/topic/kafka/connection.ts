/**
 * Requests to a Kafka cluster that survive lost connections, moved leaders and restarted brokers: what passes is tried
 * again with back-off, leaders and coordinators asked for anew, and the log says what is waited for. So a request may
 * be sent twice: those for which that matters (`transaction.ts`, `writer.ts`) settle it themselves.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { serviceError, stateError, usageError } from "../../errors.ts";
import type { Broker, Cluster } from "./broker.ts";
import type { KafkaClient } from "./client.ts";
import { isTimedOut, isWithoutCoordinator, protocolError, reasonOf, userErrorOf } from "./errors.ts";

const BACK_OFF_MS_MIN = 20;
const BACK_OFF_MS_MAX = 1_000;
/** Trouble is worth a warning when it lasts this long: leaders that move do not. */
const WARN_AFTER_MS = 1_000;
/** A topic that is unknown for this long is gone: a broker that has just started knows its topics sooner. */
const TOPIC_PATIENCE_MS = 15_000;

export interface KnownTopic {
  readonly partitions: number;
  /** Undefined where the brokers know no ids (KIP-516). */
  readonly id: string | undefined;
}

export class KafkaConnection {
  readonly #client: KafkaClient;
  readonly #cluster: Cluster;
  readonly #closing = new AbortController();
  /** The topics that were asked for. */
  readonly #topics = new Set<string>();
  #groupCoordinator: { readonly groupId: string; readonly broker: Broker } | undefined;

  constructor(client: KafkaClient, cluster: Cluster) {
    this.#client = client;
    this.#cluster = cluster;
  }

  /** For messages. */
  get place(): string {
    return this.#client.place;
  }

  /** What the brokers say of the topic. Exit 2 where there is no such topic. */
  async topicOf(topic: string): Promise<KnownTopic> {
    const found = await this.findTopic(topic);
    if (found !== undefined) return found;
    throw usageError(
      `there is no topic ${topic} on ${this.place}`,
      "make it with `tidemark setup`, or check --brokers and the topic's name",
    );
  }

  /** As `topicOf`; undefined where there is no such topic. */
  async findTopic(topic: string): Promise<KnownTopic | undefined> {
    return this.#attempt(async () => {
      const broker = await this.#cluster.findControllerBroker();
      try {
        const [found] = (await broker.metadata([topic])).topicMetadata;
        return found && { partitions: found.partitionMetadata.length, id: found.topicId };
      } catch (error) {
        const type = protocolError(error);
        if (type === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
        if (type !== "TOPIC_AUTHORIZATION_FAILED") throw error;
        throw serviceError(
          `the Kafka brokers ${this.place} do not let this user see topic ${topic}`,
          "grant the user Read, Write and Describe on the topics, Read on the group, and Write and Describe on the " +
            "transactional ids (docs/operations.md)",
          error,
        );
      }
    });
  }

  /** Runs `work` with the partition's leader, again while what goes wrong passes. */
  withLeader<T>(topic: string, partition: number, work: (leader: Broker) => Promise<T>): Promise<T> {
    return this.#attempt(() => this.onceWithLeader(topic, partition, work));
  }

  /** Runs `work` with the partition's leader; whatever goes wrong comes through. */
  async onceWithLeader<T>(topic: string, partition: number, work: (leader: Broker) => Promise<T>): Promise<T> {
    this.#topics.add(topic);
    await this.#cluster.addTargetTopic(topic);
    // KafkaJS counts a topic as known from then on, even where asking for its metadata failed just now.
    if (this.#cluster.findTopicPartitionMetadata(topic).length === 0) await this.#cluster.refreshMetadata();
    const found = this.#cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
    if (found === undefined) {
      throw stateError(
        `topic ${topic} on ${this.place} has no partition ${partition} any more`,
        "the topic was replaced: put it back as it was, or start over with `tidemark process --rebuild`",
      );
    }
    return work(await this.#cluster.findBroker({ nodeId: found.leader }));
  }

  /** Runs `work` with the coordinator of a consumer group, again while what goes wrong passes. */
  withGroupCoordinator<T>(groupId: string, work: (coordinator: Broker) => Promise<T>): Promise<T> {
    return this.#attempt(async () => {
      this.#groupCoordinator = undefined;
      return this.onceWithGroupCoordinator(groupId, work);
    });
  }

  /** Runs `work` with the coordinator of a consumer group, asked for once; whatever goes wrong comes through. */
  async onceWithGroupCoordinator<T>(groupId: string, work: (coordinator: Broker) => Promise<T>): Promise<T> {
    if (this.#groupCoordinator?.groupId !== groupId) {
      const broker = await this.#cluster.findGroupCoordinator({ groupId, coordinatorType: 0 });
      this.#groupCoordinator = { groupId, broker };
    }
    try {
      return await work(this.#groupCoordinator.broker);
    } catch (error) {
      this.#groupCoordinator = undefined;
      throw error;
    }
  }

  /** Runs `work` with the coordinator of a transactional id, again while what goes wrong passes. */
  async withTransactionCoordinator<T>(transactionalId: string, work: (coordinator: Broker) => Promise<T>): Promise<T> {
    try {
      return await this.#attempt(async () => {
        return work(await this.#cluster.findGroupCoordinator({ groupId: transactionalId, coordinatorType: 1 }));
      });
    } catch (error) {
      if (!isWithoutCoordinator(error)) throw error;
      throw serviceError(
        `the Kafka brokers ${this.place} take no transactions: ${reasonOf(error)}`,
        "check that they all run, and that transaction.state.log.replication.factor and " +
          "transaction.state.log.min.isr ask for no more brokers than there are",
        error,
      );
    }
  }

  /** Runs `work` with some broker, again while what goes wrong passes. */
  withAnyBroker<T>(work: (broker: Broker) => Promise<T>): Promise<T> {
    return this.#attempt(async () => work(await this.#cluster.findControllerBroker()));
  }

  /** Resolves after a pause, or rejects when the connection is closed. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#cluster.disconnect().catch(() => {});
  }

  async #connect(): Promise<void> {
    if (this.#cluster.isConnected()) return;
    await this.#cluster.connect();
    await this.#cluster.refreshMetadata();
  }

  /** Which topic is not there: an answer about all of them does not name it. */
  async #missingTopic(): Promise<string> {
    const topics = [...this.#topics];
    for (const topic of topics) {
      try {
        await (await this.#cluster.findControllerBroker()).metadata([topic]);
      } catch (error) {
        if (protocolError(error) === "UNKNOWN_TOPIC_OR_PARTITION") return topic;
      }
    }
    return topics.join(" or ");
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    const { log, now, signal } = this.#client.surroundings;
    const beganMs = now();
    let said = "";
    let unknownSinceMs: number | undefined;
    for (let backOffMs = BACK_OFF_MS_MIN; ; backOffMs = Math.min(backOffMs * 2, BACK_OFF_MS_MAX)) {
      this.#closing.signal.throwIfAborted();
      try {
        await this.#connect();
        this.#client.noteConnected();
        const result = await work();
        if (said !== "") log.info(`the Kafka brokers ${this.place} answer again`);
        return result;
      } catch (error) {
        this.#closing.signal.throwIfAborted();
        // KafkaJS only forgets a request that took too long: its answer would still come, into a buffer that is in use.
        if (isTimedOut(error)) await this.#cluster.disconnect().catch(() => {});
        const waitedMs = now() - beganMs;
        if (!this.#client.passes(error) || waitedMs >= this.#client.patienceMs)
          throw userErrorOf(error, this.place) ?? error;
        // Of brokers that answer: while they were away, it was not the topic that was missing.
        if (protocolError(error) !== "UNKNOWN_TOPIC_OR_PARTITION") unknownSinceMs = undefined;
        else unknownSinceMs ??= now();
        if (unknownSinceMs !== undefined && now() - unknownSinceMs >= TOPIC_PATIENCE_MS) {
          throw stateError(
            `the topic ${await this.#missingTopic()} is gone from ${this.place}`,
            "put it back as it was, or make it anew with `tidemark setup` and start over",
            error,
          );
        }
        const reason = reasonOf(error);
        if (reason !== said && waitedMs >= WARN_AFTER_MS) {
          log.warn(`waiting for the Kafka brokers ${this.place}: ${reason}`);
          said = reason;
        }
      }
      // Only a start is ended by the signal: what is under way then is ended by whoever closes us.
      await sleep(backOffMs, undefined, {
        signal: this.#client.isStarting ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal,
      });
      await this.#cluster.refreshMetadata().catch(() => {});
    }
  }
}
