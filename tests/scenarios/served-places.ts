/**
 * Topics on a Kafka broker, read by its own console consumer (committed records only), and a table on a PostgreSQL
 * server, read by psql. Both under names that nobody else has, made by `setup`: test files can share broker and server.
 */
import { expect } from "bun:test";
import { randomBytes } from "node:crypto";
import type { KafkaBroker } from "../services/kafka.ts";
import { readTopic } from "../services/kafka-tools.ts";
import { type PostgresServer, quoted } from "../services/postgres.ts";
import { PostgresFixture } from "../table/postgres-fixture.ts";
import type { TablePlace, TopicPlace, TopicRole } from "./places.ts";
import type { StoredRecord } from "./stored-records.ts";

export class KafkaTopics implements TopicPlace {
  readonly names: Readonly<Record<TopicRole, string>>;
  readonly group: string;
  readonly #broker: KafkaBroker;
  readonly #partitions: number;

  /** `setup` makes them, with this many partitions of the ratings topic. */
  constructor(broker: KafkaBroker, partitions: number) {
    const job = `job-${randomBytes(6).toString("hex")}`;
    this.names = { ratings: `${job}.ratings`, anomalies: `${job}.anomalies`, rejected: `${job}.rejected` };
    this.group = `${job}-group`;
    this.#broker = broker;
    this.#partitions = partitions;
  }

  get env(): Record<string, string> {
    return {
      KAFKA_BOOTSTRAP_SERVERS: this.#broker.brokers,
      KAFKA_DATA_TOPIC_NAME: this.names.ratings,
      KAFKA_ANOMALY_TOPIC_NAME: this.names.anomalies,
      KAFKA_REJECTED_TOPIC_NAME: this.names.rejected,
      KAFKA_PARTITIONS: String(this.#partitions),
      KAFKA_GROUP_ID: this.group,
    };
  }

  /** Of `consume-kafka`. */
  get consumerGroup(): string {
    return `${this.group}-anomalies`;
  }

  async read(topic: TopicRole): Promise<StoredRecord[][]> {
    const partitions = topic === "ratings" ? this.#partitions : 1;
    const byPartition: StoredRecord[][] = Array.from({ length: partitions }, () => []);
    // Lines need not be UTF-8: a character a byte.
    const records = await readTopic(this.#broker.brokers, this.names[topic], partitions, "read_committed", "latin1");
    for (const { partition, offset, timestampMs, key, value, headers } of records) {
      byPartition[partition].push({
        offset,
        timestampMs,
        key,
        value: value === null ? null : Buffer.from(value, "latin1"),
        headers: Object.fromEntries(headers.map(([name, text]) => [name, String(text)])),
      });
    }
    return byPartition;
  }

  /** Fails unless the groups have committed all that their topics hold, by Kafka's own account. */
  async expectAllConsumed(): Promise<void> {
    await this.#expectNoLag([this.group, this.consumerGroup], [this.names.anomalies, this.names.ratings]);
  }

  /** As `expectAllConsumed`, of `process`'s group only. */
  async expectAllProcessed(): Promise<void> {
    await this.#expectNoLag([this.group], [this.names.ratings]);
  }

  async #expectNoLag(groups: string[], topics: string[]): Promise<void> {
    const found = await this.#broker.consumerGroups(...groups);
    const places = found.map(({ topic, partition }) => `${topic}/${partition}`);
    const expected = topics.flatMap((topic) =>
      Array.from(
        { length: topic === this.names.ratings ? this.#partitions : 1 },
        (_, partition) => `${topic}/${partition}`,
      ),
    );
    expect(places.sort()).toEqual(expected);
    expect(found.filter(({ offset, endOffset }) => offset !== endOffset)).toEqual([]);
  }
}

export class PostgresTable implements TablePlace {
  readonly #fixture: PostgresFixture;

  constructor(server: PostgresServer) {
    this.#fixture = new PostgresFixture(server, false);
  }

  get env(): Record<string, string> {
    return this.#fixture.environment;
  }

  rows(): string[] {
    const { server, name, login } = this.#fixture;
    const columns = "window_start, movie_id, title, rating_count, rating_sum, unique_rating_count";
    const rows = server.sql(
      `SELECT ${columns} FROM movie_ratings ORDER BY window_start, movie_id::bigint`,
      name,
      login,
    );
    return rows.map((row) => Object.values(row).join("|"));
  }

  /** Whether database and user are there. */
  get exists(): boolean {
    const { server, name, login } = this.#fixture;
    const found = server.sql(
      `SELECT datname AS name FROM pg_database WHERE datname = ${quoted(name, "'")} ` +
        `UNION SELECT rolname FROM pg_roles WHERE rolname = ${quoted(login.user, "'")}`,
    );
    return found.length > 0;
  }
}
