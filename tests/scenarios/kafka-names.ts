/**
 * One job's topics and group on a broker, under names that nobody else has: the variables that name them to commands,
 * and what stands on them, read by Java's client and held against the oracle.
 */
import { randomBytes } from "node:crypto";
import type { OracleResult } from "../oracle.ts";
import type { JavaClient } from "../services/java-client.ts";
import type { KafkaBroker } from "../services/kafka.ts";
import { KAFKA_USERS } from "../services/kafka-settings.ts";
import { type Drains, expectedOf, expectOutputs, type Job } from "./expectation.ts";
import type { StoredRecord } from "./stored-records.ts";
import type { Workplace } from "./workplace.ts";

export class KafkaNames {
  readonly ratings: string;
  readonly anomalies: string;
  readonly rejected: string;
  readonly group: string;

  constructor(what: string) {
    this.ratings = `${what}-${randomBytes(6).toString("hex")}`;
    this.anomalies = `${this.ratings}-anomalies`;
    this.rejected = `${this.ratings}-rejected`;
    this.group = `${this.ratings}-group`;
  }

  environment(brokers: string): Record<string, string> {
    return {
      KAFKA_BOOTSTRAP_SERVERS: brokers,
      KAFKA_DATA_TOPIC_NAME: this.ratings,
      KAFKA_ANOMALY_TOPIC_NAME: this.anomalies,
      KAFKA_REJECTED_TOPIC_NAME: this.rejected,
      KAFKA_GROUP_ID: this.group,
    };
  }

  /** The same over TLS with a login, as the mechanism's own user. */
  loginEnvironment(
    broker: KafkaBroker,
    mechanism: keyof typeof KAFKA_USERS,
    password?: string,
  ): Record<string, string> {
    return { ...this.environment(broker.secureBrokers), ...loginVariables(broker, mechanism, password) };
  }

  /**
   * Fails where rows, anomalies or rejected lines are not what the oracle makes of the ratings, by default all that
   * are committed.
   */
  async expectLeft(
    work: Workplace,
    java: JavaClient,
    { job, titles, drains, ratings }: { job: Job; titles: string; drains?: Drains; ratings?: StoredRecord[][] },
  ): Promise<OracleResult> {
    const read = ratings ?? (await java.read(this.ratings));
    const expected = expectedOf(read, job, titles, drains);
    const [anomalies, rejected] = [(await java.read(this.anomalies))[0], (await java.read(this.rejected))[0]];
    expectOutputs({ rows: work.rows(), anomalies, rejected }, read, expected);
    return expected;
  }
}

/** How to log in over TLS, as the mechanism's own user. */
export function loginVariables(
  { secureBrokers, caFile }: KafkaBroker,
  mechanism: keyof typeof KAFKA_USERS,
  password: string = KAFKA_USERS[mechanism].password,
): Record<string, string> {
  return {
    KAFKA_BOOTSTRAP_SERVERS: secureBrokers,
    KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: KAFKA_USERS[mechanism].user,
    KAFKA_SASL_PASSWORD: password,
    KAFKA_SSL_CA_FILE: caFile,
  };
}
