/**
 * The settings of a test broker: one process that is broker and controller, Kafka's defaults but for what a single
 * broker needs, topics that nobody makes by accident, and few partitions of the coordinators' topics, to start fast.
 * Listeners: plain; SASL over TLS; TLS that asks for a client's certificate.
 */
import type { Certificates } from "./kafka-certificates.ts";

/** Of `__consumer_offsets` and of `__transaction_state`. */
export const COORDINATOR_PARTITIONS = 4;

/** A user for each SASL mechanism, known to that one only. */
export const KAFKA_USERS = {
  PLAIN: { user: "plain-user", password: "plain Pw;='\"ż" },
  "SCRAM-SHA-256": { user: "scram-256-user", password: "scram-256-secret" },
  "SCRAM-SHA-512": { user: "scram-512-user", password: "scram-512-secret" },
} as const;

export interface Listeners {
  /** `host:port` of each. */
  readonly plain: string;
  readonly sasl: string;
  readonly certificate: string;
  readonly controller: string;
}

const LOGIN_MODULE = "org.apache.kafka.common.security";

/** A text within a JAAS configuration within a properties file. */
function jaasText(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`.replaceAll("\\", "\\\\");
}

/** A properties file, as Java takes it: in Latin-1, with escapes for what that does not have. */
export function propertiesFile(properties: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  return lines.join("").replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** server.properties. */
export function brokerProperties(data: string, listeners: Listeners, { brokerFile, caFile }: Certificates): string {
  const { plain, sasl, certificate, controller } = listeners;
  const { user, password } = KAFKA_USERS.PLAIN;
  const plainLogin = `${LOGIN_MODULE}.plain.PlainLoginModule required user_${user}=${jaasText(password)};`;
  const advertised = `PLAIN://${plain},SASL://${sasl},CERTIFICATE://${certificate}`;
  const properties: Record<string, string | number | boolean> = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@${controller}`,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAIN",
    listeners: `${advertised},CONTROLLER://${controller}`,
    "advertised.listeners": advertised,
    "listener.security.protocol.map": "PLAIN:PLAINTEXT,SASL:SASL_SSL,CERTIFICATE:SSL,CONTROLLER:PLAINTEXT",
    "log.dirs": data,
    "auto.create.topics.enable": false,
    "offsets.topic.num.partitions": COORDINATOR_PARTITIONS,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.num.partitions": COORDINATOR_PARTITIONS,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    // Of the newer group protocol, in which the console consumer reads: its first partitions come with a heartbeat.
    "group.consumer.heartbeat.interval.ms": 500,
    "group.consumer.min.heartbeat.interval.ms": 500,
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": brokerFile,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": caFile,
    "listener.name.certificate.ssl.client.auth": "required",
    "sasl.enabled.mechanisms": Object.keys(KAFKA_USERS).join(","),
    "listener.name.sasl.plain.sasl.jaas.config": plainLogin,
  };
  for (const mechanism of ["scram-sha-256", "scram-sha-512"]) {
    const login = `${LOGIN_MODULE}.scram.ScramLoginModule required;`;
    properties[`listener.name.sasl.${mechanism}.sasl.jaas.config`] = login;
  }
  return propertiesFile(properties);
}

/** What StorageTool has to be told of the users that it stores. */
export function scramOptions(): string[] {
  return (["SCRAM-SHA-256", "SCRAM-SHA-512"] as const).flatMap((mechanism) => {
    const { user, password } = KAFKA_USERS[mechanism];
    return ["--add-scram", `${mechanism}=[name=${user},password=${password}]`];
  });
}
